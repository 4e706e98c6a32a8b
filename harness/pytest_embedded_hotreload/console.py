"""Everything a device prints: one log file, and the places that follow it.

The console takes the place of pytest-embedded's message queue and of its listener process:
whoever has output of the device puts it here, and it goes to the log file on which `dut.expect`
works, and line by line to the followers (the trace). Nobody polls: readers wait on a condition.
"""

import datetime
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from pexpect import EOF, TIMEOUT  # type: ignore[import-untyped]
from pytest_embedded.log import PexpectProcess

from pytest_embedded_hotreload.errors import ConditionNotMet


@dataclass(frozen=True)
class ConsoleLine:
    """One line without end and colours; `at` is the host's monotonic clock when its end arrived.

    The last line of a device that was cut off is not complete.
    """

    at: float
    text: str
    complete: bool = True


#: colours of a log (ECMA-48 section 8.3.117), which ESP-IDF has by default
_COLOUR = re.compile(rb"\x1b\[[0-9;]*m")

#: for a line; who waits for something else than the usual says how long
WAIT_SECONDS = 20.0

Follower = Callable[[ConsoleLine], None]


class Console:
    """The output of one device, in the order in which it came."""

    def __init__(
        self, log: Path, label: str = "", echo: bool = False, timestamps: bool = True
    ) -> None:
        """`echo` prints each line; for a run whose output pytest does not capture."""
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        self._file = log.open("wb", buffering=0)
        self.label = label
        self._echo = echo
        self._timestamps = timestamps
        self._changed = threading.Condition()
        self._size = 0
        self._end: str | None = None
        self._partial = b""
        self._lines: list[ConsoleLine] = []
        self._followers: list[Follower] = []
        #: what the emulator did wrong, as far as the output shows it
        self.fault: str | None = None
        #: takes in what the device has printed but nobody has read yet, where that can be known
        self.catch_up: Callable[[], None] = lambda: None
        #: asks what the device runs on whether it is there, and returns when it has answered, or
        #: when the end of it has been told; None where that cannot be asked
        self.ask: Callable[[], None] | None = None
        # what the watch of the device puts in: whether that has crashed; raises if it has, not to
        # be called with a lock held; notes who waits; is told when the device is gone
        self.ended: Callable[[], bool] = lambda: False
        self.check: Callable[[], None] = lambda: None
        self.waiting: Callable[[str, bool, float], AbstractContextManager[None]] = _unwatched
        self.lost: Callable[[str], None] = lambda reason: None
        #: how long to wait for what usually takes at most so many seconds
        self.limit: Callable[[float], float] = lambda seconds: seconds

    def put(self, data: str | bytes, **_: object) -> None:
        """Append what the device printed (named as in pytest-embedded's message queue)."""
        raw = data.encode() if isinstance(data, str) else data
        if not raw or self._file.closed:
            return
        now = time.monotonic()
        with self._changed:
            self._file.write(raw)
            self._size += len(raw)
            *complete, self._partial = (self._partial + raw).split(b"\n")
            for line in complete:
                self._add_line(ConsoleLine(now, _plain(line)))
            self._changed.notify_all()

    def write(self, data: str | bytes) -> None:
        """As `put`; with `flush` and `isatty` what `contextlib.redirect_stdout` needs."""
        self.put(data)

    def flush(self) -> None:
        """Nothing is buffered."""

    def isatty(self) -> bool:
        """The console is no terminal."""
        return False

    def follow(self, follower: Follower) -> None:
        """Call `follower` for each complete line, also for those that are there already."""
        with self._changed:
            for line in self._lines:
                follower(line)
            self._followers.append(follower)

    @property
    def lines(self) -> list[ConsoleLine]:
        """The complete lines so far."""
        self.catch_up()
        with self._changed:
            return list(self._lines)

    @property
    def text(self) -> str:
        """All lines as one string, with what has come so far of the last one."""
        lines = [line.text for line in self.lines]
        with self._changed:
            return "\n".join([*lines, _plain(self._partial)])

    def wait_line(
        self,
        pattern: str,
        start: int = 0,
        timeout: float = WAIT_SECONDS,
        patient: bool | None = None,
    ) -> tuple[int, re.Match[str]]:
        """Wait for a line in which `pattern` is found, from line `start` on; index and match.

        Who gives a time of his own means it, and is `patient`: the device may be silent for as
        long.
        """
        regex = re.compile(pattern)
        deadline = time.monotonic() + self.limit(timeout)
        position = start
        what = f"a line {pattern!r} on the console"
        if patient is None:
            patient = timeout != WAIT_SECONDS
        with self.waiting(what, patient, timeout), self._changed:
            while True:
                while position < len(self._lines):
                    match = regex.search(self._lines[position].text)
                    if match:
                        return position, match
                    position += 1
                if self.ended():
                    break
                if self._end is not None:
                    raise ConditionNotMet(f"no line {pattern!r} on the console: {self._end}")
                if not self._changed.wait(deadline - time.monotonic()):
                    raise ConditionNotMet(
                        f"no line {pattern!r} on the console within {timeout:g} s; it ends with\n"
                        + "\n".join(line.text for line in self._lines[-12:])
                    )
        self.check()
        raise ConditionNotMet(f"no {what}: the device has ended")

    def wake(self) -> None:
        """Make waiting readers look whether the device still is what they wait for."""
        with self._changed:
            self._changed.notify_all()

    def finish(self, reason: str, lost: bool = False) -> None:
        """No more output will come; waiting readers are told why.

        What is left of a line will never be completed. `lost`: nobody has asked for it.
        """
        with self._changed:
            if self._partial:
                rest, self._partial = _plain(self._partial), b""
                self._add_line(ConsoleLine(time.monotonic(), rest, complete=False))
            self._end = reason
            self._changed.notify_all()
        if lost:
            self.lost(reason)

    def resume(self) -> None:
        """The device was started again."""
        with self._changed:
            self._end = None

    def wait_beyond(self, offset: int, timeout: float | None) -> None:
        """Return when more than `offset` bytes are in the log.

        Raises pexpect's TIMEOUT after `timeout` seconds and its EOF when no more will come.
        """
        deadline = None if timeout is None else time.monotonic() + self.limit(timeout)
        wait = self.waiting("output on the console", timeout is not None, WAIT_SECONDS)
        with wait, self._changed:
            while self._size <= offset and self._end is None and not self.ended():
                left = None if deadline is None else deadline - time.monotonic()
                if not self._changed.wait(left):
                    break
            if self._size > offset:
                return
            end = self._end
        self.check()
        if end is not None:
            raise EOF(end)
        raise TIMEOUT("Timeout exceeded.")

    def close(self) -> None:
        """Close the log file; later output is dropped."""
        with self._changed:
            self._file.close()

    def _add_line(self, line: ConsoleLine) -> None:
        self._lines.append(line)
        for follower in self._followers:
            follower(line)
        if self._echo:
            stamp = f"{datetime.datetime.now():%Y-%m-%d %H:%M:%S} " if self._timestamps else ""
            sys.stdout.write(f"{stamp}{self.label}{line.text}\n")


