"""libgcc for the windowed ABI: Debian's has the other ABI and lacks the division helpers."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_embedded_hotreload.sim.provision.recipes.archive import Unit, compile_archive
from pytest_embedded_hotreload.sim.provision.steps import Step

RECIPE = Path(__file__).parent / "libgcc"

# libgcc2.c, one function at a time; those that the core's assembly has are left out below
C_FUNCTIONS = (
    "muldi3", "negdi2", "lshrdi3", "ashldi3", "ashrdi3", "cmpdi2", "ucmpdi2", "clear_cache",
    "absvsi2", "absvdi2", "addvsi3", "addvdi3", "subvsi3", "subvdi3", "mulvsi3", "mulvdi3",
    "negvsi2", "negvdi2", "ffssi2", "ffsdi2", "clz", "clzsi2", "clzdi2", "ctzsi2", "ctzdi2",
    "popcount_tab", "popcountsi2", "popcountdi2", "paritysi2", "paritydi2", "powisf2", "powidf2",
    "mulsc3", "muldc3", "divsc3", "divdc3", "bswapsi2", "bswapdi2", "clrsbsi2", "clrsbdi2",
    "divdi3", "moddi3", "divmoddi4", "udivdi3", "umoddi3", "udivmoddi4", "udiv_w_sdiv",
)  # fmt: skip


def build_libgcc(sdk: Path, sources: Path, work: Path, step: Step) -> None:
    libgcc = sources / "gcc-12" / "libgcc"
    core = libgcc / "config" / "xtensa"
    assembly = _assembly_functions((core / "t-xtensa").read_text())
    units = [
        Unit(f"lib1{name}", core / "lib1funcs.S", ("-x", "assembler-with-cpp", f"-DL{name}"))
        for name in assembly
    ]
    units += [
        Unit(f"lib2_{name}", libgcc / "libgcc2.c", (f"-DL_{name}",))
        for name in C_FUNCTIONS
        if f"_{name}" not in assembly
    ]
    units.append(Unit("lib2funcs", core / "lib2funcs.S"))
    units.append(Unit("atomic", RECIPE / "atomic.c"))
    includes = [
        RECIPE,
        sources / "qemu" / "target" / "xtensa" / "core-de212",
        libgcc,
        core,
        sources / "gcc-12" / "include",
    ]
    flags = [
        "-O2", "-g0", "-w", "-mlongcalls", "-ffunction-sections", "-fno-stack-protector",
        "-fbuilding-libgcc", "-DIN_GCC", "-DIN_LIBGCC2", "-Dinhibit_libc",
        *[f"-I{folder}" for folder in includes],
    ]  # fmt: skip
    archive = sdk / "xtensa-sim-elf" / "lib" / "libgcc.a"
    compile_archive(archive, units, flags, sdk / "bin" / "xtensa-sim-elf-", work, step)


def _assembly_functions(makefile: str) -> list[str]:
    """The list of lib1funcs.S in GCC's makefile fragment for Xtensa."""
    joined = makefile.replace("\\\n", " ")
    match = re.search(r"^LIB1ASMFUNCS = (.*)$", joined, re.M)
    assert match, "t-xtensa of GCC 12 has this line"
    return match.group(1).split()
