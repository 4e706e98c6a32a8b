"""What a module offers to the firmware and what it needs from it, from the module's objects."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from .elf import STB_WEAK, STT_COMMON, STT_FUNC, STT_OBJECT, STT_TLS, Image, Symbol, read_image
from .errors import ModuleError

# what the assembler takes as a name without quotes; C, C++ and UTF-8 identifiers are all of it
PLAIN_NAME = re.compile(r"[^\W\d][\w.$]*")

# GCC's emulation of thread-local storage keeps a variable's control block under this name
EMULATED_TLS = re.compile(r"__emutls_v[.$](?P<variable>.+)")


class Interface(NamedTuple):
    functions: tuple[str, ...]  # exported, in the order of the symbol table: by name
    variables: tuple[tuple[str, str], ...]  # exported by mistake: name, source file
    needed: tuple[str, ...]  # strong undefined symbols


def read_interface(objects: Iterable[Path]) -> Interface:
    """Read the objects of a module. Raises ModuleError for what a module cannot have."""
    images = [read_image(path) for path in objects]
    thread_locals = sorted({name for image in images for name in thread_local_names(image.symbols)})
    if thread_locals:
        raise ModuleError(thread_local_error(thread_locals))

    functions: set[str] = set()
    variables: dict[str, str] = {}
    defined: set[str] = set()
    needed: set[str] = set()
    for image in images:
        for symbol in image.symbols:
            if symbol.defined and symbol.is_global:
                defined.add(symbol.name)
            elif symbol.is_global and symbol.binding != STB_WEAK:
                needed.add(symbol.name)
            if is_exported_function(symbol):
                functions.add(symbol.name)
            elif is_exported_variable(symbol):
                variables[symbol.name] = source_name(image)
    for name in sorted(functions):
        if not PLAIN_NAME.fullmatch(name):
            raise ModuleError(
                f"function {name!r} cannot be exported: its name is none that an assembler takes; "
                "make it static or rename it"
            )
    return Interface(
        functions=tuple(sorted(functions)),
        variables=tuple(sorted(variables.items())),
        needed=tuple(sorted(needed - defined)),
    )


def is_exported_function(symbol: Symbol) -> bool:
    # an inline function or template instance belongs to whoever includes the header: a stub of its
    # name in the firmware would take over the firmware's own copy
    return symbol.exported and symbol.type == STT_FUNC and not symbol.in_group


def is_exported_variable(symbol: Symbol) -> bool:
    return (
        symbol.exported
        and symbol.type in (STT_OBJECT, STT_COMMON)
        and not symbol.in_group
        and not symbol.name.startswith("_ZT")  # vtables and type information: nobody wrote them
    )


def thread_local_names(symbols: Iterable[Symbol]) -> set[str]:
    names = set()
    for symbol in symbols:
        emulated = EMULATED_TLS.fullmatch(symbol.name)
        if emulated:
            names.add(emulated["variable"])
        elif symbol.type == STT_TLS and symbol.name:
            names.add(symbol.name)
    return names


def thread_local_error(names: Iterable[str]) -> str:
    return (
        f"thread-local variables are not supported in a module: {', '.join(names)}; "
        "keep them in the firmware and give the module a function to reach them"
    )


def source_name(image: Image) -> str:
    """`reloadable.c` for the object `reloadable.c.obj` that CMake makes, otherwise the object."""
    name = image.path.name
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and suffix in ("o", "obj") else name
