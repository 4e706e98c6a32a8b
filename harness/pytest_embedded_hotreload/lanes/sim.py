"""Lane `sim`: the ESP-IDF work-alike on stock QEMU."""

import os
import shutil
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

from pytest_embedded_hotreload.emulator.lane import EmulatorLane
from pytest_embedded_hotreload.environment import for_builds
from pytest_embedded_hotreload.errors import MissingToolError
from pytest_embedded_hotreload.lanes.base import CAPABILITIES, DutContext
from pytest_embedded_hotreload.paths import PACKAGE, WORK_ALIKE
from pytest_embedded_hotreload.sim import sdk
from pytest_embedded_hotreload.sim.observer.plan import observe
from pytest_embedded_hotreload.sim.observer.record import NAME
from pytest_embedded_hotreload.sim.provision.observer import provide_observer
from pytest_embedded_hotreload.sim.qemu import SimQemu

DEFAULTS = PACKAGE / "sim" / "sdkconfig.defaults"
#: virtual nanoseconds of an instruction, as a power of two: more than a cycle has, so that the
#: cycle counter tells two instructions apart
ICOUNT_SHIFT = 5
#: of the core de212 in QEMU, whose cycle counter follows the virtual clock
CYCLE_NANOSECONDS = 25
PROGRAMS = ("qemu-system-xtensa", "cmake", "ninja", "setpriv", "/usr/bin/python3")


class SimLane(EmulatorLane):
    """A real Xtensa core in an emulator that Debian has."""

    name = "sim"
    summary = "the ESP-IDF work-alike on Debian's QEMU, machine lx60-nommu"
    capabilities = frozenset(CAPABILITIES) - {"two-cores", "libstdc++"}
    board_class = SimQemu
    defaults = (DEFAULTS,)

    def require_tools(self) -> None:
        for program in PROGRAMS:
            if shutil.which(program) is None:
                raise MissingToolError.of(program)
        _ = self._sdk, self._python  # they raise when they are not there

    def toolchain(self) -> str:
        return f"{WORK_ALIKE} {self._sdk}"

    def versions(self) -> dict[str, str]:
        return sdk.installed_versions((*sdk.TOOLCHAIN_PACKAGES, "qemu-system-misc"))

    def environment(self) -> dict[str, str]:
        environment = for_builds(os.environ)
        environment.update(
            IDF_PATH=str(WORK_ALIKE),
            IDF_TARGET="esp32",
            IDF_PYTHON_ENV_PATH=str(self._python),
            PATH=f"{self._sdk / 'bin'}{os.pathsep}{os.environ['PATH']}",
            CCACHE_DIR=str(sdk.cache_root() / "ccache"),
        )
        return environment

    def configure_command(
        self, project: Path, build_dir: Path, defaults: Sequence[Path]
    ) -> list[str]:
        return [
            *("cmake", "-G", "Ninja", "-S", str(project), "-B", str(build_dir)),
            *self.cache_entries(build_dir, defaults),
        ]

    def build_command(self, project: Path, build_dir: Path, *targets: str) -> list[str]:
        return ["ninja", "-C", str(build_dir), *targets]

    def debugger(self) -> Path:
        from pytest_embedded_hotreload.sim.provision.gdb import provide_gdb

        try:
            return provide_gdb()
        except sdk.ProvisionError as error:
            raise MissingToolError("\n    ".join([str(error), *error.details])) from error

    def machine_args(self, context: DutContext) -> str:
        counting = f"-icount shift={ICOUNT_SHIFT}" if context.icount else ""
        if not context.observed:
            return counting
        plugin = _provisioned(provide_observer)
        return f"{counting} {observe(plugin, context.build_dir, context.directory / NAME)}"

    def instructions(self, cycles: int) -> int:
        return round(cycles * CYCLE_NANOSECONDS / (1 << ICOUNT_SHIFT))

    @cached_property
    def _sdk(self) -> Path:
        return _provisioned(sdk.sdk_path)

    @cached_property
    def _python(self) -> Path:
        return _provisioned(sdk.venv_path)


def _provisioned(path: Callable[[], Path]) -> Path:
    try:
        return path()
    except sdk.ProvisionError as error:
        raise MissingToolError(str(error)) from error


LANE = SimLane
