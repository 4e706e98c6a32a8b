"""liblwip.a: lwIP compiled against the port headers of this checkout's work-alike.

Without its sockets: how many there are is an option of a firmware, whose build compiles them.
"""

from __future__ import annotations

import io
import shutil
from pathlib import Path

from pytest_embedded_hotreload.sim.provision.recipes.archive import Unit, compile_archive
from pytest_embedded_hotreload.sim.provision.steps import Step, Steps
from pytest_embedded_hotreload.sim.provision.store import provide
from pytest_embedded_hotreload.sim.sdk import LWIP_PORT, cache_root

FOLDERS = ("core", "core/ipv4", "core/ipv6", "api", "netif/ethernet.c")
SOCKETS = "api/sockets.c"
FLAGS = (
    *("-Os", "-g", "-w", "-mlongcalls", "-ffunction-sections", "-fdata-sections"),
    "-DLWIP_PORT_LIBRARY",
)


def provide_lwip(folder: Path, sdk: Path) -> Path:
    """Make the archive without a word: the build of a firmware asks for it."""
    with Steps(cache_root() / "log", terminal=io.StringIO()).step("lwIP") as step:
        return provide(folder, lambda empty: build_lwip(empty, sdk, step), step)


def build_lwip(folder: Path, sdk: Path, step: Step) -> None:
    lwip = sdk / "src" / "lwip" / "src"
    sources = [
        source
        for name in FOLDERS
        for source in sorted([lwip / name] if name.endswith(".c") else (lwip / name).glob("*.c"))
        if source != lwip / SOCKETS
    ]
    units = [Unit(str(source.relative_to(lwip).with_suffix("")), source) for source in sources]
    flags = [*FLAGS, f"-I{LWIP_PORT}", f"-I{lwip / 'include'}"]
    work = folder / "build"
    tools = sdk / "bin" / "xtensa-sim-elf-"
    compile_archive(folder / "liblwip.a", units, flags, tools, work, step)
    shutil.rmtree(work)
