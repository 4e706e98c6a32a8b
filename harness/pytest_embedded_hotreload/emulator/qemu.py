"""A board in QEMU, with a flash of its own."""

import re
import shlex
import shutil
import signal
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, AnyStr

from pytest_embedded.utils import to_bytes

from pytest_embedded_hotreload.console import Console
from pytest_embedded_hotreload.emulator.app import EmulatedApp
from pytest_embedded_hotreload.emulator.machine import Machine
from pytest_embedded_hotreload.emulator.qmp import Qmp
from pytest_embedded_hotreload.errors import MachineError
from pytest_embedded_hotreload.lanes.base import Debugger

GUEST_PORTS = (8080, 8081)

_LISTENS = re.compile(r"tcp:127\.0\.0\.1:(\d+)")
_FORWARD = re.compile(r"TCP\[HOST_FORWARD\]\s+\d+\s+\S+\s+(\d+)\s+\S+\s+(\d+)")


class EmulatedBoard(ABC):
    """What pytest-embedded's `qemu` fixture gives; a lane's own class names the machine.

    It has the interface of `pytest_embedded_qemu.Qemu`, and differs where that one shares or
    polls: each instance has a copy of the flash, the host's ports are chosen by the kernel,
    output is read as it comes, and a process that was ended has been waited for.
    """

    SOURCE = "QEMU"

    def __init__(
        self,
        app: EmulatedApp,
        console: Console,
        directory: Path,
        program: str = "qemu-system-xtensa",
        extra_args: str = "",
        gdb: Debugger | None = None,
    ) -> None:
        self.app = app
        self.program = program
        self.directory = directory
        self.flash_path = directory / "flash.bin"
        self._console = console
        self._extra_args = shlex.split(extra_args)
        self._gdb = gdb
        self._running: Machine | None = None
        self._ports: dict[int, int] = {}
        directory.mkdir(parents=True)
        shutil.copyfile(app.image_path, self.flash_path)
        self.start()

    @abstractmethod
    def machine_options(self) -> list[str]:
        """QEMU's options for the machine and its flash."""

    @property
    def running(self) -> bool:
        """Whether the board is on."""
        return self._running is not None

    @property
    def pid(self) -> int:
        """The process id of the running machine."""
        return self._machine.pid

    @property
    def work(self) -> float:
        """The seconds of a host's processor that the running machine has used."""
        return self._machine.work

    @property
    def qmp(self) -> Qmp:
        """The running machine's control connection."""
        return self._machine.qmp

    def start(self) -> None:
        """Power on, with the flash as it is."""
        if self._running is not None:
            raise MachineError("the simulated board is on already")
        self._console.resume()
        self._running = Machine(self._command, self._console, self.directory / "qemu.log")
        self._console.catch_up = self._running.catch_up
        self._console.ask = self._running.ask
        if self._gdb is not None:
            self._gdb.start(f"127.0.0.1:{self._gdb_port()}")

    def stop(self) -> None:
        """Power off, leaving QEMU the time to end by itself."""
        self._end(signal.SIGTERM)

    def power_cut(self) -> None:
        """Power off at once: what flash operations have completed stays, nothing else."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Cut the power and start again with the flash as it is."""
        self.power_cut()
        self.start()

    def host_port(self, guest_port: int) -> int:
        """The port of 127.0.0.1 that leads to `guest_port` of the device."""
        if not self._ports:
            listing = self.qmp.human("info usernet")
            self._ports = {int(guest): int(host) for host, guest in _FORWARD.findall(listing)}
        return self._ports[guest_port]

    def write(self, data: AnyStr) -> None:
        """Send to the serial line; a `str` gets a line end, as everywhere in pytest-embedded."""
        self._machine.write(to_bytes(data, "\n"))

    def qmp_execute_cmd(self, execute: str, arguments: dict[str, Any] | None = None) -> Any:
        """Run one QMP command."""
        return self.qmp.execute(execute, arguments)

    def _hard_reset(self) -> None:
        """Reset, and return when the machine has been reset."""
        self.qmp.forget_events()
        self.qmp.execute("system_reset")
        self.qmp.wait_event("RESET")

    def take_screenshot(self, image_path: str) -> None:
        """Part of pytest-embedded's interface; the board has no display."""
        raise NotImplementedError("the simulated board has no display")

    def close(self) -> None:
        """End the process, if there is one, and wait for it."""
        self.stop()

    terminate = close

    @property
    def _machine(self) -> Machine:
        if self._running is None:
            raise MachineError("the simulated board is off")
        return self._running

    def _command(self, qmp: int, serial: int) -> list[str]:
        forwards = ",".join(f"hostfwd=tcp:127.0.0.1:0-:{port}" for port in GUEST_PORTS)
        return [
            *(self.program, *self.machine_options()),
            *("-display", "none", "-nodefaults", "-no-user-config"),
            *("-nic", f"user,model=open_eth,{forwards}"),
            *("-chardev", f"socket,id=qmp,fd={qmp}", "-mon", "chardev=qmp,mode=control"),
            *("-chardev", f"socket,id=uart,fd={serial}", "-serial", "chardev:uart"),
            *self._extra_args,
        ]

    def _gdb_port(self) -> int:
        """Where the machine waits for gdb: the kernel may have chosen that."""
        devices = {
            device["label"]: device["filename"] for device in self.qmp.execute("query-chardev")
        }
        found = _LISTENS.search(devices["gdb"])
        assert found is not None, devices
        return int(found[1])

    def _end(self, first_signal: signal.Signals) -> None:
        machine, self._running, self._ports = self._running, None, {}
        if machine is not None:
            machine.end(first_signal)
