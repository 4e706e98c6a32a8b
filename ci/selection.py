"""`-k reload` in this repository: the tests with that marker, and those of the example, by name.

Of thousands of tests the main job has a hundred: files that cannot have one are not imported, for
that takes longer than its first tests. In the names and parameters of other tests the word means
nothing. The root's `conftest.py` makes this a part of pytest.
"""

import re
from pathlib import Path

import pytest

#: the marker of the main job
JOB = "reload"
#: the example has no markers: its tests are to be copied
EXAMPLES = "examples"
_MARKED = re.compile(rf"mark\.{JOB}\b")


def cannot_match(keyword: str, path: Path, root: Path) -> bool:
    """Whether no test of a file can be selected by `-k keyword`."""
    if keyword != JOB or path.suffix != ".py" or not path.name.startswith("test_"):
        return False
    return not _is_example(path, root) and _MARKED.search(path.read_text()) is None


def _is_example(path: Path, root: Path) -> bool:
    return not path.is_relative_to(root) or path.relative_to(root).parts[0] == EXAMPLES


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-k reload` only files are imported that can have such a test."""
    if cannot_match(config.option.keyword, collection_path, config.rootpath):
        return True
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what has the word in its name only."""
    if config.option.keyword != JOB:
        return
    chosen = [
        item
        for item in items
        if item.get_closest_marker(JOB) or _is_example(item.path, config.rootpath)
    ]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Let `-k "reload and ..."` not find all tests of `component/hotreload` by their folder."""
    if path != parent.config.rootpath / "component" / "hotreload":
        return None
    folder: pytest.Dir = pytest.Dir.from_parent(parent, path=path)
    folder.name = "component"
    return folder
