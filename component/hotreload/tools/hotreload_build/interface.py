"""What a module offers to the firmware and what it needs from it, from the module's objects."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from .elf import (
    STB_WEAK,
    STT_COMMON,
    STT_FUNC,
    STT_NOTYPE,
    STT_OBJECT,
    STT_TLS,
    Image,
    Symbol,
    read_image,
)
from .errors import ModuleError
from .names import demangled
from .refusals import INFO, check_entries, check_object, is_windowed

# what the assembler takes as a name without quotes; C, C++ and UTF-8 identifiers are all of it
PLAIN_NAME = re.compile(r"[^\W\d][\w.$]*")

# GCC's emulation of thread-local storage keeps a variable's control block under this name
EMULATED_TLS = re.compile(r"__emutls_v[.$](?P<variable>.+)")


class Interface(NamedTuple):
    functions: tuple[str, ...]  # exported, in the order of the symbol table: by name
    variables: tuple[tuple[str, str], ...]  # exported by mistake: name, source file
    needed: tuple[str, ...]  # strong undefined symbols
    objects: dict[str, Path]  # of the exported functions
    untyped: tuple[tuple[str, str], ...]  # labels of assembler code that may be functions


def read_interface(
    objects: Iterable[Path], listed: Collection[str] | None = None, compiler: str = ""
) -> Interface:
    """Read the objects of a module. Raises ModuleError for what a module cannot have.

    `listed` are the only functions to export, as the linker or as people write them; by default
    all are that can be. `compiler` is the path of the one that made the objects, whose neighbours
    translate C++ names.
    """
    images = [read_image(path, (INFO,)) for path in objects]
    thread_locals = sorted({name for image in images for name in thread_local_names(image.symbols)})
    if thread_locals:
        raise ModuleError(thread_local_error(thread_locals))

    functions: dict[str, Path] = {}
    untyped: dict[str, str] = {}
    variables: dict[str, str] = {}
    defined: set[str] = set()
    needed: set[str] = set()
    for image in images:
        source = source_name(image.path)
        check_object(image, source, compiler)
        for symbol in image.symbols:
            if symbol.defined and symbol.is_global:
                defined.add(symbol.name)
            elif symbol.is_global and symbol.binding != STB_WEAK:
                needed.add(symbol.name)
            if is_exported_function(symbol):
                functions[symbol.name] = image.path
            elif is_exported_variable(symbol):
                variables[symbol.name] = source
            elif _is_untyped(image, symbol):
                untyped[symbol.name] = source
    if listed is not None:
        chosen = choose(listed, functions, compiler)
        functions = {name: functions[name] for name in chosen}
        variables, untyped = {}, {}
    for image in images:
        exported = [s for s in image.symbols if is_exported_function(s) and s.name in functions]
        check_entries(image, exported, source_name(image.path), compiler, is_windowed(image))
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
        objects=functions,
        untyped=tuple(sorted(untyped.items())),
    )


def choose(listed: Collection[str], functions: Collection[str], compiler: str) -> set[str]:
    """The names of `listed` as the linker writes them. Raises ModuleError for one that is none."""
    chosen = set()
    readable: dict[str, list[str]] = {}
    for name in listed:
        if name in functions:
            chosen.add(name)
            continue
        if not readable:
            for mangled, full in demangled(compiler, functions).items():
                for form in {full, full.partition("(")[0]}:
                    readable.setdefault(form, []).append(mangled)
        found = readable.get(name, [])
        if len(found) > 1:
            raise ModuleError(
                f"EXPORTS of hotreload_setup() has '{name}', which are {len(found)} functions: "
                "give the parameters as well, or the names that the linker has for them: "
                + ", ".join(sorted(found))
            )
        if not found:
            import difflib  # not needed but here

            near = difflib.get_close_matches(name, readable or functions, 1)
            raise ModuleError(
                f"EXPORTS of hotreload_setup() has '{name}', but no source of the module has a "
                "function of that name that is neither static nor hidden"
                + (f"; is '{near[0]}' meant?" if near else "")
            )
        chosen.add(found[0])
    return chosen


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


def _is_untyped(image: Image, symbol: Symbol) -> bool:
    """Whether it may be a function whose author forgot to say so, which makes it no export."""
    return (
        symbol.exported
        and symbol.type == STT_NOTYPE
        and image.is_code(symbol)
        and not symbol.in_group
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


def source_name(path: Path) -> str:
    """`reloadable.c` for the object `reloadable.c.obj` that CMake makes, otherwise the object."""
    stem, dot, suffix = path.name.rpartition(".")
    return stem if dot and suffix in ("o", "obj") else path.name


def source_path(path: Path, folder: Path) -> str:
    """The source in `folder` that CMake has compiled to `path`, as far as that can be told."""
    parts = path.parts
    targets = [at for at, part in enumerate(parts) if part.endswith(".dir")]
    if targets:
        source = folder.joinpath(*parts[targets[-1] + 1 : -1], source_name(path))
        if source.is_file():
            return str(source)
    return source_name(path)