class ConsoleProcess(PexpectProcess):  # type: ignore[misc]
    """What `dut.expect` reads: the log file, waiting for its growth instead of polling it."""

    def __init__(self, log: BinaryIO, console: Console) -> None:
        super().__init__(log, maxread=65536)
        self._console = console
        self._offset = 0
        self.delayafterread = None  # pexpect's pause between two polls

    def expect_list(self, patterns: Any, timeout: float | None = -1, *more: Any) -> Any:
        """As pexpect's."""
        return super().expect_list(patterns, self._limit(timeout), *more)

    def expect_exact(
        self, patterns: Any, timeout: float | None = -1, *more: Any, **options: Any
    ) -> Any:
        """As pexpect's."""
        return super().expect_exact(patterns, self._limit(timeout), *more, **options)

    def _limit(self, timeout: float | None) -> float | None:
        chosen = self.timeout if timeout == -1 else timeout
        return None if chosen is None else self._console.limit(chosen)

    def read_nonblocking(self, size: int = 1, timeout: float | None = -1) -> bytes:
        """Read at most `size` bytes, waiting up to `timeout` seconds for the first."""
        self._console.wait_beyond(self._offset, self.timeout if timeout == -1 else timeout)
        data = os.read(self.child_fd, size)
        self._offset += len(data)
        self._log(data, "read")
        return data


def _unwatched(what: str, patient: bool, timeout: float) -> AbstractContextManager[None]:
    return nullcontext()


def _plain(line: bytes) -> str:
    return _COLOUR.sub(b"", line.rstrip(b"\r")).decode(errors="replace")
