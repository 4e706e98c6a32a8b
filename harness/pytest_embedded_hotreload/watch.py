"""One watch for each device: what waits for a device that crashed, restarted or died is ended.

Whatever waits (for a line, an event of the trace, an answer) says so to the watch of its device.
When the firmware panics, starts again by itself, shows nothing any more or its emulator dies, all
of them end with the same `DeviceCrashed`, at once. What a test provokes on purpose it announces:
`allow_crash()` and `expect_restart()`.
"""

import contextlib
import math
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_embedded_hotreload.console import WAIT_SECONDS, Console, ConsoleLine
from pytest_embedded_hotreload.crash import Crash, CrashReader, reset_reason, start_stage
from pytest_embedded_hotreload.errors import DeviceCrashed

#: of a processor that has worked without any sign, before the device is looked at; a host that has
#: no time for the emulator lets none of them pass
WORK_SECONDS = 5.0
#: before a wait ends by itself: a device that has nothing to do may wait for a timer, or for the
#: host, and is told of then, when nothing more can be lost
LAST_SECONDS = 2.0
#: that it has shown nothing by then
IDLE_SECONDS = 5.0
#: of a wait: who waits longer is told all the same
LONGEST_SECONDS = 30.0
#: for the next line of what a panic prints; one that does not come to its end is told of then
PANIC_SECONDS = 2.0
#: for the console of a board to tell why a connection broke
GRACE_SECONDS = 0.1
#: of any wait, while somebody debugs the device
ENDLESS_SECONDS = 7 * 24 * 3600.0
#: starts in a row without becoming ready
STARTS_IN_VAIN = 4


@dataclass
class Wait:
    """Something that waits; `patient` when the device may be silent meanwhile."""

    what: str
    patient: bool
    #: when it has begun, and when it ends by itself
    since: float
    until: float
    #: what the device had worked when it began
    work: float


@dataclass
class Sight:
    """What was seen of a device that was stopped: what it was doing, and whether that is idling."""

    lines: list[str]
    idle: bool
    where: str


