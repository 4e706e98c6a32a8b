"""How long tests take, for pytest-split, which cuts their order into shards of equal time.

The repository keeps the seconds of each test file (`ci/durations.json`, as `ci/merge` writes it):
all shards have to go by the same, or a test is in none of them. Each test of a file is taken to be
as long as the others; one of a file that is not there as long as the average.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

#: from the root of the repository
DURATIONS = Path("ci") / "durations.json"


def tell_durations(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Tell pytest-split, when it is to split (`--splits`), unless it has durations of its own."""
    splitter = config.pluginmanager.get_plugin("pytestsplitplugin")
    file = config.rootpath / DURATIONS
    if splitter is None or splitter.cached_durations or not file.exists():
        return
    seconds: dict[str, float] = json.loads(file.read_text())
    tests = Counter(_file(item) for item in items)
    splitter.cached_durations = {
        item.nodeid: seconds[_file(item)] / tests[_file(item)]
        for item in items
        if _file(item) in seconds
    }


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
