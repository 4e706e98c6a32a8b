"""The report says what was done, whichever process did it."""

import base64
import gzip
import html
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from pytest_embedded_hotreload.firmware import FirmwareBuild
from pytest_embedded_hotreload.flashimage import merge_flash_image
from pytest_embedded_hotreload.report.coverage import Coverage
from pytest_embedded_hotreload.report.firmware import keep_firmware
from pytest_embedded_hotreload.report.history import RUNS, add_to_history
from pytest_embedded_hotreload.report.page import render_page
from pytest_embedded_hotreload.report.record import BuildRecord, Failure, ModuleRecord, TestRecord
from pytest_embedded_hotreload.report.run import Run, measures, numbers_in
from pytest_embedded_hotreload.report.summary import summary_lines
from pytest_embedded_hotreload.timeline import Moment
from tests.conftest import NestedPytest

TESTS = """
def test_kept(dut, figure):
    dut.expect("ready after 1")
    figure("3 > 2 bytes")

def test_broken(dut):
    dut.expect("ready after 1")
    assert 1 == 2, "broken <here>"

@pytest.mark.skip("not today")
def test_skipped(dut):
    pass

def test_set_up(missing):
    pass
"""


@pytest.mark.parametrize("processes", ["-n0", "-n2"])
def test_report_of_a_run(nested: NestedPytest, processes: str) -> None:
    folder = nested.folder / "report"
    printed = nested.run(TESTS, processes, f"--report-dir={folder}").stdout

    assert "hot reload, lane sim" in printed
    assert "ready after 1" in printed.partition("- Device -")[2]
    assert "BROKEN   test_it.py: 1 passed, 1 failed, 1 error, 1 skipped in" in printed
    assert "Two promises & one <excuse>." in printed
    assert f"report   {folder / 'index.html'}" in printed

    records = {
        record["nodeid"].partition("::")[2]: record
        for record in json.loads((folder / "results.json").read_text())
    }
    outcomes = {name: record["outcome"] for name, record in records.items()}
    assert outcomes == {
        "test_kept": "passed",
        "test_broken": "failed",
        "test_skipped": "skipped",
        "test_set_up": "error",
    }
    assert records["test_skipped"]["reason"] == "not today"
    assert records["test_broken"]["failure"]["assertion"] is True
    assert records["test_set_up"]["failure"]["phase"] == "setup"
    lines = [text for _, kind, text, *_ in records["test_kept"]["timeline"] if kind == "console"]
    assert any("ready after" in line for line in lines)

    page = (folder / "index.html").read_text()
    assert "Two promises &amp; one &lt;excuse&gt;." in page
    assert "<h2>AssertionError: broken &lt;here&gt;" in page
    rows = {row["name"]: row for row in unpacked(page, "tests")}
    assert "ready after 1" in rows["test_broken"]["failure"]["devices"][0][1]

    assert "figure   3 > 2 bytes" in printed
    assert rows["test_kept"]["figures"] == ["3 > 2 bytes"]

    run = json.loads((folder / "run.json").read_text())
    assert run["command"].endswith(f"{processes} --report-dir={folder}")
    assert run["command"] in html.unescape(page)
    assert run["outcomes"] == {record["nodeid"]: record["outcome"] for record in records.values()}
    counts = {"passed": 1, "failed": 1, "error": 1, "skipped": 1, "xfailed": 0}
    assert run["measures"]["tests"] == counts
    assert run["versions"].keys() >= {"Python", "pytest", "qemu-system-misc"}

    build_id = records["test_kept"]["firmwares"][0]["build_id"]
    cases = ElementTree.parse(folder / "junit.xml").iter("testcase")
    properties = {
        case.get("name"): {p.get("name"): p.get("value") for p in case.iter("property")}
        for case in cases
    }
    assert properties["test_kept"]["firmware"] == f"echo {build_id}"
    assert properties["test_kept"]["figure"] == "3 > 2 bytes"
    assert properties["test_broken"]["headline"] == "AssertionError: broken <here>"
    assert str(properties["test_set_up"]["headline"]).startswith("fixture 'missing' not found")

    assert [path.name for path in (folder / "firmware").iterdir()] == [f"echo-{build_id}"]


