"""Espressif's QEMU, machine `esp32`."""

from pathlib import Path

from pytest_embedded_hotreload.console import Console
from pytest_embedded_hotreload.emulator.app import EmulatedApp
from pytest_embedded_hotreload.emulator.qemu import EmulatedBoard
from pytest_embedded_hotreload.errors import MachineError
from pytest_embedded_hotreload.esp32.faults import FaultWatch
from pytest_embedded_hotreload.esp32.program import PROGRAM, QemuProgram, find_qemu
from pytest_embedded_hotreload.flashimage import MEGABYTE
from pytest_embedded_hotreload.lanes.base import Debugger

#: the watchdogs go by the host's clock, which a busy host does not keep; Espressif's guide to
#: its QEMU names this option
NO_WATCHDOGS = "driver=timer.esp32.timg,property=wdt_disable,value=true"
#: of the sizes that the emulator has (2, 4 and 8 MB) all that an ESP32 can address at once
PSRAM = "4M"
#: releases before this one have flash chips of 4 MB only
ANY_FLASH_SIZE = 8


class EspQemu(EmulatedBoard):
    """What pytest-embedded's `qemu` fixture gives in lane `esp32`."""

    def __init__(
        self,
        app: EmulatedApp,
        console: Console,
        directory: Path,
        program: str = PROGRAM,
        extra_args: str = "",
        gdb: Debugger | None = None,
    ) -> None:
        found = find_qemu(program)
        check_flash_size(found, Path(app.image_path).stat().st_size)
        console.follow(FaultWatch(console, found.name))
        super().__init__(app, console, directory, found.path, extra_args, gdb)

    def machine_options(self) -> list[str]:
        return esp32_options(self.flash_path, psram=bool(self.app.sdkconfig.get("SPIRAM")))


def esp32_options(flash: Path, *, psram: bool) -> list[str]:
    """QEMU's options for the machine, its flash and its external RAM."""
    return [
        *("-machine", "esp32", *(("-m", PSRAM) if psram else ())),
        *("-drive", f"file={flash},if=mtd,format=raw"),
        *("-global", NO_WATCHDOGS),
    ]


def check_flash_size(program: QemuProgram, size: int) -> None:
    """Raise `MachineError` for a flash that this QEMU would end for."""
    if program.major < ANY_FLASH_SIZE and size != 4 * MEGABYTE:
        raise MachineError(
            f"{program.name} has flash chips of 4 MB only and the firmware is for "
            f"{size // MEGABYTE} MB: use QEMU {ANY_FLASH_SIZE} or later, or "
            "CONFIG_ESPTOOLPY_FLASHSIZE_4MB=y"
        )
