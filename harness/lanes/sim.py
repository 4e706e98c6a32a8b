"""Lane `sim`: the ESP-IDF work-alike on stock QEMU."""

import os
import shutil
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from pytest_embedded.utils import ClassCliOptions

from harness.errors import MissingToolError
from harness.lanes.base import CAPABILITIES, DutContext, Lane
from harness.sim import sdk
from harness.sim.app import SimApp
from harness.sim.dut import SimDut
from harness.sim.memory import FlashFile, QemuMemory
from harness.sim.qemu import SimQemu

IDF_PATH = Path(__file__).resolve().parents[1] / "sim" / "idf"
#: virtual nanoseconds of an instruction, as a power of two: more than a cycle has, so that the
#: cycle counter tells two instructions apart
ICOUNT_SHIFT = 5
#: of the core de212 in QEMU, whose cycle counter follows the virtual clock
CYCLE_NANOSECONDS = 25
PROGRAMS = ("qemu-system-xtensa", "cmake", "ninja", "setpriv")


class SimLane(Lane):
    """A real Xtensa core in an emulator that Debian has."""

    name = "sim"
    summary = "the ESP-IDF work-alike on Debian's QEMU, machine lx60-nommu"
    services = "idf,qemu"
    capabilities = frozenset(CAPABILITIES) - {"two-cores"}

    def require_tools(self) -> None:
        for program in PROGRAMS:
            if shutil.which(program) is None:
                raise MissingToolError(f"{program} is not installed: run ci/setup")
        self.addr2line()  # raises when the SDK is not there

    def environment(self) -> dict[str, str]:
        environment = dict(os.environ)
        environment.update(
            IDF_PATH=str(IDF_PATH),
            IDF_TARGET="esp32",
            PATH=f"{self._sdk / 'bin'}{os.pathsep}{os.environ['PATH']}",
            CCACHE_DIR=str(sdk.cache_root() / "ccache"),
        )
        return environment

    def configure_command(
        self, project: Path, build_dir: Path, defaults: Sequence[Path]
    ) -> list[str]:
        return [
            *("cmake", "-G", "Ninja", "-S", str(project), "-B", str(build_dir)),
            f"-DSDKCONFIG={build_dir / 'sdkconfig'}",
            f"-DSDKCONFIG_DEFAULTS={';'.join(map(str, defaults))}",
        ]

    def build_command(self, build_dir: Path) -> list[str]:
        return ["ninja", "-C", str(build_dir)]

    def addr2line(self) -> Path:
        return self._sdk / "bin" / "xtensa-sim-elf-addr2line"

    def put_in_classes(self, options: ClassCliOptions, context: DutContext) -> None:
        options.classes.update(app=SimApp, qemu=SimQemu, dut=SimDut)
        app = options.kwargs["app"]
        options.kwargs["app"] = {
            "app_path": app["app_path"],
            "build_dir": str(context.build_dir),
            "part_tool": app.get("part_tool"),
        }
        qemu = options.kwargs["qemu"]
        counting = f"-icount shift={ICOUNT_SHIFT}" if context.icount else None
        options.kwargs["qemu"] = {
            "app": None,  # filled in by pytest-embedded
            "console": context.console,
            "directory": context.directory,
            "program": qemu.get("qemu_prog_path"),
            "extra_args": " ".join(filter(None, [qemu.get("qemu_extra_args"), counting])),
        }
        options.kwargs["dut"]["console"] = context.console

    def url(self, dut: Any, port: int) -> str:
        return f"http://127.0.0.1:{dut.qemu.host_port(port)}"

    def instructions(self, cycles: int) -> int:
        return round(cycles * CYCLE_NANOSECONDS / (1 << ICOUNT_SHIFT))

    def memory(self, dut: Any) -> QemuMemory:
        return QemuMemory(dut.qemu)

    def flash(self, dut: Any) -> FlashFile:
        return FlashFile(dut.qemu)

    @cached_property
    def _sdk(self) -> Path:
        try:
            return sdk.sdk_path()
        except sdk.ProvisionError as error:
            raise MissingToolError(str(error)) from error


LANE = SimLane
