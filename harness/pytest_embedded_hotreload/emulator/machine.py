"""One run of QEMU: a process and its two channels, from power on to power off."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Protocol

from pytest_embedded_hotreload.emulator.qmp import Qmp, QmpError
from pytest_embedded_hotreload.errors import HarnessError, MachineError, MissingToolError

QUIT_SECONDS = 2.0
#: of the clock of a process (clock_getcpuclockid(3); Linux: include/linux/posix-timers.h)
_CPU_TIME = 2


def tied_to(parent: int) -> list[str]:
    """What goes before the words of a command that is to end with its parent.

    The kernel kills it when the thread that started it dies. When that has died before the kernel
    was told, the command finds another parent than process `parent`, and does not begin.
    """
    begin = '[ "$PPID" = "$0" ] && exec "$@"'
    return ["setpriv", "--pdeathsig", "KILL", "sh", "-c", begin, str(parent)]


class Output(Protocol):
    """Who is told what the machine prints: a `Console`, for one."""

    def put(self, data: bytes) -> None:
        """What came over the serial line."""

    def finish(self, reason: str, lost: bool) -> None:
        """No more will come; `lost` if the machine has ended by itself."""


class Machine:
    """QEMU, with QMP and the serial line on socket pairs: there is no port to race for.

    The kernel kills QEMU when the thread that started it dies, whatever it dies of. So no run
    of pytest leaves a process behind, and machines are started from the main thread.
    """

    def __init__(
        self, command: Callable[[int, int], list[str]], console: Output, output: Path
    ) -> None:
        """`command` makes the command line from the descriptors of QMP and the serial line."""
        self._console = console
        self._output = output
        self._ending = False
        self._reading = threading.Lock()
        self._qmp_socket, qmp_peer = socket.socketpair()
        self._serial, serial_peer = socket.socketpair()
        descriptors = (qmp_peer.fileno(), serial_peer.fileno())
        with qmp_peer, serial_peer, output.open("wb") as said:
            try:
                # a process group of its own: an interrupt from the keyboard reaches pytest only
                self._process = subprocess.Popen(
                    [*tied_to(os.getpid()), *command(*descriptors)],
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    pass_fds=descriptors,
                    process_group=0,
                )
            except FileNotFoundError as error:
                self._close_channels()
                raise MissingToolError.of(error.filename) from error
        self._reader = threading.Thread(target=self._read_serial, name="serial", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def work(self) -> float:
        """The seconds of a processor that it has used."""
        try:
            return time.clock_gettime(~self.pid << 3 | _CPU_TIME)
        except OSError:  # it has ended
            return 0.0

    @cached_property
    def qmp(self) -> Qmp:
        """The control connection, opened when it is first needed."""
        try:
            return Qmp(self._qmp_socket)
        except QmpError as error:
            self.end(signal.SIGKILL, asked=False)
            raise MachineError(self._describe_end()) from error

    def write(self, data: bytes) -> None:
        """Send to the serial line."""
        self._serial.sendall(data)

    def catch_up(self) -> None:
        """Take in what the device has printed: QEMU has sent it before the call was made."""
        with contextlib.suppress(OSError):
            while self._take_in():
                pass

    def ask(self) -> None:
        """Ask QEMU whether it is there; if not, return when the console has been told.

        The kernel closes the connections of a process that dies one after the other, and how
        long that takes depends on what else the host does.
        """
        try:
            if self._reader.is_alive():
                self.qmp.execute("query-status")
        except (HarnessError, OSError):
            self._reader.join(QUIT_SECONDS)

    def end(self, first_signal: signal.Signals, asked: bool = True) -> None:
        """Send a signal, wait; kill and wait if that was not enough. `asked` for by a test."""
        self._ending = asked
        self._process.send_signal(first_signal)
        self._reader.join(QUIT_SECONDS)  # it waits for the process, as Popen.wait would poll
        if self._reader.is_alive():
            self._process.kill()
            self._reader.join()
        self._close_channels()

    def _close_channels(self) -> None:
        if "qmp" in self.__dict__:
            self.qmp.close()
        self._qmp_socket.close()
        self._serial.close()

    def _read_serial(self) -> None:
        readable = select.poll()
        readable.register(self._serial, select.POLLIN)
        with contextlib.suppress(ConnectionResetError):
            while True:
                readable.poll()
                with contextlib.suppress(BlockingIOError):  # `catch_up` was faster
                    if not self._take_in():
                        break
        self._process.wait()
        if self._ending:
            self._console.finish("the device is off", lost=False)
        else:
            self._console.finish(self._describe_end(), lost=True)

    def _take_in(self) -> bool:
        with self._reading:
            data = self._serial.recv(65536, socket.MSG_DONTWAIT)
            self._console.put(data)
        return bool(data)

    def _describe_end(self) -> str:
        said = self._output.read_text(errors="replace").strip() or "it said nothing"
        status = self._process.returncode
        how = (
            f"was killed by {signal.Signals(-status).name}"
            if status < 0
            else (f"ended with status {status}")
        )
        return f"QEMU {how}: {said}"