@pytest.mark.firmware("examples/basic")
def test_a_kept_firmware_can_be_flashed_and_decoded(
    firmware: FirmwareBuild, tmp_path: Path
) -> None:
    keep_firmware(firmware, tmp_path)
    keep_firmware(firmware, tmp_path)  # for the next test that uses it

    (kept,) = (tmp_path / "firmware").iterdir()
    assert list(tmp_path.iterdir()) == [kept.parent]
    flashed = merge_flash_image(firmware.build_dir)
    assert merge_flash_image(kept).read_bytes() == flashed.read_bytes()
    for name in (
        "basic.elf",
        "basic.map",
        "hotreload/reloadable.so",
        "reloadable_stripped.so",
        "flash_args",
        "sdkconfig",
    ):
        assert (kept / name).read_bytes() == (firmware.build_dir / name).read_bytes()


def record(name: str, **parts: object) -> TestRecord:
    return TestRecord(f"scenarios/test_x.py::{name}", promise="It works.", **parts)  # type: ignore[arg-type]


def test_summary() -> None:
    build = BuildRecord("scenarios/firmware", "abc", 12.34)
    waited = BuildRecord("scenarios/firmware", "abc", 15.0)
    records = [
        record("test_a", seconds=2.0, firmwares=[build], modules=[ModuleRecord("m", 9, 0.5)]),
        record(
            "test_b", seconds=1.0, firmwares=[waited], outcome="failed", figures=["12 of 20 left"]
        ),
        TestRecord("harness/tests/test_y.py::test_c", seconds=9.0),
    ]

    assert summary_lines(records, "/r/index.html") == [
        "built    scenarios/firmware: 15.0 s, build abc",
        "built    1 module: 0.5 s",
        "BROKEN   scenarios/test_x.py: 1 passed, 1 failed in 3.0 s",
        "         It works.",
        "figure   12 of 20 left",
        "slowest  scenarios/test_x.py::test_a: 2.00 s",
        "slowest  scenarios/test_x.py::test_b: 1.00 s",
        "report   /r/index.html",
    ]
    assert summary_lines([], "") == []


def test_lines_that_no_device_has_reached() -> None:
    coverage = Coverage()
    name = "component/hotreload/src/a.c"
    code = {(name, line) for line in (10, 12, 13, 20, 21, 30)} | {("scenarios/b.c", 1)}

    first = coverage.add(code, {(name, 13), ("scenarios/b.c", 1)})
    again = coverage.add(code, {(name, 13), (name, 21)})

    assert first.code == coverage.code
    assert (again.code, again.reached) == ({}, {name: {21}})
    page = render_page([], [run_of([])], coverage)
    assert f'<td>{name}</td><td class="number">2</td><td class="number">6</td>' in page
    assert "<td>10-12, 20, 30</td>" in page
    assert coverage.summary() == [
        "2 of 6 lines of the component (33.3%)",
        "1 of 1 lines of modules (100.0%)",
    ]
    assert Coverage.from_json(json.loads(json.dumps(coverage.to_json()))) == coverage


def test_summary_of_a_run_that_took_its_time() -> None:
    spent = {"processors": 30.0, "builds": 12.0, "boots": 3.0, "locks": 0.6}
    records = [
        TestRecord("harness/tests/test_y.py::test_c", seconds=40.0, spent=spent),
        TestRecord("harness/tests/test_y.py::test_d", seconds=8.0, spent=spent),
        TestRecord("harness/tests/test_z.py::test_e", seconds=12.0),
    ]

    assert summary_lines(records, "") == [
        "time     tests 60 s (builds 40 %, boots 10 %, locks 2 %), processors 60 s",
        "time     harness/tests/test_y.py: 48.0 s, processors 60.0 s",
        "time     harness/tests/test_z.py: 12.0 s, processors 0.0 s",
    ]


