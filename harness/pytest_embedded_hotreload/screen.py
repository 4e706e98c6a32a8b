"""Where a run of pytest shows what goes on during a test."""

import shutil
import sys

import pytest
from _pytest.capture import CaptureManager
from _pytest.terminal import TerminalReporter

from pytest_embedded_hotreload.progress import Screen


def screen_of(config: pytest.Config) -> Screen:
    """The terminal of this process, or for one of xdist's what it has of that: its stderr."""
    capture: CaptureManager = config.pluginmanager.getplugin("capturemanager")
    reporter: TerminalReporter | None = config.pluginmanager.getplugin("terminalreporter")
    if reporter is None:
        return WorkerScreen(capture)
    return ReporterScreen(capture, reporter)


def end_of(line: str, width: int) -> str:
    """The end of a line, where it is too long: one that is broken cannot be written again."""
    return line if len(line) <= width else f"...{line[3 - width :]}"


class ReporterScreen:
    """Between the results of tests."""

    def __init__(self, capture: CaptureManager, reporter: TerminalReporter) -> None:
        self._capture = capture
        self._reporter = reporter
        self.rewrites = bool(reporter.isatty)

    def show(self, line: str) -> None:
        with self._capture.global_and_fixture_disabled():
            self._reporter.ensure_newline()
            if self.rewrites:
                width = shutil.get_terminal_size().columns
                self._reporter.rewrite(end_of(line, width - 1), erase=True)
            else:
                self._reporter.line(line)
            self._reporter.flush()

    def end(self, line: str) -> None:
        self.show(line)
        if self.rewrites:
            with self._capture.global_and_fixture_disabled():
                self._reporter.line("")


class WorkerScreen:
    """The terminal is written to by others, too: whole lines only."""

    rewrites = False

    def __init__(self, capture: CaptureManager) -> None:
        self._capture = capture

    def show(self, line: str) -> None:
        with self._capture.global_and_fixture_disabled():
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    end = show
