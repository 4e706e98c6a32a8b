"""Causes of failures: the same one is told three times and then counted, and some end the run."""

from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_embedded_hotreload.errors import DeviceCrashed, NotSetUp
from pytest_embedded_hotreload.oracle import ImageDiffers

# attributes of pytest's reports, which xdist carries from its workers
CAUSE = "hotreload_cause"
STARTED = "hotreload_started"
#: which failure by its cause it is
NUMBER = "hotreload_number"

#: failures with one cause that are shown whole
SHOWN = 3
#: devices in a row that may die while they start
DEAD_AT_START = 3
#: how pytest's last line counts what was not shown
AGAIN = "failed the same way"
NOT_BUILT = "not built"
#: lines of a compiler's messages
MESSAGES = 40


def cause_of(call: pytest.CallInfo[None]) -> dict[str, Any] | None:
    """What failures are compared by: their kind, and the headline."""
    error = call.excinfo.value if call.excinfo is not None else None
    if isinstance(error, NotSetUp) and error.without_firmware:
        return {"kind": "build", "headline": str(error)}
    if isinstance(error, DeviceCrashed):
        error.crash.told = True
        return {"kind": error.crash.kind, "headline": error.crash.headline}
    if isinstance(error, ImageDiffers):
        return {"kind": "image", "headline": str(error).partition("\n")[0]}
    if isinstance(error, NotSetUp):
        return {"kind": "set-up", "headline": str(error)}
    return None


def is_told(call: pytest.CallInfo[None]) -> bool:
    """Whether the failure is the end of a device that has failed the test before."""
    error = call.excinfo.value if call.excinfo is not None else None
    return isinstance(error, DeviceCrashed) and error.crash.told


@dataclass
class Group:
    """A cause, and how many tests have failed by it."""

    headline: str
    kind: str
    tests: int = 0


class Causes:
    """Follows the reports of a run, where they are printed."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._groups: dict[str, Group] = {}
        self._died_at_start: Counter[str] = Counter()
        self._session: pytest.Session | None = None
        self._stopped = ""

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Remember whom to stop."""
        self._session = session

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a failure, before it is printed."""
        if getattr(report, STARTED, False):
            self._died_at_start.clear()
        cause = getattr(report, CAUSE, None)
        if not report.failed or cause is None:
            return
        headline, kind = cause["headline"], cause["kind"]
        # a project that does not build is told with the output of its first build
        key = headline.partition("\n")[0] if kind == "build" else headline
        group = self._groups.setdefault(key, Group(headline, kind))
        group.tests += 1
        report.__dict__[NUMBER] = group.tests
        if group.kind == "build":
            self._stop("the firmware does not build")
        elif report.when == "setup" and group.kind != "set-up":
            self._died_at_start[group.headline] += 1
            if self._died_at_start[group.headline] >= DEAD_AT_START:
                self._stop(f"{DEAD_AT_START} devices died while they started, the same way")

    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport
    ) -> tuple[str, str, str] | None:
        """What has been told is counted apart, and not told again."""
        if not report.failed:
            return None
        if (getattr(report, CAUSE, None) or {}).get("kind") == "build":
            return NOT_BUILT, "B", "NOT BUILT"
        if getattr(report, NUMBER, 0) > SHOWN:
            return AGAIN, "f", "FAILED AGAIN"
        return None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> Generator[None, None, None]:
        """At the very end the causes with their numbers; a build failure comes last of all."""
        for outcome in ("failed", "error"):
            for report in terminalreporter.stats.get(outcome, []):
                if getattr(report, NUMBER, 0) > 1:
                    _shorten(report)
        yield
        groups = sorted(self._groups.values(), key=lambda group: -group.tests)
        for group in groups:
            if group.kind != "build" and group.tests > SHOWN:
                terminalreporter.line(
                    f"{group.tests - SHOWN} more tests failed the same way, {group.tests} in all: "
                    f"{group.headline.partition(chr(10))[0]}"
                )
        for group in groups:
            if group.kind == "build":
                lines = group.headline.splitlines()
                terminalreporter.section(lines[0].rstrip(":"), sep="-")
                for line in lines[1 : MESSAGES + 1]:
                    terminalreporter.line(line)
                if len(lines) > MESSAGES + 1:
                    terminalreporter.line(f"and {len(lines) - MESSAGES - 1} lines more")
        if self._stopped:
            terminalreporter.line(f"the run was stopped: {self._stopped}", red=True)

    def _stop(self, reason: str) -> None:
        if self._stopped or self._session is None:
            return
        self._stopped = reason
        distributed = self._config.pluginmanager.getplugin("dsession")
        if distributed is not None:
            distributed.shouldstop = reason
        else:
            self._session.shouldfail = reason


def _shorten(report: pytest.TestReport) -> None:
    """Of a failure that has been told: its headline and place, and how to repeat it."""
    place = getattr(report.longrepr, "reprcrash", None)
    where = f"{place.path}:{place.lineno}: " if place is not None else ""
    report.longrepr = f"{where}{getattr(report, CAUSE)['headline']}"
    report.sections = [
        (title, "\n".join(line for line in text.splitlines() if not line.startswith(" ")))
        for title, text in report.sections
    ]