ASSERTED = ">   assert a == 2\nE   assert 1 == 2\nE    +  where 1 = a\n\nx.py:1: AssertionError"
CRASHED = "E   DeviceCrashed: device crashed: StoreProhibited in f (f.c:1)\nE     0x1 f f.c:1"


def failed(name: str, text: str, **parts: object) -> TestRecord:
    failure = Failure("call", "X", True, text, **parts)  # type: ignore[arg-type]
    return record(name, outcome="failed", failure=failure)


def run_of(records: list[TestRecord], started: str = "2030-01-01 00:00:00+00:00") -> Run:
    outcomes = {record.nodeid: record.outcome for record in records}
    run = Run(started, 9.0, "sim", "python -m pytest", "c0ffee, changed", "7", "a <host>")
    return replace(run, versions={"QEMU": "9"}, measures=measures(records, 9.0), outcomes=outcomes)


def page_of(records: list[TestRecord], *before: Run) -> str:
    return render_page(records, [*before, run_of(records)], Coverage())


def unpacked(page: str, name: str) -> Any:
    """The data that the page holds for its scripts."""
    found = re.search(rf'id="data-{name}">([^<]*)<', page)
    assert found
    return json.loads(gzip.decompress(base64.b64decode(found[1])))


@pytest.mark.parametrize(
    ("outcome", "word"),
    [("failed", "BROKEN"), ("error", "BROKEN"), ("skipped", "checked"), ("xfailed", "checked")],
)
def test_each_outcome_is_told_as_what_it_is(outcome: str, word: str) -> None:
    """Also of a test that has come to no firmware; only what has failed breaks a promise."""
    records = [
        record("test_a", outcome="passed", firmwares=[BuildRecord("p", "b", 1.0)]),
        record("test_b", outcome=outcome),
    ]
    told = [line for line in summary_lines(records, "") if "test_x.py: " in line]
    assert told == [f"{word:8} scenarios/test_x.py: 1 passed, 1 {outcome} in 0.0 s"]


def test_page_tells_the_causes_first() -> None:
    records = [
        record("test_a"),
        failed("test_b", ASSERTED),
        *(failed(f"test_c[{i}]", CRASHED, stack="0x1 f f.c:1") for i in range(5)),
    ]

    page = page_of(records)

    assert "<title>FAILED: " in page
    causes = re.findall(r"<h2>([^<]*)</h2>\n<pre>([^<]*)</pre>\n<p>(\d+) test", page)
    assert causes == [
        ("device crashed: StoreProhibited in f (f.c:1)", "0x1 f f.c:1", "5"),
        ("assert 1 == 2", "+  where 1 = a", "1"),
    ]
    verdict = page.index("1 of 1 promises broken: 1 passed, 6 failed.")
    assert verdict < page.index("c0ffee, changed") < page.index("<h2>") < page.index("<details")
    assert "a &lt;host&gt;" in page and "QEMU 9" in page
    assert 'href="#scenarios/test_x.py::test_a"' not in page


def test_page_of_a_run_without_failures() -> None:
    page = page_of([record("test_a", figures=["a reload: 27 ms"])])

    assert "<title>passed: " in page
    assert 'class="cause"' not in page
    assert unpacked(page, "runs")["runs"][-1]["measures"]["figures"] == {"a reload: … ms": 27.0}
    assert unpacked(page, "tests")[0]["figures"] == ["a reload: 27 ms"]
    assert unpacked(page, "pictures") == [None]


def test_page_draws_what_a_test_has_recorded() -> None:
    moments = [Moment(0.0, "console", "<hello>"), Moment(1.0, "crash", "device crashed: X")]
    crashed = replace(failed("test_b", CRASHED, differences=[0x40000004]), timeline=moments)

    page = page_of([record("test_a"), crashed])

    row, (nothing, picture) = unpacked(page, "tests")[1], unpacked(page, "pictures")
    assert row["drawn"] and row["failure"]["differences"] == [0x40000004]
    assert nothing is None
    assert picture["log"][0] == [0.0, "console", "<hello>", 0]
    assert picture["lines"] == [{"at": 1.0, "kind": "crash", "text": "device crashed: X"}]


