"""Debian's Xtensa tools for the windowed ABI and the core de212: a plug-in and wrappers."""

from __future__ import annotations

import shlex
from pathlib import Path

from pytest_embedded_hotreload.sim.provision.steps import Step

PREFIX = "xtensa-sim-elf-"
DEBIAN_PREFIX = "xtensa-lx106-elf-"
BINUTILS = (
    "addr2line", "ar", "as", "c++filt", "ld", "nm", "objcopy", "objdump", "ranlib", "readelf",
    "size", "strings", "strip",
)  # fmt: skip

# ESP-IDF's compilers have a 32-bit integer type of `long`, Debian's of `int`: code written for
# one does not compile for the other as soon as it prints one
INT32_IS_LONG = (
    "-U__INT32_TYPE__", "-D__INT32_TYPE__=long int",
    "-U__UINT32_TYPE__", "-D__UINT32_TYPE__=long unsigned int",
    "-U__INT32_MAX__", "-D__INT32_MAX__=0x7fffffffL",
    "-U__UINT32_MAX__", "-D__UINT32_MAX__=0xffffffffUL",
    "-U__INT32_C", "-D__INT32_C(c)=c##L",
    "-U__UINT32_C", "-D__UINT32_C(c)=c##UL",
    "-U__INT_LEAST32_TYPE__", "-D__INT_LEAST32_TYPE__=long int",
    "-U__UINT_LEAST32_TYPE__", "-D__UINT_LEAST32_TYPE__=long unsigned int",
    "-U__INT_LEAST32_MAX__", "-D__INT_LEAST32_MAX__=0x7fffffffL",
    "-U__UINT_LEAST32_MAX__", "-D__UINT_LEAST32_MAX__=0xffffffffUL",
)  # fmt: skip


def build_plugin(sdk: Path, sources: Path, step: Step) -> None:
    """The shared object that tells binutils about the core."""
    core = sources / "qemu" / "target" / "xtensa" / "core-de212"
    recipe = Path(__file__).parent / "core"
    plugin = sdk / "lib" / "xtensa-de212.so"
    plugin.parent.mkdir()
    # the last -x is for the one C file that is not named so
    step.run(
        ["gcc", "-O1", "-shared", "-fPIC", "-o", plugin,
         f"-I{recipe}", f"-I{core}", f"-I{sources / 'binutils' / 'include'}",
         recipe / "plugin.c", "-x", "c", core / "xtensa-modules.c.inc"],
        "the binutils plug-in for the core does not compile",
    )  # fmt: skip


def write_wrappers(sdk: Path, step: Step) -> None:
    """bin/xtensa-sim-elf-*: Debian's tools with the core, the ABI and newlib's folders chosen.

    The compiler's own assembler and linker are in libexec. It does not know of the plug-in itself:
    GCC 13 would refuse it, where GCC 12 takes the instructions of its own core, which de212 has.
    """
    folder, inner = sdk / "bin", sdk / "libexec"
    folder.mkdir()
    inner.mkdir()
    include = sdk / "xtensa-sim-elf" / "include"
    # GCC 13 has a stdint.h of its own, where that of GCC 12 passes on newlib's
    first = include.with_name("include-first")
    first.mkdir()
    (first / "stdint.h").symlink_to(include / "stdint.h")
    own = [
        step.output([f"{DEBIAN_PREFIX}gcc", f"-print-file-name={name}"]).strip()
        for name in ("include", "include-fixed")
    ]
    # without -nostdinc a header that newlib lacks would come from another C library, if installed
    folders = [first, *own, include]
    headers = ["-nostdinc", *[part for name in folders for part in ("-isystem", str(name))]]
    preprocessor = ["-mabi=windowed", *INT32_IS_LONG, *headers]
    # for -lgcc and -lc, which would find the other ABI's beside Debian's compiler
    compiler = [*preprocessor, f"-B{inner}", f"-L{sdk / 'xtensa-sim-elf' / 'lib'}"]
    for tool, options in {"cpp": preprocessor, "gcc": compiler, "g++": compiler}.items():
        _write_wrapper(folder / f"{PREFIX}{tool}", [f"{DEBIAN_PREFIX}{tool}", *options])
    plugin = ["env", f"XTENSA_GNU_CONFIG={sdk / 'lib' / 'xtensa-de212.so'}"]
    places = [(tool, folder / f"{PREFIX}{tool}") for tool in BINUTILS]
    for tool, place in (*places, ("as", inner / "as"), ("ld", inner / "ld")):
        _write_wrapper(place, [*plugin, f"{DEBIAN_PREFIX}{tool}"])


def _write_wrapper(path: Path, command: list[str]) -> None:
    path.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    path.chmod(0o755)
