"""A device that outlives its failed test: what can be done with it, until somebody ends it."""

import contextlib
import os
import select
import shlex
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_embedded_hotreload.debug.gdb import GDB
from pytest_embedded_hotreload.debug.terminal import at_the_terminal
from pytest_embedded_hotreload.device import PROBE_PORT, SERVER_PORT
from pytest_embedded_hotreload.errors import ConditionNotMet, HarnessError
from pytest_embedded_hotreload.keys import DEVICES, LANE, MONITORS, TIMELINE

TITLE = "device kept"

#: of the monitors' sockets
FOLDER = pytest.StashKey[Path]()


class KeepDevice:
    """The plugin of `--keep-device`: waits at a failure, before anything is torn down."""

    def pytest_exception_interact(
        self,
        node: pytest.Item | pytest.Collector,
        call: pytest.CallInfo[Any],
        report: pytest.CollectReport | pytest.TestReport,
    ) -> None:
        """Show the failure, and wait."""
        if call.when == "teardown" or not report.failed:
            return
        if not isinstance(node, pytest.Function) or not duts_of(node):
            return
        terminal = node.config.get_terminal_writer()
        with at_the_terminal(node.config), noticed_interrupts() as interrupts:
            terminal.line()
            report.toterminal(terminal)
            terminal.sep("=", f"{TITLE}: {node.nodeid}")
            for line in describe(node):
                terminal.line(line)
            gdb = node.stash.get(GDB, None)
            if gdb is not None and gdb.running:
                terminal.line("gdb still has it; the run ends with gdb")
                gdb.wait()
            else:
                terminal.line(f"{how_to_end()} ends this; the run ends with it")
                terminal.flush()
                wait_for_end(interrupts)


def describe(item: pytest.Function) -> Iterator[str]:
    """A line for each way to a device of a test."""
    lane = item.config.stash[LANE]
    timeline = item.stash[TIMELINE]
    for index, dut in enumerate(duts_of(item)):
        console, crash = timeline.consoles[index], timeline.watches[index].crash
        if console.label:
            yield console.label.strip()
        yield from servers(lane, dut)
        yield f"console  tail -n +1 -f {shlex.quote(str(console.log))}"
        monitor = item.stash[MONITORS][index]
        if monitor.exists():  # not where there is no emulator
            yield f"monitor  {monitor_command(monitor)}"
        yield f"folder   {console.log.parent}"
        if crash is None:
            yield "it goes on as the test has left it"
        elif crash.kind == "lost":
            yield f"it is gone: {crash.cause}"
        elif monitor.exists():
            yield "it is stopped where it ended; `cont` in the monitor lets it go on"


def duts_of(item: pytest.Function) -> list[Any]:
    """What pytest-embedded calls the devices; none when they could not be switched on."""
    if DEVICES in item.stash:
        return [device.dut for device in item.stash[DEVICES]]
    dut = item.funcargs.get("dut", [])
    return list(dut) if isinstance(dut, (tuple, list)) else [dut]


def servers(lane: Any, dut: Any) -> Iterator[str]:
    """Where the device is reached, and a request to try."""
    try:
        server, probe = lane.url(dut, SERVER_PORT), f"{lane.url(dut, PROBE_PORT)}/probe"
    except (HarnessError, ConditionNotMet) as error:
        yield f"server   none: {error}"
        return
    yield f"server   {server}  such as curl {server}/status"
    yield f"probe    {probe}  such as curl {probe}/heap, of the scenario firmware"


def monitor_command(path: Path) -> str:
    """How a person speaks with QEMU's monitor at a socket."""
    program = Path(__file__).with_name("monitor.py")
    command = shlex.join([sys.executable, str(program), str(path)])
    return f"{command}  such as stop, info registers, x/8xw ADDRESS, help"


def how_to_end() -> str:
    """What ends the waiting."""
    if sys.stdin.isatty():
        return "Enter or Ctrl-C"
    return f"SIGINT to process {os.getpid()}"


@contextlib.contextmanager
def noticed_interrupts() -> Iterator[socket.socket]:
    """A socket that can be read when SIGINT has come, which does nothing else meanwhile."""
    told, telling = socket.socketpair()
    telling.setblocking(False)
    handler = signal.signal(signal.SIGINT, lambda number, frame: None)
    wakeup = signal.set_wakeup_fd(telling.fileno())
    try:
        yield told
    finally:
        signal.set_wakeup_fd(wakeup)
        signal.signal(signal.SIGINT, handler)
        told.close()
        telling.close()


def wait_for_end(interrupts: socket.socket) -> None:
    """Return at SIGINT, and at Enter when somebody sits there."""
    typed = [sys.stdin] if sys.stdin.isatty() else []
    ended, _, _ = select.select([interrupts, *typed], [], [])
    if interrupts not in ended:
        sys.stdin.readline()


def monitor_of(item: pytest.Item, index: int) -> Path | None:
    """Where the emulator of a DUT opens its monitor when the device may be kept."""
    folder = item.config.stash.get(FOLDER, None)
    if folder is None:
        return None
    monitor = folder / f"monitor-{index}"
    item.stash.setdefault(MONITORS, []).append(monitor)
    return monitor
