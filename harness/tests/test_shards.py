"""Shards have each test once, and one report tells of all of them."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_embedded_hotreload.report.coverage import Coverage
from pytest_embedded_hotreload.report.merge import MergeError, merge_reports
from pytest_embedded_hotreload.report.record import BuildRecord, Failure, ModuleRecord, TestRecord
from pytest_embedded_hotreload.report.run import Run, measures
from pytest_embedded_hotreload.timeline import Moment
from tests.conftest import NestedPytest

SHARDS = 3
#: the order of collection is another one than that of the run: hooks come before uploads
FILES = {
    "test_hooks.py": """
import pytest

@pytest.mark.parametrize("number", range(5))
def test_passes(number):
    pass
""",
    "test_aside.py": """
import pytest

@pytest.mark.parametrize("number", range(7))
def test_mixed(number):
    if number == 2:
        pytest.skip("not today")
    assert number != 5

@pytest.fixture
def broken():
    raise RuntimeError("broken")

def test_not_set_up(broken):
    pass
""",
    "test_upload.py": "def test_uploads(figure):\n    figure('3 bytes')\n",
}
OUTCOMES = {"passed": 11, "failed": 1, "error": 1, "skipped": 1}


def run_shards(nested: NestedPytest, *parallel: int) -> list[Path]:
    """All shards, each as a job of its own; the folders of their reports."""
    parts = []
    for number in range(1, SHARDS + 1):
        parts.append(nested.folder / "shards" / str(number))
        done = nested.run_files(
            *("--splits", str(SHARDS), "--group", str(number), f"--report-dir={parts[-1]}"),
            *(("-n", "2") if number in parallel else ()),
            files=FILES,
        )
        assert "INTERNALERROR" not in done.stdout, done.stdout
    return parts


def names_in(part: Path) -> list[str]:
    return [row["nodeid"] for row in json.loads((part / "results.json").read_text())]


def test_shards_are_a_partition_and_their_report_the_sum(
    nested: NestedPytest, tmp_path: Path
) -> None:
    parts = run_shards(nested, 2)

    shards = [names_in(part) for part in parts]
    counts = Counter(name for shard in shards for name in shard)
    assert len(counts) == sum(OUTCOMES.values())
    assert set(counts.values()) == {1}
    assert all(shards)

    merged = tmp_path / "merged"
    said = merge_reports(merged, parts)

    assert sorted(names_in(merged)) == sorted(counts)
    run = json.loads((merged / "run.json").read_text())
    assert {name: n for name, n in run["measures"]["tests"].items() if n} == OUTCOMES
    assert "--group" not in run["command"] and f"--splits {SHARDS}" in run["command"]
    suites = ElementTree.parse(merged / "junit.xml").getroot()
    cases = [f"{case.get('classname')}::{case.get('name')}" for case in suites.iter("testcase")]
    assert len(set(cases)) == len(cases) == len(counts)
    for kind, wanted in (("tests", 14), ("failures", 1), ("errors", 1), ("skipped", 1)):
        assert sum(int(suite.get(kind, "")) for suite in suites) == wanted
    page = (merged / "index.html").read_text()
    assert said[0] == "1 of 3 promises broken: 11 passed, 1 failed, 1 error, 1 skipped."
    assert said[0] in page


def test_cuts_are_where_the_recorded_time_is_shared(nested: NestedPytest) -> None:
    """Hooks come first and are said to take two thirds of all."""
    (nested.folder / "ci").mkdir()
    durations = {"test_hooks.py": 20.0, "test_upload.py": 1.0, "test_aside.py": 9.0}
    (nested.folder / "ci" / "durations.json").write_text(json.dumps(durations))

    first, second, third = (names_in(part) for part in run_shards(nested))

    hooks = [f"test_hooks.py::test_passes[{number}]" for number in range(5)]
    assert first == hooks[:3]
    assert second[:2] == hooks[3:]
    assert sorted(first + second + third) == sorted({*first, *second, *third})
    assert len(first + second + third) == sum(OUTCOMES.values())


TEXTS = st.text("aé<&>\n\"' ", max_size=6)
NUMBERS = st.integers(0, 9)
SECONDS = st.floats(0, 100, allow_nan=False)
RECORDS = st.builds(
    TestRecord,
    nodeid=st.builds("scenarios/test_{}.py::test_{}[{}]".format, NUMBERS, NUMBERS, TEXTS),
    promise=TEXTS,
    outcome=st.sampled_from(["passed", "failed", "error", "skipped", "xfailed"]),
    reason=TEXTS,
    seconds=SECONDS,
    failure=st.none()
    | st.builds(
        Failure,
        phase=TEXTS,
        error=TEXTS,
        assertion=st.booleans(),
        text=TEXTS,
        stack=TEXTS,
        differences=st.lists(NUMBERS, max_size=2),
    ),
    firmwares=st.lists(st.builds(BuildRecord, TEXTS, TEXTS, SECONDS, TEXTS, NUMBERS), max_size=2),
    modules=st.lists(st.builds(ModuleRecord, TEXTS, NUMBERS, SECONDS), max_size=2),
    figures=st.lists(TEXTS, max_size=2),
    timeline=st.lists(st.builds(Moment, SECONDS, TEXTS, TEXTS, SECONDS, NUMBERS), max_size=2),
)


@given(record=RECORDS)
def test_record_comes_back_from_a_report(record: TestRecord) -> None:
    assert TestRecord.from_json(json.loads(json.dumps(record.to_json()))) == record


@pytest.fixture
def report(tmp_path: Path) -> Callable[..., Path]:
    """Writes a report: `report(name, tests)`, with the fields of its run."""

    def write(name: str, tests: list[str], **fields: Any) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        records = [TestRecord(nodeid=f"test_it.py::{test}", seconds=2.0) for test in tests]
        run = Run("2026-11-30 10:00:00", 5.0, "sim", "python -m pytest", "c0ffee")
        run = replace(run, measures=measures(records, 5.0), **fields)
        (folder / "run.json").write_text(json.dumps(asdict(run)))
        (folder / "results.json").write_text(json.dumps([r.to_json() for r in records]))
        (folder / "junit.xml").write_text("<testsuites><testsuite/></testsuites>")
        covered = Coverage({"component/a.c": {1, 2, 3}}, {"component/a.c": {len(tests)}})
        (folder / "coverage.json").write_text(json.dumps(covered.to_json()))
        return folder

    return write


def test_times_are_recorded_by_file(report: Callable[..., Path], tmp_path: Path) -> None:
    merge_reports(tmp_path / "merged", [report("a", ["test_1", "test_2"]), report("b", ["test_3"])])

    recorded = json.loads((tmp_path / "merged" / "durations.json").read_text())
    assert recorded == {"test_it.py": 6.0}
    run = json.loads((tmp_path / "merged" / "run.json").read_text())
    assert (run["seconds"], run["measures"]["times"]["whole run"]) == (10.0, 10.0)


def test_lines_are_reached_that_a_shard_has_reached(
    report: Callable[..., Path], tmp_path: Path
) -> None:
    merge_reports(tmp_path / "merged", [report("a", ["test_1", "test_2"]), report("b", ["test_3"])])

    covered = json.loads((tmp_path / "merged" / "coverage.json").read_text())
    assert covered == {"component/a.c": {"code": [1, 2, 3], "missed": [3]}}


def test_shard_without_a_report(report: Callable[..., Path], tmp_path: Path) -> None:
    """It was killed, or its job was: what it had to run has not been run."""
    command = "python -m pytest --splits 3 --group {}"
    shards = {n: report(n, [f"test_{n}"], command=command.format(n)) for n in ("1", "2", "3")}
    for lost in shards:
        parts = [part for number, part in shards.items() if number != lost]
        with pytest.raises(MergeError, match=rf"^the report of shard {lost} of 3 is missing$"):
            merge_reports(tmp_path / "merged", parts)

    parts = [shards["1"], shards["3"]]
    shutil.rmtree(shards["2"])
    (tmp_path / "2").mkdir()
    with pytest.raises(MergeError, match=r"^.*/2 is no report: it has no run.json, which a run"):
        merge_reports(tmp_path / "merged", [*parts, tmp_path / "2"])
    assert not (tmp_path / "merged").exists()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"lane": "esp32"}, r"a and .*/b are of different runs: lane sim and esp32$"),
        ({"commit": "decade"}, r"a and .*/b are of different runs: commit c0ffee and decade$"),
        ({}, r"b: another report has test_it.py::test_1, too$"),
    ],
)
def test_reports_that_do_not_belong_together(
    fields: dict[str, str], told: str, report: Callable[..., Path], tmp_path: Path
) -> None:
    parts = [report("a", ["test_1"]), report("b", ["test_1"], **fields)]
    with pytest.raises(MergeError, match=told):
        merge_reports(tmp_path / "merged", parts)
    assert not (tmp_path / "merged").exists()


@pytest.mark.parametrize("name", ["run.json", "results.json", "junit.xml", "coverage.json"])
def test_report_that_is_cut_off(name: str, report: Callable[..., Path], tmp_path: Path) -> None:
    file = report("a", ["test_1"]) / name
    file.write_text(file.read_text()[:-3])
    with pytest.raises(MergeError, match=f"/a/{name} cannot be read: "):
        merge_reports(tmp_path / "merged", [tmp_path / "a"])
    assert not (tmp_path / "merged").exists()
