"""The environment of compilers and linkers: theirs and nobody's settings."""

from __future__ import annotations

import os

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


def tool_environment() -> dict[str, str]:
    """For a program of the toolchain, whose messages are read and not translated."""
    environment = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    return {**environment, "LC_ALL": "C"}
