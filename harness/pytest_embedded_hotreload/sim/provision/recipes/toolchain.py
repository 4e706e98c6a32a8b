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
    """bin/xtensa-sim-elf-*: Debian's tools with the core, the ABI and newlib's folders chosen."""
    folder = sdk / "bin"
    folder.mkdir()
    include = sdk / "xtensa-sim-elf" / "include"
    own = [
        step.output([f"{DEBIAN_PREFIX}gcc", f"-print-file-name={name}"]).strip()
        for name in ("include", "include-fixed")
    ]
    # without -nostdinc a header that newlib lacks would come from another C library, if installed
    headers = ["-nostdinc", *[part for name in (*own, include) for part in ("-isystem", str(name))]]
    preprocessor = ["-mabi=windowed", *INT32_IS_LONG, *headers]
    # for -lgcc and -lc, which would find the other ABI's beside Debian's compiler
    compiler = [*preprocessor, f"-L{sdk / 'xtensa-sim-elf' / 'lib'}"]
    options = {"cpp": preprocessor, "gcc": compiler, "g++": compiler}
    for tool in (*options, *BINUTILS):
        command = [f"{DEBIAN_PREFIX}{tool}", *options.get(tool, ())]
        _write_wrapper(folder / f"{PREFIX}{tool}", sdk, command)


def _write_wrapper(path: Path, sdk: Path, command: list[str]) -> None:
    plugin = shlex.quote(str(sdk / "lib" / "xtensa-de212.so"))
    path.write_text(f'#!/bin/sh\nXTENSA_GNU_CONFIG={plugin} exec {shlex.join(command)} "$@"\n')
    path.chmod(0o755)
