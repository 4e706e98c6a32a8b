"""Code that builds and cannot work in a module: refused with what to do instead."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .elf import SHF_ALLOC, STT_FUNC, Image, Symbol
from .errors import ModuleError
from .names import demangled

# What GCC calls for a construct. GCC internals, "Trampolines": code that is written to the stack is
# followed by a call that makes it visible to instruction fetches.
TRAMPOLINE = ("__xtensa_sync_caches",)
# the C++ library's, as the linker shows them
GUARD = ("__cxa_guard_acquire", "__cxa_guard_release")
TYPE_INFORMATION = "vtable for __cxxabiv1::"
EXCEPTION = ("__cxa_throw", "__cxa_rethrow", "__cxa_begin_catch")

# `add.0` in `answer`, but not its clones `apply.constprop.0`
NESTED = re.compile(r"(?P<name>[A-Za-z_]\w*)[.$]\d+")
# memory that outlives a restart or lies outside of what a module is given (esp_attr.h)
OTHER_MEMORY = {
    ".rtc": "RTC memory (RTC_DATA_ATTR and the like)",
    ".noinit": "memory that outlives a restart (__NOINIT_ATTR)",
    ".ext_ram": "external RAM (EXT_RAM_BSS_ATTR)",
}
# symbols of the GNU linker for the address and the size of a section, without a value here
OF_SECTION = (".startof.", ".sizeof.")

# The note that the assembler writes: the ABI of the code, 0 is the one with register windows
# (xtensa-config.h, XTHAL_ABI_WINDOWED).
WINDOWED = b"\nABI=0\n"
INFO = ".xtensa.info"
ENTRY = 0x36  # the low byte of the instruction; the register it names, a1, is in the next one


def check_object(image: Image, source: str, compiler: str) -> None:
    """Refuse an object of the module; `source` is what it was compiled from."""
    problem = _constructs(image, source, compiler) or _places(image, source, compiler)
    if problem:
        raise ModuleError(problem)


def check_entries(
    image: Image, functions: Iterable[Symbol], source: str, compiler: str, windowed: bool
) -> None:
    """Refuse exported functions that a stub cannot enter: it reads the frame from their ENTRY.

    Such functions are of an assembler source.
    """
    for symbol in functions:
        start = image.code(symbol, 2)
        enters = len(start) == 2 and start[0] == ENTRY and start[1] & 0xF == 1
        if enters or not windowed:
            continue
        name = demangled(compiler, [symbol.name])[symbol.name]
        raise ModuleError(
            f"function '{name}' of {source} does not begin with ENTRY, as a function of the "
            "windowed ABI does: begin it with `entry a1, 32` and end it with `retw`"
        )


def check_linked(image: Image, compiler: str) -> None:
    """Refuse a linked module, whose objects nobody has looked at when it is a variant."""
    check_object(image, "the module", compiler)
    functions = [s for s in image.symbols if s.exported and s.type == STT_FUNC and image.is_code(s)]
    check_entries(image, functions, "the module", compiler, is_windowed(image))


def is_windowed(image: Image) -> bool:
    """Whether the file, read with its section INFO, says that it has the windowed ABI."""
    return any(s.name == INFO and WINDOWED in b"\n" + s.data for s in image.sections)


def explain_undefined(name: str, users: str) -> str | None:
    """For a name that the firmware lacks, what is wrong in the module, if that is the reason."""
    if name in TRAMPOLINE:
        return _trampoline(f"a nested function, used by {users},")
    if name in EXCEPTION:
        return _exception(f", used by {users}")
    if name.startswith(OF_SECTION):
        return _of_section(name, f"used by {users}")
    if name in GUARD:
        return (
            f"a static object of a function, used by {users}, needs the C++ library for the first "
            "call, and the firmware has none: compile with -fno-threadsafe-statics if only one "
            "task makes that call, or make it an object outside of the function"
        )
    if name.startswith(TYPE_INFORMATION):
        return (
            f"type information of C++, used by {users}, needs the C++ library, and the firmware "
            "has none: compile with -fno-rtti"
        )
    return None


def _constructs(image: Image, source: str, compiler: str) -> str | None:
    used = {symbol.name for symbol in image.symbols if symbol.is_global}
    if used.intersection(TRAMPOLINE):
        nested = [
            match["name"]
            for match in (
                NESTED.fullmatch(symbol.name)
                for symbol in image.symbols
                if symbol.type == STT_FUNC and not symbol.is_global
            )
            if match
        ]
        names = ", ".join(f"'{name}'" for name in nested)
        return _trampoline(f"nested function {names} of {source}")
    if used.intersection(EXCEPTION):
        return _exception(f" of {source}")
    for symbol in image.symbols:
        if symbol.name.startswith(OF_SECTION):
            return _of_section(symbol.name, f"of {source}")
    return None


def _places(image: Image, source: str, compiler: str) -> str | None:
    for index, (section, header) in enumerate(image.headers):
        memory = next((OTHER_MEMORY[p] for p in OTHER_MEMORY if section.startswith(p)), None)
        if memory is None or not header.flags & SHF_ALLOC or not header.size:
            continue
        names = [s.name for s in image.symbols if s.section == index and s.name and s.size]
        shown = ", ".join(f"'{name}'" for name in demangled(compiler, names).values())
        return (
            f"{shown or section} of {source} is to be in {memory}, which a module has not: keep it "
            "in the firmware"
        )
    return None


def _trampoline(subject: str) -> str:
    return (
        f"{subject} is called by its address: GCC writes code for that to the stack, which cannot "
        "be executed; make it a static function and give it what it needs as an argument"
    )


def _exception(where: str) -> str:
    return (
        f"exceptions{where} cannot be thrown or caught in a module, whose unwind tables are not "
        "loaded: return an error instead"
    )


def _of_section(name: str, where: str) -> str:
    section = name.split(".", 2)[2]
    return (
        f"'{name}' {where} has no value when a module is linked: use '__start_{section}' and "
        f"'__stop_{section}'"
    )
