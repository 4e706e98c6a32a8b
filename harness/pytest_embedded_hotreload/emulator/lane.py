"""The half of a lane that runs its firmware in QEMU."""

import contextlib
import shlex
from pathlib import Path
from typing import Any, ClassVar

from pytest_embedded.utils import ClassCliOptions

from pytest_embedded_hotreload.emulator.app import EmulatedApp
from pytest_embedded_hotreload.emulator.dut import EmulatedDut
from pytest_embedded_hotreload.emulator.memory import FlashFile, QemuMemory
from pytest_embedded_hotreload.emulator.qemu import EmulatedBoard
from pytest_embedded_hotreload.emulator.snapshot import take_snapshot
from pytest_embedded_hotreload.errors import HarnessError
from pytest_embedded_hotreload.lanes.base import DutContext, Lane
from pytest_embedded_hotreload.snapshot import Snapshot


class EmulatorLane(Lane):
    """Puts an emulated board into pytest-embedded's `qemu` service."""

    services = "idf,qemu"
    looks_inside = True
    #: the machine
    board_class: ClassVar[type[EmulatedBoard]]

    def put_in_classes(self, options: ClassCliOptions, context: DutContext) -> None:
        options.classes.update(app=EmulatedApp, qemu=self.board_class, dut=EmulatedDut)
        app = options.kwargs["app"]
        options.kwargs["app"] = {
            "app_path": app["app_path"],
            "build_dir": str(context.build_dir),
            "part_tool": app.get("part_tool"),
        }
        qemu = options.kwargs["qemu"]
        chosen = [
            qemu.get("qemu_extra_args"),
            self.machine_args(context),
            shlex.join(monitor_options(context.monitor)) if context.monitor else "",
            f"-S -gdb tcp:127.0.0.1:{context.gdb.port}" if context.gdb else "",
        ]
        options.kwargs["qemu"] = {
            "app": None,  # filled in by pytest-embedded
            "console": context.console,
            "directory": context.directory,
            "program": qemu.get("qemu_prog_path"),
            "extra_args": " ".join(filter(None, chosen)),
            "gdb": context.gdb,
        }
        options.kwargs["dut"]["console"] = context.console

    def machine_args(self, context: DutContext) -> str:
        """Further arguments of QEMU for one test."""
        return ""

    def url(self, dut: Any, port: int) -> str:
        return f"http://127.0.0.1:{dut.qemu.host_port(port)}"

    def memory(self, dut: Any) -> QemuMemory:
        return QemuMemory(dut.qemu)

    def look(self, dut: Any, elf: Path) -> Snapshot | None:
        return take_snapshot(dut.qemu, elf) if dut.qemu.running else None

    def freeze(self, dut: Any) -> None:
        with contextlib.suppress(HarnessError):  # it is off, or gone
            dut.qemu.qmp.execute("stop")

    def work(self, dut: Any) -> float:
        return dut.qemu.work if dut.qemu.running else 0.0

    def flash(self, dut: Any) -> FlashFile:
        return FlashFile(dut.qemu)


def monitor_options(path: Path) -> list[str]:
    """QEMU's options for a monitor that a person reaches at a Unix socket."""
    listener = f"socket,id=monitor,path={path},server=on,wait=off"
    return ["-chardev", listener, "-mon", "chardev=monitor,mode=readline"]