def test_page_asks_for_nothing() -> None:
    page = re.sub(r'id="data-\w+">[^<]*<', "", page_of([failed("test_a", ASSERTED)]))

    assert re.findall(r'(?:src|href)="(?!#|data:)([^"]*)', page) == []
    assert re.search(r"https?://|@import|url\(|fetch\(", page) is None
    assert "default-src 'none'" in page


def test_page_of_many_tests_is_small() -> None:
    one = len(page_of([record("test_a")]))
    many = len(page_of([record(f"test_a[{i}]", seconds=i / 7) for i in range(5000)]))

    assert many - one < 200_000


def test_runs_of_other_commands_are_not_drawn() -> None:
    records = [record("test_a")]
    runs = [run_of(records, "1"), replace(run_of(records, "2"), command="python -m pytest -k x")]

    shown = unpacked(page_of(records, *runs), "runs")["runs"]

    assert [run["started"] for run in shown] == ["1", "2030-01-01 00:00:00+00:00"]


def test_the_last_runs_are_kept(tmp_path: Path) -> None:
    for number in range(RUNS + 3):
        runs = add_to_history(tmp_path, run_of([record("test_a")], str(number)))

    assert [run.started for run in runs] == [str(number) for number in range(3, RUNS + 3)]
    kept = json.loads((tmp_path / "history.json").read_text())
    assert [run["started"] for run in kept] == [run.started for run in runs]
    newest = json.loads((tmp_path / "run.json").read_text())
    assert newest["outcomes"] == {"scenarios/test_x.py::test_a": "passed"}


@pytest.mark.parametrize("left", ["", "{", "{}", "[1]", '[{"started": "1"}]', "null"])
def test_a_history_that_is_none_is_begun_anew(tmp_path: Path, left: str) -> None:
    (tmp_path / "history.json").write_text(left)

    assert len(add_to_history(tmp_path, run_of([record("test_a")]))) == 1


@pytest.mark.parametrize(
    ("figure", "numbers"),
    [
        ("a request 3.8 ms", {"a request … ms": 3.8}),
        ("an upload of 5 KB 17.0 ms", {"an upload of 5 KB … ms": 17.0}),
        ("10 relocations: 22620 cycles", {"10 relocations: … cycles": 22620}),
        ("x, 2,000 y: 16000 bytes and 8,256 more", {"x, 2,000 y: … bytes": 16000,
                                                    "x, 2,000 y: … more": 8256}),
        ("no number", {}),
    ],
)  # fmt: skip
def test_numbers_of_a_figure(figure: str, numbers: dict[str, float]) -> None:
    assert dict(numbers_in(figure)) == numbers


def test_measures() -> None:
    build = BuildRecord("basic", "abc", 1.0, "CONFIG_X=y", 200_000)
    modules = [ModuleRecord("m", 900, 0.5), ModuleRecord("m", 1000, 0.5)]
    records = [record("test_a", seconds=2.0, firmwares=[build], modules=modules)]

    found = measures(records, 9.0)

    assert found["times"] == {"whole run": 9.0, "scenarios/test_x.py": 2.0}
    assert found["sizes"] == {"basic CONFIG_X=y": 200_000, "module m": 1000}


@pytest.mark.parametrize("folder", ["/proc/nowhere/report", "a-file", "a-file/report"])
def test_report_folder_that_cannot_be(nested: NestedPytest, folder: str) -> None:
    (nested.folder / "a-file").write_text("")

    result = nested.run("", f"--report-dir={folder}")

    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    (line,) = result.stdout.strip().splitlines()
    assert line.startswith(f"ERROR: --report-dir={folder}: ")
