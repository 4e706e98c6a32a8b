"""What a benchmark gets, and what becomes of a run; `ci/bench` gives it to pytest.

A benchmark is a file `bench_NAME.py` with a function `bench_NAME`. It takes `compare` and `rounds`
beside the fixtures of the harness, and is found by its name. One that is marked `nightly` is left
out unless it is named.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.results import Comparison, Run
from benchmarks.show import page, tables
from pytest_embedded_hotreload.api import Lane

Compare = Callable[..., Comparison]

COMPARISONS = pytest.StashKey[list[Comparison]]()
RUN_LANE = pytest.StashKey[str]()
ROUNDS = 5
PREFIX = "bench_"


def _rounds(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"wants a number from 1 on, not {text!r}")
    return int(text)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("benchmarks")
    group.addoption("--only", action="append", metavar="NAME", help="this benchmark")
    group.addoption(
        "--rounds", type=_rounds, default=ROUNDS, help=f"of each way, {ROUNDS} unless given"
    )
    group.addoption(
        "--results", type=Path, default=Path("build/bench"), help="the folder for JSON and page"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[COMPARISONS] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    only = config.getoption("only")
    if not only:
        items[:] = [item for item in items if item.get_closest_marker("nightly") is None]
        return
    names = {item: item.path.stem.removeprefix(PREFIX) for item in items}
    for unknown in sorted({*only} - {*names.values()}):
        there = ", ".join(sorted({*names.values()}))
        raise pytest.UsageError(f"--only {unknown}: no such benchmark, there are {there}")
    items[:] = [item for item in items if names[item] in only]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    measured = config.stash[COMPARISONS]
    # the order of the tests may be another in each run
    comparisons = sorted(measured, key=lambda one: one.benchmark)
    if not comparisons:
        return
    run = Run(config.stash[RUN_LANE], config.getoption("rounds"), comparisons)
    folder = config.getoption("results")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(run.to_json(config.rootpath))
    (folder / "index.html").write_text(page(run))
    terminalreporter.write_line(tables(comparisons))
    terminalreporter.write_line(f"results: {folder / 'results.json'}, {folder / 'index.html'}")


@pytest.fixture
def rounds(pytestconfig: pytest.Config) -> int:
    """How often each way is measured; they take turns."""
    number: int = pytestconfig.getoption("rounds")
    return number


@pytest.fixture
def compare(request: pytest.FixtureRequest, lane: Lane) -> Compare:
    """Begin a comparison: `compare("a load", "instructions", "relocations")`."""

    def begin(title: str, unit: str, size: str | None = None) -> Comparison:
        comparison = Comparison(request.path.stem.removeprefix(PREFIX), title, unit, size)
        request.config.stash[COMPARISONS].append(comparison)
        request.config.stash[RUN_LANE] = lane.name
        return comparison

    return begin
