"""gdb at the device of a test: what it is told, and its process when the harness runs it."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_embedded_hotreload.debug.terminal import at_the_terminal, run_in_foreground
from pytest_embedded_hotreload.decode import Decoder
from pytest_embedded_hotreload.errors import HarnessError
from pytest_embedded_hotreload.firmware import FirmwareBuild
from pytest_embedded_hotreload.keys import LANE, MODULES
from pytest_embedded_hotreload.modules import Module
from pytest_embedded_hotreload.sim.sdk import cache_root

#: of the running test, with `--gdb`
GDB = pytest.StashKey["Gdb"]()

SYMBOLS = Path(__file__).with_name("symbols.py")


class Gdb:
    """gdb at one device, from its first start on.

    In `folder`, which has the same name in each run with the same port, are `gdb`, `firmware.elf`
    and `session.gdb`, the script that leads to the device: also for an editor that brings its own
    user interface.
    """

    def __init__(
        self, config: pytest.Config, program: Path, elf: Path, modules: Sequence[Module]
    ) -> None:
        self.port: int = config.getoption("gdb_port")
        self._config = config
        self._commands: Path | None = config.getoption("gdb_commands")
        self._process: subprocess.Popen[bytes] | None = None
        self._started = False
        self.folder = cache_root() / "debug" / str(self.port or os.getpid())
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        (self.folder / "gdb").symlink_to(program)
        (self.folder / "firmware.elf").symlink_to(elf)
        (self.folder / "modules").touch()
        for module in modules:
            self.add(module)

    def add(self, module: Module) -> None:
        """A module that the device may get."""
        with (self.folder / "modules").open("a") as file:
            file.write(f"{module.path}\t{module.unstripped}\n")

    def start(self, address: str, prepare: Sequence[str] = ()) -> None:
        """Be at the device that waits behind `address`; `prepare` are commands for it."""
        if self._started:
            self._say(f"the device was switched on again, in gdb: target remote {address}")
            return
        self._started = True
        self._write_script(address, prepare)
        command = [str(self.folder / "gdb"), "-q", "-x", str(self.folder / "session.gdb")]
        with at_the_terminal(self._config):
            if self._commands is not None:
                command += ["-batch", "-x", str(self._commands), "-ex", "hotreload-leave"]
                self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
            elif self._config.getoption("gdb_server") or not sys.stdin.isatty():
                self._say(f"the device waits for a debugger: {shlex.join(command)}")
            else:
                self._process = run_in_foreground(command)

    @property
    def running(self) -> bool:
        """Whether the harness runs gdb, and that has not ended."""
        return self._process is not None and self._process.poll() is None

    def wait(self) -> None:
        """Until gdb has ended, if the harness runs it."""
        if self._process is not None:
            self._process.wait()

    def close(self) -> None:
        """The device is off: end what was run."""
        if self._process is not None:
            if self._commands is None:
                # not SIGTERM, by which gdb 13 with Python crashes
                self._process.send_signal(signal.SIGHUP)
            self.wait()
        shutil.rmtree(self.folder)

    def _write_script(self, address: str, prepare: Sequence[str]) -> None:
        lines = [
            "set confirm off",
            "set breakpoint pending on",
            f"file {self.folder / 'firmware.elf'}",
            f"source {SYMBOLS}",
            *("define hook-quit", "hotreload-leave", "end"),
            f"target remote {address}",
            *prepare,
            f"hotreload-follow {self.folder / 'modules'}",
        ]
        (self.folder / "session.gdb").write_text("\n".join([*lines, ""]))

    def _say(self, text: str) -> None:
        terminal = self._config.get_terminal_writer()
        terminal.line()
        terminal.line(text)
        terminal.flush()


def debugger_of(request: pytest.FixtureRequest, firmwares: Sequence[FirmwareBuild]) -> Gdb | None:
    """The debugger of a test, with `--gdb`."""
    config = request.config
    if not config.getoption("gdb"):
        return None
    if len(firmwares) > 1:
        raise HarnessError("--gdb is for tests with one device, and this one has several")
    (firmware,) = firmwares
    with at_the_terminal(config):
        program = config.stash[LANE].debugger()
    modules = [*Decoder(firmware).own_modules(), *request.node.stash.get(MODULES, [])]
    gdb = Gdb(config, program, firmware.elf, modules)
    request.addfinalizer(gdb.close)
    request.node.stash[GDB] = gdb
    return gdb
