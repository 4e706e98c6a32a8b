"""The pytest side of the report: collect, write files, print the summary."""

import json
import os
import shutil
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from pytest_embedded.plugin import _session_tempdir_key

from pytest_embedded_hotreload.keys import BEGAN, COVERAGE, DEVICES, FAILED, FIRMWARE, LANE
from pytest_embedded_hotreload.report.block import failure_blocks
from pytest_embedded_hotreload.report.causes import CAUSE, STARTED, Causes, cause_of, is_told
from pytest_embedded_hotreload.report.collect import (
    EXTRA,
    FAILURE,
    Collector,
    decoded_panics,
    describe_item,
    failure_of,
)
from pytest_embedded_hotreload.report.coverage import COVERAGE_FILE
from pytest_embedded_hotreload.report.firmware import FOLDER, keep_firmware
from pytest_embedded_hotreload.report.history import add_to_history
from pytest_embedded_hotreload.report.page import render_page
from pytest_embedded_hotreload.report.record import Failure
from pytest_embedded_hotreload.report.run import describe_run
from pytest_embedded_hotreload.report.summary import summary_lines
from pytest_embedded_hotreload.spent import clocks

COLLECTOR = pytest.StashKey[Collector]()
STARTED_AT = pytest.StashKey[float]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add where the report goes."""
    parser.getgroup("hotreload", "hot reload harness").addoption(
        "--report-dir",
        type=Path,
        metavar="DIR",
        help="write index.html (a picture of each test), results.json, run.json, history.json and "
        "junit.xml to DIR, coverage.json of the devices that are observed, and keep there the "
        "firmwares that were run",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Decide which process writes what."""
    if hasattr(config, "workerinput"):
        config.option.xmlpath = None  # only the controller writes JUnit files
        return
    folder: Path | None = config.getoption("report_dir")
    if folder is not None:
        _require_writable(folder)
        shutil.rmtree(folder / FOLDER, ignore_errors=True)  # of the run before
        config.option.xmlpath = config.option.xmlpath or str(folder / "junit.xml")
    config.stash[STARTED_AT] = time.time()
    config.stash[COLLECTOR] = Collector()
    config.pluginmanager.register(config.stash[COLLECTOR], "hotreload-collector")
    config.pluginmanager.register(Causes(config), "hotreload-causes")


def _require_writable(folder: Path) -> None:
    """Tell it before the tests have run, not after."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise pytest.UsageError(f"--report-dir={folder}: {error.strerror}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise pytest.UsageError(f"--report-dir={folder}: this folder cannot be written to")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """From now on what is spent is spent on this test."""
    item.stash[BEGAN] = clocks()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to a report what only the test's process knows."""
    report = yield
    if report.failed and is_told(call):
        report.outcome, report.longrepr = "passed", None  # the crash has failed the test already
    if report.failed:
        item.stash[FAILED] = True
        report.__dict__[CAUSE] = cause_of(call)
        stacks, devices = decoded_panics(item), failure_blocks(item)
        failure = failure_of(report, call, stacks, devices)
        report.__dict__[FAILURE] = failure
        if stacks:
            report.sections.append(("Decoded backtrace", stacks))
        report.sections += devices
        if failure is not None:
            told = Failure(**failure)
            item.user_properties += [("headline", told.headline), ("stack", told.stack)]
            report.user_properties = list(item.user_properties)
    report.__dict__[STARTED] = report.when == "setup" and report.passed and DEVICES in item.stash
    if report.when == "teardown":
        folder: Path | None = item.config.getoption("report_dir")
        report.__dict__[EXTRA] = describe_item(item, folder is not None)
        # one with a seeded fault is of no use to anybody
        if folder is not None and not item.config.getoption("seed_fault"):
            for build in item.stash.get(FIRMWARE, []):
                keep_firmware(build, folder)
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """With xdist: pytest-embedded merges the Unity results that workers leave in this folder."""
    config: pytest.Config = node.config  # type: ignore[attr-defined]
    basetemp = config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    config.stash[_session_tempdir_key] = str(basetemp / "pytest-embedded")


@pytest.hookimpl(tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Write the report and say what was done."""
    records = list(config.stash[COLLECTOR].records.values())
    coverage = config.stash[COVERAGE]
    folder: Path | None = config.getoption("report_dir")
    page = ""
    if folder is not None:
        run = describe_run(config, config.stash[STARTED_AT], records)
        runs = add_to_history(folder, run)
        (folder / "index.html").write_text(render_page(records, runs, coverage))
        (folder / COVERAGE_FILE).write_text(json.dumps(coverage.to_json()))
        results = [record.to_json() for record in records]
        (folder / "results.json").write_text(json.dumps(results, indent=1))
        page = str((folder / "index.html").resolve())
    lines = summary_lines(records, page)
    lines[:0] = [f"reached  {told}" for told in coverage.summary()]
    if lines:
        terminalreporter.section(f"hot reload, lane {config.stash[LANE].name}")
        for line in lines:
            terminalreporter.line(line)
