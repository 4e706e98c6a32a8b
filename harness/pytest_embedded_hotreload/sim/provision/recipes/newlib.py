"""newlib without its configure script: the C library of a firmware and the maths library.

malloc and its kin are left out (the firmware's heap provides them), and so are the lock functions
and `__getreent()` (its kernel does).
"""

from __future__ import annotations

import shutil
from pathlib import Path

from pytest_embedded_hotreload.sim.provision.recipes.archive import Unit, compile_archive
from pytest_embedded_hotreload.sim.provision.steps import Step
from pytest_embedded_hotreload.sim.sdk import ProvisionError

RECIPE = Path(__file__).parent / "newlib"

# folders of libc, and what is not taken of each
FOLDERS: dict[str, tuple[str, ...]] = {
    # conversions between Japanese character sets, of which this configuration has none
    "ctype": ("towctrans", "towctrans_l"),
    "errno": (),
    "locale": (),
    "misc": ("lock", "init", "fini"),
    "reent": ("execr", "getreent", "sbrkr"),
    # hash tables in files
    "search": ("hash", "hash_bigkey", "hash_buf", "hash_log2", "hash_page", "ndbm"),
    "signal": (),
    "stdio": ("nano-*",),
    "stdlib": (
        "aligned_alloc", "calloc", "malign", "malloc", "mallocr", "mlock", "msize", "mstats",
        "mtrim", "nano-mallocr", "realloc", "rpmatch", "system", "valloc",
    ),
    "string": (),
    "syscalls": ("syssbrk", "sysexecve", "sysfork", "syswait"),
    "time": (),
}  # fmt: skip

# what of the maths library libc itself calls: a program that only prints links without -lm
MATHS_IN_LIBC = (
    "common/s_copysign", "common/s_finite", "common/s_fpclassify", "common/s_isinf",
    "common/s_isinfd", "common/s_isnan", "common/s_isnand", "common/s_modf", "common/s_nan",
    "common/s_scalbn", "common/sf_nan", "math/s_frexp", "math/s_ldexp",
)  # fmt: skip

# each of these is compiled four times: to files or strings, with or without floating point
FORMATTERS = ("vfprintf", "vfwprintf", "vfscanf", "vfwscanf")
FORMATTER_VARIANTS = {
    ("", "i"): ("-DINTEGER_ONLY",),
    ("s", ""): ("-DSTRING_ONLY",),
    ("s", "i"): ("-DSTRING_ONLY", "-DINTEGER_ONLY"),
}

# what newlib's headers have to know of this processor: (header, line before which it goes, text)
INSERTIONS = (
    (
        "machine/ieeefp.h",
        "#ifdef __moxie__\n",
        "#ifdef __XTENSA_EL__\n#define __IEEE_LITTLE_ENDIAN\n#endif\n\n",
    ),
    (
        "machine/setjmp.h",
        "#ifdef _JBLEN\n#ifdef _JBTYPE\n",
        "#ifdef __XTENSA_WINDOWED_ABI__\n#define _JBLEN 18\n#endif\n\n",
    ),
)

FLAGS = (
    "-O2", "-g0", "-w", "-mlongcalls", "-ffunction-sections", "-fdata-sections", "-fno-builtin",
    "-D_COMPILING_NEWLIB",
)  # fmt: skip


def install_headers(sdk: Path, sources: Path) -> None:
    include = sdk / "xtensa-sim-elf" / "include"
    shutil.copytree(sources / "newlib" / "newlib" / "libc" / "include", include)
    (include / "newlib.h").unlink(missing_ok=True)
    shutil.copy(RECIPE / "newlib.h", include)
    shutil.copy(RECIPE / "_newlib_version.h", include)
    for name, marker, text in INSERTIONS:
        header = include / name
        content = header.read_text(encoding="latin-1")
        if content.count(marker) != 1:
            raise ProvisionError(f"newlib's {name} is not the one that the recipe knows")
        header.write_text(content.replace(marker, text + marker), encoding="latin-1")


def build_libc(sdk: Path, sources: Path, work: Path, step: Step) -> None:
    libc = sources / "newlib" / "newlib" / "libc"
    units = [Unit("setjmp", RECIPE / "setjmp.S")]
    for folder, left_out in FOLDERS.items():
        for source in sorted((libc / folder).glob("*.c")):
            if not any(Path(source.stem).match(pattern) for pattern in left_out):
                units.append(Unit(f"{folder}-{source.stem}", source, (f"-I{source.parent}",)))
    libm = sources / "newlib" / "newlib" / "libm"
    for name in MATHS_IN_LIBC:
        units.append(Unit(f"libm/{name}", libm / f"{name}.c", (f"-I{libm / 'common'}",)))
    for name in FORMATTERS:
        source = libc / "stdio" / f"{name}.c"
        for (string, integer), flags in FORMATTER_VARIANTS.items():
            units.append(Unit(f"stdio-{string}vf{integer}{name.removeprefix('vf')}", source, flags))
    _compile(sdk, "libc.a", units, [], work, step)


def build_libm(sdk: Path, sources: Path, work: Path, step: Step) -> None:
    libm = sources / "newlib" / "newlib" / "libm"
    units = [
        Unit(f"{folder}-{source.stem}", source)
        for folder in ("math", "common", "complex", "fenv")
        for source in sorted((libm / folder).glob("*.c"))
    ]
    _compile(sdk, "libm.a", units, [f"-I{libm / 'common'}"], work, step)


def _compile(
    sdk: Path, name: str, units: list[Unit], includes: list[str], work: Path, step: Step
) -> None:
    archive = sdk / "xtensa-sim-elf" / "lib" / name
    tools = sdk / "bin" / "xtensa-sim-elf-"
    compile_archive(archive, units, [*FLAGS, *includes], tools, work, step)
