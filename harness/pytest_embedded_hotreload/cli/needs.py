"""What each lane needs, and whether it is there."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pytest_embedded_hotreload.cli.errors import CommandError

CHIP = "esp32"


@dataclass(frozen=True)
class Need:
    """One thing; `found` says what is there, `missing` what is not, one of them is empty."""

    name: str
    found: str
    missing: str


@dataclass(frozen=True)
class LaneNeeds:
    """All that a lane needs for a chip; `remedy` is the one command that gets what is missing."""

    lane: str
    chip: str
    needs: list[Need]
    remedy: str

    @property
    def ready(self) -> bool:
        """Whether nothing is missing."""
        return not any(need.missing for need in self.needs)


def of_sim() -> LaneNeeds:
    """The simulated board."""
    from pytest_embedded_hotreload.sim import sdk
    from pytest_embedded_hotreload.sim.provision import debian

    def packages() -> str:
        missing = debian.missing_packages(debian.PACKAGES)
        if missing:
            raise sdk.ProvisionError(", ".join(missing))
        return f"{len(debian.PACKAGES)} installed"

    def lwip() -> str:
        folder = sdk.cache_root() / "lwip" / sdk.lwip_key()
        if not (folder / sdk.COMPLETE).exists():
            raise sdk.ProvisionError(f"not in {folder}")
        return str(folder)

    needs = [
        _tried("Debian packages", packages),
        _tried("toolchain and libraries", lambda: str(sdk.sdk_path())),
        _tried("lwIP", lwip),
    ]
    return LaneNeeds("sim", CHIP, needs, "hotreload doctor --install")


def of_esp32() -> LaneNeeds:
    """Espressif's QEMU."""
    idf = _esp_idf()
    emulator = _tried("Espressif's QEMU", _qemu)
    remedy = 'python "$IDF_PATH/tools/idf_tools.py" install qemu-xtensa && . "$IDF_PATH/export.sh"'
    return LaneNeeds("esp32", CHIP, [idf, *_compiler(idf), emulator], _first(idf, remedy))


def of_board() -> LaneNeeds:
    """A board at a serial port."""
    idf = _esp_idf()
    return LaneNeeds(
        "board",
        CHIP,
        [idf, *_compiler(idf), _tried("serial port", _ports)],
        _first(idf, "plug in a board, or name its port: hotreload run -p PORT"),
    )


def _first(idf: Need, remedy: str) -> str:
    """Without ESP-IDF nothing else of it can be had."""
    if not idf.missing:
        return remedy
    return (
        "git clone --branch v5.5 --depth 1 --recurse-submodules --shallow-submodules "
        "https://github.com/espressif/esp-idf.git && esp-idf/install.sh esp32 && "
        ". esp-idf/export.sh"
    )


def _esp_idf() -> Need:
    from pytest_embedded_hotreload.cli.idf import exported

    return _tried("ESP-IDF", lambda: exported().environment["IDF_PATH"])


def _compiler(idf: Need) -> list[Need]:
    """Of the chip, which its install.sh brings."""
    names = ("xtensa-esp32-elf-gcc", "xtensa-esp-elf-gcc")

    def find() -> str:
        found = next(filter(None, map(shutil.which, names)), None)
        if found is None:
            raise CommandError(f"neither {' nor '.join(names)} is in PATH")
        return found

    return [] if idf.missing else [_tried(f"compiler for {CHIP}", find)]


def _qemu() -> str:
    from hotreload_loop.emulator import find_program

    return find_program()


def _ports() -> str:
    from serial.tools.list_ports import comports

    ports = [port.device for port in comports()]
    if not ports:
        raise CommandError("none on this machine")
    return ", ".join(ports)


def _tried(name: str, find: Callable[[], str]) -> Need:
    from hotreload_loop.errors import LoopError
    from pytest_embedded_hotreload.sim.sdk import ProvisionError

    try:
        return Need(name, find(), "")
    except (CommandError, LoopError, ProvisionError, OSError, subprocess.SubprocessError) as error:
        return Need(name, "", str(error))


LANES: dict[str, Callable[[], LaneNeeds]] = {"sim": of_sim, "esp32": of_esp32, "board": of_board}


def set_up(lane: str) -> list[str]:
    """The command that installs what the provisioning knows of a lane."""
    from pytest_embedded_hotreload.paths import PACKAGE
    from pytest_embedded_hotreload.sim import sdk

    program = "pytest_embedded_hotreload.sim.provision"
    python = str(sdk.interpreter())
    return ["env", f"PYTHONPATH={Path(PACKAGE).parent}", python, "-m", program, "--lane", lane]
