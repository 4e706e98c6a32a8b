"""A program that goes on, and when it has said what."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from pytest_embedded_hotreload.paths import ROOT

#: the longest wait for a line, in seconds: a whole build
PATIENCE = 600.0


class Program:
    """Its lines, each with the time at which it came (`time.time()`); ended by Ctrl-C."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            # who starts it in the background may have had it ignore the interrupt
            ["env", "--default-signal=INT", *command],
            env={**os.environ, "PYTHONPATH": python_path(), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._lines: queue.Queue[tuple[float, str] | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def expect(self, text: str) -> tuple[float, str]:
        """When the next line with `text` came, and the line."""
        seen = []
        while (said := self._lines.get(timeout=PATIENCE)) is not None:
            if text in said[1]:
                return said
            seen.append(said[1])
        raise AssertionError(f"{text!r} has not come:\n{''.join(seen)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
        self._process.wait()
        self._reader.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                self._lines.put((time.time(), line))
        self._lines.put(None)


def hotreload(*arguments: str | Path) -> Program:
    """The command `hotreload`."""
    module = "pytest_embedded_hotreload.cli.main"
    return Program([sys.executable, "-m", module, *map(str, arguments)])


def python_path() -> str:
    """What a program of this repository is found by."""
    return os.pathsep.join(str(ROOT / part) for part in ("harness", "component/hotreload/tools"))
