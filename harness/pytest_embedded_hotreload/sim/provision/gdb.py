"""gdb for the core of the simulated board, built when somebody first debugs.

Debian's source of gdb knows Xtensa, but of some other core: the registers of de212 and its
configuration are in QEMU's source, its instructions in the plug-in that binutils use.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path

from pytest_embedded_hotreload.sim import sdk
from pytest_embedded_hotreload.sim.provision import debian
from pytest_embedded_hotreload.sim.provision.recipes.sources import SOURCES, Source
from pytest_embedded_hotreload.sim.provision.recipes.toolchain import PREFIX
from pytest_embedded_hotreload.sim.provision.steps import Step, Steps
from pytest_embedded_hotreload.sim.provision.store import locked, provide

SOURCE = Source("gdb", "13.1", ("*",))
PACKAGES = ("g++", "libgmp-dev", "libncurses-dev", "make", "python3-dev")
PROGRAM = f"{PREFIX}gdb"

LEFT_OUT = (
    *("--disable-sim", "--disable-gas", "--disable-ld", "--disable-binutils", "--disable-gprof"),
    *("--disable-gprofng", "--disable-gdbserver", "--disable-nls", "--disable-werror"),
    *("--disable-source-highlight", "--without-expat", "--without-debuginfod", "--without-lzma"),
    *("--without-xxhash", "--without-zstd", "--without-guile", "--without-babeltrace"),
    *("--without-intel-pt", "--without-mpfr"),
)
#: what QEMU's `core-isa.h` leaves out of that: the windowed ABI, and literals beside the code
ABI = """\
#define XSHAL_USE_ABSOLUTE_LITERALS 0
#define XSHAL_HAVE_TEXT_SECTION_LITERALS 1
#define XTHAL_ABI_WINDOWED 0
#define XTHAL_ABI_CALL0 1
#define XSHAL_ABI XTHAL_ABI_WINDOWED
#define XCHAL_HAVE_FP_POSTINC 0
#define XCHAL_HAVE_MMU 0
"""
#: names in gdb for parts of registers (ISA manual, "Processor Status": PS; "MAC16 Option": ACC):
#: the register, the first bit, and how many
PARTS = {
    "psintlevel": (("ps", 0, 4),),
    "psexcm": (("ps", 4, 1),),
    "psum": (("ps", 5, 1),),
    "psowb": (("ps", 8, 4),),
    "pscallinc": (("ps", 16, 2),),
    "pswoe": (("ps", 18, 1),),
    "acc": (("acclo", 0, 32), ("acchi", 0, 8)),
}


def gdb_key() -> str:
    return sdk.content_key([sdk.PROVISION / "gdb.py"], sdk.sdk_key())


def provide_gdb() -> Path:
    """The program; built when it is not in the cache, which is told on the standard output."""
    cache = sdk.cache_root()
    toolchain = sdk.sdk_path()
    folder = cache / "gdb" / gdb_key()
    if not (folder / sdk.COMPLETE).exists():
        steps = Steps(cache / "log")
        print("gdb for the simulated board, once, in some minutes:", flush=True)
        if debian.missing_packages(PACKAGES):
            with steps.step("Debian packages") as step, locked(cache / ".packages.lock", step):
                debian.install(debian.missing_packages(PACKAGES), step)
        sources = cache / "sources" / sdk.sources_key()
        if not (sources / sdk.COMPLETE).exists():
            with steps.step("sources of the core") as step:
                provide(sources, lambda empty: debian.fetch_sources(SOURCES, empty, step), step)
        with steps.step("gdb") as step:
            provide(folder, lambda empty: build_gdb(empty, toolchain, sources, step), step)
    return folder / "bin" / PROGRAM


def build_gdb(folder: Path, toolchain: Path, sources: Path, step: Step) -> None:
    """Download, configure, compile and install into an empty folder."""
    work = folder / "work"
    work.mkdir()
    debian.fetch_sources([SOURCE], work, step)
    source, build = work / SOURCE.package, work / "build"
    core = sources / "qemu" / "target" / "xtensa" / "core-de212"
    isa, registers = (core / "core-isa.h").read_text(), (core / "gdb-config.c.inc").read_text()
    (source / "include" / "xtensa-config.h").write_text(
        f"#ifndef XTENSA_CONFIG_H\n#define XTENSA_CONFIG_H\n{isa}\n{ABI}#endif\n"
    )
    (source / "gdb" / "xtensa-config.c").write_text(register_map(registers))
    step.say("configuring gdb")
    build.mkdir()
    # a gdb that is fast takes twice as long to compile
    fast = ["MAKEINFO=true", "CFLAGS=-O0", "CXXFLAGS=-O0"]
    step.run(
        [source / "configure", "--target=xtensa-elf", f"--prefix={folder}",
         f"--program-prefix={PREFIX}", "--with-python=/usr/bin/python3", *LEFT_OUT, *fast],
        "gdb cannot be configured",
        cwd=build,
    )  # fmt: skip
    step.say("compiling gdb")
    make: list[str | Path] = ["make", "-C", build, "MAKEINFO=true"]
    step.run([*make, f"-j{os.cpu_count()}", "all-gdb"], "gdb does not compile")
    step.run([*make, "install-gdb"], "gdb cannot be installed")
    shutil.rmtree(work)
    _write_wrapper(folder, toolchain)


def register_map(registers: str) -> str:
    """gdb's `xtensa-config.c` with the registers of QEMU's `gdb-config.c.inc`."""
    numbers = {
        name: int(number)
        for number, name in re.findall(r"XTREG\(\s*(\d+),(?:[^,]*,){9}\s*(\w+),", registers)
    }
    masks = []
    for name, mask in re.findall(r"XTREG\((?:[^,]*,){10}\s*(\w+),[^)]*&(\w+)", registers):
        parts = ", ".join(f"{{{numbers[of]}, {first}, {n}}}" for of, first, n in PARTS[name])
        masks.append(f"static xtensa_reg_mask_t {mask}_parts[] = {{{parts}}};")
        masks.append(f"static const xtensa_mask_t {mask} = {{{len(PARTS[name])}, {mask}_parts}};")
    return "\n".join(
        [
            '#include "defs.h"',
            "#define XTENSA_CONFIG_VERSION 0x60",
            '#include "xtensa-config.h"',
            '#include "xtensa-tdep.h"',
            *masks,
            f"static xtensa_register_t rmap[] = {{\n{registers}\n}};",
            "xtensa_gdbarch_tdep xtensa_tdep (rmap);",
            "",
        ]
    )


def _write_wrapper(folder: Path, toolchain: Path) -> None:
    program = folder / "bin" / PROGRAM
    real = program.rename(folder / "bin" / "gdb")
    plugin = shlex.quote(str(toolchain / "lib" / "xtensa-de212.so"))
    program.write_text(
        f"#!/bin/sh\nunset PYTHONHOME PYTHONPATH\n"
        f"XTENSA_GNU_CONFIG={plugin} exec {shlex.quote(str(real))} "
        f'--data-directory={shlex.quote(str(folder / "share" / "gdb"))} "$@"\n'
    )
    program.chmod(0o755)
