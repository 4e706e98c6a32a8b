"""The report says what was done, whichever process did it."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.firmware import FirmwareBuild
from harness.flashimage import merge_flash_image
from harness.report.firmware import keep_firmware
from harness.report.page import render_page
from harness.report.record import BuildRecord, Failure, ModuleRecord, TestRecord
from harness.report.summary import summary_lines
from harness.tests.conftest import NestedPytest

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
    assert "BROKEN   test_it.py: 1 passed, 1 failed in" in printed
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
    lines = [text for _, kind, text in records["test_kept"]["timeline"] if kind == "console"]
    assert any("ready after" in line for line in lines)

    page = (folder / "index.html").read_text()
    assert "Two promises &amp; one &lt;excuse&gt;." in page
    assert "broken &lt;here&gt;" in page

    assert "figure   3 > 2 bytes" in printed
    assert "3 &gt; 2 bytes" in page

    build_id = records["test_kept"]["firmwares"][0]["build_id"]
    cases = ElementTree.parse(folder / "junit.xml").iter("testcase")
    properties = {
        case.get("name"): {p.get("name"): p.get("value") for p in case.iter("property")}
        for case in cases
    }
    assert properties["test_kept"]["firmware"] == f"echo {build_id}"
    assert properties["test_kept"]["figure"] == "3 > 2 bytes"

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


def test_page_shows_failures_open() -> None:
    text = ">   assert a == 2\nE   assert 1 == 2\nE    +  where 1 = a\n\nx.py:1: AssertionError"
    failure = Failure("call", "AssertionError", True, text)

    page = render_page(
        [record("test_a"), record("test_b", outcome="failed", failure=failure)], "sim"
    )

    assert page.count('" open>') == 1
    assert "assert 1 == 2" in page
    assert "<code>assert 1 == 2</code>" in page
    assert "1 of 1 promises broken: 1 passed, 1 failed." in page
    assert page.index("test_x.py::test_b</a>") < page.index("<table>")
    assert "test_x.py::test_a</a>" not in page


@pytest.mark.parametrize("folder", ["/proc/nowhere/report", "a-file", "a-file/report"])
def test_report_folder_that_cannot_be(nested: NestedPytest, folder: str) -> None:
    (nested.folder / "a-file").write_text("")

    result = nested.run("", f"--report-dir={folder}")

    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    (line,) = result.stdout.strip().splitlines()
    assert line.startswith(f"ERROR: --report-dir={folder}: ")