class Watch:
    """Watches one device by its console."""

    def __init__(self, console: Console | None = None) -> None:
        self._changed = threading.Condition()
        self._reader = CrashReader()
        self._timer: threading.Timer | None = None
        self._waits: list[Wait] = []
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._processes: list[subprocess.Popen[str]] = []
        self._wakers: list[Callable[[], None]] = []
        self._crash: Crash | None = None
        self._allowed = 0
        self._active = False
        self._managed = False
        self._closed = False
        #: a start is under way that somebody has asked for
        self._starting = True
        self._stage = -1
        self._starts = 0
        self._last_sign = time.monotonic()
        self._last_work = 0.0
        self._thread: threading.Thread | None = None
        #: what the device was sent, and when
        self.sent: list[tuple[float, bytes]] = []
        #: all crashes, also those that were announced
        self.crashes: list[Crash] = []
        #: stops the device and tells what it is doing, where the lane can
        self.look: Callable[[], Sight] | None = None
        #: the seconds that the device's processor has worked, where the lane knows
        self.work: Callable[[], float] = lambda: 0.0
        #: how many times longer than by default a device may be silent
        self.patience = 1.0
        #: a debugger stops the device as it likes: nothing is too long, and nothing is a hang
        self.debugged = False
        #: makes the message of a crash
        self.describe: Callable[[Crash], str] = lambda crash: f"device crashed: {crash.cause}"
        #: whether an address is one of the device
        self.owns: Callable[[object], bool] = lambda address: False
        self.console = console
        _watches.add(self)
        if console is not None:
            self.wake(console.wake)
            console.check, console.waiting, console.lost = self.check, self.waiting, self.lost
            console.ended, console.limit = (lambda: self.crash is not None), self.limit
            console.follow(self.take)

    # what the device's owner says

    def activate(self, managed: bool = False) -> None:
        """From here on a crash that nobody has announced ends what waits.

        `managed`: also a start is, of which nobody says `expect_restart()` or `ready()`.
        """
        with self._changed:
            self._active = True
            self._managed = managed
            crash = self.crashes[-1] if self.crashes else None
        if crash is not None:
            self._trip(crash)

    def wake(self, waker: Callable[[], None]) -> None:
        """Call `waker` when everything has to look at `check()`."""
        self._wakers.append(waker)

    def expect_restart(self) -> None:
        """The device is about to start again; `ready()` says when it has done so."""
        with self._changed:
            self._starting = True
            self._starts = 0
            self._stage = -1
        self.sign()

    def ready(self) -> None:
        """The device has started; it has no reason to do so again."""
        with self._changed:
            self._starting = False
            self._starts = 0

    def allow_crash(self, times: int = 1) -> None:
        """The next crashes are part of the test."""
        with self._changed:
            self._allowed += times

    @property
    def outstanding(self) -> int:
        """Crashes that were announced and have not come."""
        with self._changed:
            return self._allowed

    def wait_crashes(self, left: int, timeout: float) -> bool:
        """Wait until only `left` of the announced crashes are outstanding."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self._allowed <= left or self._crash is not None, self.limit(timeout)
            )

    # what waits

    def limit(self, seconds: float) -> float:
        """How long to wait for what takes at most `seconds` on a device that nobody debugs."""
        return ENDLESS_SECONDS if self.debugged else seconds

    @property
    def crash(self) -> Crash | None:
        """What ended the device, if anything did."""
        with self._changed:
            return self._crash

    @property
    def ends(self) -> list[Crash]:
        """The crashes that were announced, and what has ended the device, which comes last."""
        with self._changed:
            ended = self._crash
            if ended is None:
                return list(self.crashes)
            return [*(crash for crash in self.crashes if crash.at < ended.at), ended]

    def check(self) -> None:
        """Raise `DeviceCrashed` when the device has ended."""
        crash = self.crash
        if crash is not None:
            raise self.error(crash)

    def error(self, crash: Crash) -> DeviceCrashed:
        """The one exception of a crash."""
        if crash.message is None:
            crash.message = self.describe(crash)
        return DeviceCrashed(crash.message, crash)

    def settle(self) -> None:
        """As `check`; what is just being printed is waited for."""
        if self.console is not None:
            self.console.catch_up()
        with self._changed:
            self._changed.wait_for(
                lambda: self._crash is not None or self._reader.crash is None or self._closed
            )
        self.check()

    def settle_broken(self) -> None:
        """As `settle`, where a connection has broken: the device may have ended unnoticed."""
        if self.console is not None and self.console.ask is not None:
            self.console.ask()
        else:
            with self._changed:
                self._changed.wait_for(lambda: self._crash is not None, GRACE_SECONDS)
        self.settle()

    @contextlib.contextmanager
    def waiting(
        self, what: str, patient: bool = False, timeout: float = WAIT_SECONDS
    ) -> Iterator[None]:
        """Somebody waits for the device; a `patient` wait is not ended by silence."""
        now = time.monotonic()
        longest = LONGEST_SECONDS * self.patience
        patient = patient or self.debugged
        wait = Wait(what, patient, now, now + min(timeout, longest), self.work())
        with self._changed:
            self._waits.append(wait)
            if not patient:
                self._start_thread()
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._waits.remove(wait)

    def sign(self) -> None:
        """The device has shown that it lives, elsewhere than on its console."""
        with self._changed:
            self._last_sign, self._last_work = time.monotonic(), self.work()

    def connect(self, address: tuple[str, int], timeout: float) -> socket.socket:
        """A connection to the device, which ends with it."""
        self.check()
        connection = socket.create_connection(address, timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.add_connection(connection)
        return connection

    def add_connection(self, connection: socket.socket) -> None:
        """End `connection` with the device."""
        with self._changed:
            self._sockets.add(connection)

    def run(
        self, command: Sequence[str], timeout: float, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a program that asks the device something, as `subprocess.run`; it ends with it."""
        self.check()
        with subprocess.Popen(command, text=True, **options) as process:
            with self._changed:
                self._processes.append(process)
            try:
                with self.waiting(f"the end of {Path(command[0]).name}", patient=True):
                    output, errors = process.communicate(timeout=self.limit(timeout))
            finally:
                with self._changed:
                    self._processes.remove(process)
                process.kill()
        self.settle()
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    # what happens to the device

    def take(self, line: ConsoleLine) -> None:
        """Take a line of the console."""
        crash = None
        restarted: str | None = None
        with self._changed:
            self._last_sign, self._last_work = line.at, self.work()
            crash = self._reader.take(line.text, line.at)
            self._stop_timer()
            if self._reader.crash is not None:
                self._timer = threading.Timer(self.limit(PANIC_SECONDS), self._panic_ended)
                self._timer.daemon = True
                self._timer.start()
            stage = start_stage(line.text)
            if stage is not None:
                restarted = self._begin_start(stage, line.text)
        if crash is not None:
            self._add(crash)
        elif restarted is not None:
            self._trip(Crash("restart", restarted, line.at))

    def lost(self, reason: str) -> None:
        """What the device ran on has ended by itself."""
        self._trip(Crash("lost", reason, time.monotonic()))

    def close(self) -> None:
        """Watch no more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._stop_timer()
        if self._thread is not None:
            self._thread.join()

    def _begin_start(self, stage: int, text: str) -> str | None:
        """Note a start; why it should not be, if it should not."""
        again, self._stage = stage <= self._stage or not self._starting, stage
        if not again or not self._managed:
            return None
        if not self._starting:
            return reset_reason(text) or "without saying why"
        self._starts += 1
        if self._starts >= STARTS_IN_VAIN and not self._allowed:
            return f"{self._starts + 1} times without becoming ready"
        return None

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _panic_ended(self) -> None:
        with self._changed:
            crash = self._reader.finish()
        if crash is not None:
            self._add(crash)

    def _add(self, crash: Crash) -> None:
        with self._changed:
            self._stop_timer()
            self.crashes.append(crash)
            self._changed.notify_all()
            announced = self._allowed > 0
            if announced:
                self._allowed -= 1
                self._starting = True  # it starts again
                self._starts = 0
                self._stage = -1
                crash.told = True
        if announced:
            self._end_connections()
        else:
            self._trip(crash)

    def _trip(self, crash: Crash) -> None:
        with self._changed:
            if not self._active or self._crash is not None or crash.told:
                return
            crash.waits = [wait.what for wait in self._waits]
            self._crash = crash
            self._changed.notify_all()
        self._end_connections()
        for waker in self._wakers:
            waker()

    def _end_connections(self) -> None:
        with self._changed:
            connections = list(self._sockets)
            for process in self._processes:
                process.kill()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    # silence

    def _start_thread(self) -> None:
        if self._thread is None and self._active and self.look is not None:
            self._thread = threading.Thread(target=self._watch_silence, name="watch", daemon=True)
            self._thread.start()

    def _watch_silence(self) -> None:
        while self._wait_silent():
            looked = time.monotonic()
            sight = self._look()
            with self._changed:
                is_silent = self._last_sign < looked  # what it has sent before can still arrive
                over = is_silent and (not sight.idle or self._idle_left() <= 0)
                self._last_work = self.work()  # it has not hung so far
            if over:
                self._trip(Crash("silence", sight.where, time.monotonic(), details=sight.lines))
                return

    def _wait_silent(self) -> bool:
        """Wait until the device may hang; False when nobody watches any more."""
        with self._changed:
            while not self._closed and self._crash is None:
                left = min(self._work_left(), self._idle_left())
                if left <= 0:
                    return True
                # a wait that begins meanwhile is found in time: it cannot have lasted longer
                self._changed.wait(left)
        return False

    def _work_left(self) -> float:
        """What the device may still work without a sign."""
        begun = min((wait.work for wait in self._impatient), default=self.work())
        return WORK_SECONDS * self.patience - (self.work() - max(self._last_work, begun))

    def _idle_left(self) -> float:
        """How long it may still do nothing."""
        waits = self._impatient
        if not waits:
            return math.inf
        silent_since = max(self._last_sign, min(wait.since for wait in waits))
        ends = min(wait.until for wait in waits) - LAST_SECONDS
        return max(silent_since + IDLE_SECONDS, ends) - time.monotonic()

    @property
    def _impatient(self) -> list[Wait]:
        return [wait for wait in self._waits if not wait.patient]

    def _look(self) -> Sight:
        try:
            return self.look() if self.look is not None else Sight([], True, "")
        except Exception as error:  # whatever it is: the watch must not end by it
            return Sight([f"it could not be looked at: {error}"], True, "")


# Tests make connections of their own, with `requests` or sockets: Python tells an audit hook of
# each, and one that is installed stays for the life of the process.
_watches: "weakref.WeakSet[Watch]" = weakref.WeakSet()


def _notice_connection(event: str, arguments: tuple[object, ...]) -> None:
    if event != "socket.connect":
        return
    connection, address = arguments
    for watch in list(_watches):
        if isinstance(connection, socket.socket) and watch.owns(address):
            watch.add_connection(connection)


sys.addaudithook(_notice_connection)
