"""`-k reload` in this repository: files that cannot have such a test are not imported.

Of thousands of tests the main job has a hundred; importing all files takes longer than its first
tests. Only for the name of the job's marker: other words may be in the names that tests get from
elsewhere, such as the patches of the seeded faults. The root's `conftest.py` makes this a part of
pytest.
"""

import re
from pathlib import Path

import pytest

#: the marker of the main job
JOB = "reload"
#: the word where pytest takes names from: of tests, markers and parameters
_NAMED = re.compile(
    rf"def test_\w*{JOB}|class \w*{JOB}|mark\.{JOB}|parametrize\([^)]*{JOB}", re.IGNORECASE
)


def cannot_match(keyword: str, path: Path, root: Path) -> bool:
    """Whether no test of a file can be selected by `-k keyword`."""
    if keyword != JOB or path.suffix != ".py" or not path.name.startswith("test_"):
        return False
    return not _names_it(path, root) and _NAMED.search(path.read_text()) is None


def _names_it(path: Path, root: Path) -> bool:
    """Whether the word is in the names of the file and its folders, as pytest sees them."""
    if not path.is_relative_to(root):
        return True
    parts = path.relative_to(root).parts
    if parts[:2] == ("component", "hotreload"):  # see `pytest_collect_directory`
        parts = parts[2:]
    return any(JOB in part for part in parts)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-k reload` only files are imported that can have such a test."""
    if cannot_match(config.option.keyword, collection_path, config.rootpath):
        return True
    return None


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Let `-k reload` find the tests that have it in their names or markers.

    It goes by the names of folders as well, and would find all tests of `component/hotreload`.
    """
    if path != parent.config.rootpath / "component" / "hotreload":
        return None
    folder: pytest.Dir = pytest.Dir.from_parent(parent, path=path)
    folder.name = "component"
    return folder
