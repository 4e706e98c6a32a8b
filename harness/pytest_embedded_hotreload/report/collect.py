"""Collects the records of a run, from this process or from xdist's workers."""

import textwrap
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from pytest_embedded_hotreload.decode import decode_backtraces
from pytest_embedded_hotreload.errors import DeviceCrashed, NotSetUp
from pytest_embedded_hotreload.keys import BEGAN, DEVICES, FIGURES, FIRMWARE, MODULES, TIMELINE
from pytest_embedded_hotreload.oracle import ImageDiffers
from pytest_embedded_hotreload.report.record import Failure, TestRecord
from pytest_embedded_hotreload.spent import since

#: of one test, the last ones; a runaway console must not fill the report
LONGEST_TIMELINE = 4000

# attributes of pytest's reports, which xdist carries from its workers
FAILURE = "hotreload_failure"
EXTRA = "hotreload_extra"


def describe_item(item: pytest.Item, with_timeline: bool) -> dict[str, Any]:
    """What the test's process knows about it, as plain values."""
    doc = getattr(getattr(item, "module", None), "__doc__", None) or ""
    timeline = item.stash.get(TIMELINE, None)
    moments = timeline.ordered()[-LONGEST_TIMELINE:] if timeline and with_timeline else []
    return {
        "promise": doc.strip().partition("\n")[0],
        "firmwares": [
            {
                "project": _short_path(build.project, item.config.rootpath),
                "build_id": build.build_id,
                "seconds": build.seconds,
                "settings": " ".join(f"{key}={value}" for key, value in build.config.items()),
                "size": build.app_image.stat().st_size,
            }
            for build in item.stash.get(FIRMWARE, [])
        ],
        "modules": [
            {"name": module.name, "size": len(module.data), "seconds": module.seconds}
            for module in item.stash.get(MODULES, [])
        ],
        "figures": item.stash.get(FIGURES, []),
        "spent": since(item.stash[BEGAN]),
        "timeline": [
            [round(m.at, 4), m.kind, m.text, round(m.seconds, 4), m.device] for m in moments
        ],
    }


def decoded_panics(item: pytest.Item) -> str:
    """The call stacks of the panics on the consoles of a test."""
    timeline = item.stash.get(TIMELINE, None)
    firmwares = item.stash.get(FIRMWARE, [])
    if timeline is None or not firmwares or any(watch.crash for watch in timeline.watches):
        return ""  # the failure itself has the stack
    decoders = [device.decoder for device in item.stash.get(DEVICES, [])]
    stacks = [
        decoder.backtraces(console.lines)
        if decoder
        else decode_backtraces(console.text, firmware.elf, firmware.addr2line)
        for console, firmware, decoder in zip_longest(timeline.consoles, firmwares, decoders)
    ]
    return "\n\n".join(stack for stack in stacks if stack)


def failure_of(
    report: pytest.TestReport,
    call: pytest.CallInfo[None],
    stacks: str,
    devices: list[tuple[str, str]],
) -> dict[str, Any] | None:
    """The failure of one phase as plain values, with the other `stacks` on the consoles."""
    if not report.failed or call.excinfo is None:
        return None
    kind, error = call.excinfo.type, call.excinfo.value
    if isinstance(error, DeviceCrashed):
        stacks = textwrap.dedent(str(error).partition("\n")[2])
    return {
        "phase": report.when,
        "error": kind.__name__,
        "assertion": issubclass(kind, (AssertionError, pytest.fail.Exception))
        and not issubclass(kind, NotSetUp),
        "text": report.longreprtext,
        "stack": stacks,
        "devices": devices,
        "differences": error.places if isinstance(error, ImageDiffers) else [],
    }


class Collector:
    """The records of all tests of the run, in the order in which they ended."""

    def __init__(self) -> None:
        self.records: dict[str, TestRecord] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take one phase of one test."""
        record = self.records.setdefault(report.nodeid, TestRecord(report.nodeid))
        record.seconds += report.duration
        if report.skipped:
            record.outcome = "xfailed" if hasattr(report, "wasxfail") else "skipped"
            record.reason = _skip_reason(report)
        if report.failed:
            record.outcome = "failed" if report.when == "call" else "error"
            failure = getattr(report, FAILURE, None)
            if failure and record.failure is None:
                record.failure = Failure(**failure)
        extra = getattr(report, EXTRA, None)
        if extra:
            record.take_extra(extra)


def _skip_reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return str(getattr(report, "wasxfail", ""))


def _short_path(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
