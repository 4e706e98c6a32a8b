"""Programs of the toolchain: where they are, and a run of one that nobody's settings change."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from .errors import ModuleError

# GCC's manual, "Environment Variables Affecting GCC", and those of GNU ld. Other paths would bring
# other headers and programs into a module than the firmware was built with.
LEFT_OUT = (
    *("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "LIBRARY_PATH"),
    *("COMPILER_PATH", "GCC_EXEC_PREFIX", "GCC_COMPARE_DEBUG", "GCC_COLORS", "GCC_URLS"),
    *("GCC_EXTRA_DIAGNOSTIC_OUTPUT", "DEPENDENCIES_OUTPUT", "SUNPRO_DEPENDENCIES"),
    *("LD_RUN_PATH", "LDEMULATION", "LANG", "LANGUAGE"),
)


# of the compiler's driver, behind the prefix of the toolchain
DRIVERS = ("gcc", "g++", "cc", "c++")


def sibling(compiler: str, name: str) -> str | None:
    """Another program of the toolchain that a compiler is of; None: its name does not tell."""
    stem = compiler[: -len(".exe")] if compiler.endswith(".exe") else compiler
    for driver in DRIVERS:
        if stem.endswith(driver):
            return stem[: -len(driver)] + name
    return None


def run_tool(command: Sequence[str], given: str = "") -> subprocess.CompletedProcess[str]:
    """Run one to its end, with `given` to read; what it said is English, in any locale."""
    environment = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    try:
        return subprocess.run(
            command,
            input=given,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env={**environment, "LC_ALL": "C"},
        )
    except OSError as error:
        raise ModuleError(f"cannot run {command[0]}: {error.strerror}") from error
