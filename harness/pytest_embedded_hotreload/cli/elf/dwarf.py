"""Functions, variables and types in the debug information of an ELF.

A firmware has much of that, and a module shares little with it: only the units are parsed in which
a name that is looked for occurs at all, which a search in the bytes tells.
"""

from __future__ import annotations

import bisect
import struct
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from elftools.dwarf.compileunit import CompileUnit
from elftools.dwarf.die import DIE
from elftools.dwarf.dwarfinfo import DebugSectionDescriptor
from elftools.dwarf.typeunit import TypeUnit
from elftools.elf.elffile import ELFFile

from pytest_embedded_hotreload.cli.elf.reading import usable

ASSEMBLER = 0x8001  # DW_LANG_Mips_Assembler, which GNU as gives all assembler sources
BUILTIN = "__builtin_"
PLUS_CONSTANT = 0x23  # DW_OP_plus_uconst
SCOPES = {"namespace", "structure_type", "class_type", "union_type"}
RECORDS = {"structure_type", "class_type", "union_type", "enumeration_type"}
#: an entry may only complete what another one says of the same thing
ORIGINS = ("DW_AT_specification", "DW_AT_abstract_origin")
#: what types may hide behind one another, at most: a file may lead in circles
DEEPEST = 100


class Entry:
    """An entry of the debug information, read as far as it is asked for."""

    def __init__(self, die: DIE, alias: str = "") -> None:
        self._die = die
        self._alias = alias  # the typedef of a type without a name

    @property
    def key(self) -> int:
        """Tells it from others of the same file."""
        return int(self._die.offset)

    @cached_property
    def tag(self) -> str:
        """Without DW_TAG_; a class of C++ is a struct."""
        tag = str(self._die.tag or "").removeprefix("DW_TAG_")
        return "structure_type" if tag == "class_type" else tag

    @cached_property
    def origin(self) -> Entry | None:
        """The entry that this one completes."""
        for name in ORIGINS:
            if name in self._die.attributes:
                return Entry(self._die.get_DIE_from_attribute(name))
        return None

    @cached_property
    def name(self) -> str:
        """As in the source; empty for what has none."""
        return self._text("DW_AT_name") or self._alias

    @property
    def is_alias(self) -> bool:
        """Whether the name is that of its typedef."""
        return bool(self._alias) and not self._text("DW_AT_name")

    @cached_property
    def linker_name(self) -> str:
        """As in the symbol table."""
        return self._text("DW_AT_linkage_name") or self._text("DW_AT_name")

    @cached_property
    def type(self) -> Entry | None:
        """What it is of, returns or points to; None: void."""
        for entry in self._and_origins():
            if "DW_AT_type" in entry._die.attributes:
                return Entry(entry._die.get_DIE_from_attribute("DW_AT_type"))
        return None

    @cached_property
    def children(self) -> list[Entry]:
        """The entries in it."""
        return [Entry(child) for child in self._die.iter_children()]

    @property
    def external(self) -> bool:
        """Known to the linker."""
        return any(entry._flag("DW_AT_external") for entry in self._and_origins())

    @property
    def declaration(self) -> bool:
        """Without what it declares."""
        return self._flag("DW_AT_declaration")

    @property
    def prototyped(self) -> bool:
        """Whether its parameters are known: `int f()` of C says nothing about them."""
        known = any(entry._flag("DW_AT_prototyped") for entry in self._and_origins())
        return known or any(child.tag == "formal_parameter" for child in self.children)

    def number(self, attribute: str) -> int | None:
        """An attribute that is a number."""
        for entry in self._and_origins():
            if attribute in entry._die.attributes:
                value = entry._die.attributes[attribute].value
                if isinstance(value, int):
                    return value
                return _offset(bytes(value)) if isinstance(value, list | bytes) else None
        return None

    @cached_property
    def place(self) -> tuple[str, int]:
        """File and line of the declaration; an empty file where nobody tells."""
        for entry in self._and_origins():
            index = entry._value("DW_AT_decl_file")
            if index is not None:
                return _file(entry._die.cu, index), entry._value("DW_AT_decl_line") or 0
        return "", 0

    def _and_origins(self) -> Iterator[Entry]:
        entry: Entry | None = self
        for _ in range(DEEPEST):
            if entry is None:
                return
            yield entry
            entry = entry.origin
        raise ValueError("its debug information leads in circles")

    def _text(self, attribute: str) -> str:
        for entry in self._and_origins():
            value = entry._value(attribute)
            if isinstance(value, bytes):
                return value.decode(errors="replace")
        return ""

    def _flag(self, attribute: str) -> bool:
        return bool(self._value(attribute))

    def _value(self, attribute: str) -> Any:
        found = self._die.attributes.get(attribute)
        return found.value if found is not None else None


class Debug:
    """The debug information of one ELF."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            elf = ELFFile(file)
            self.present = elf.has_dwarf_info()
            if self.present:
                self._dwarf = elf.get_dwarf_info(relocate_dwarf_sections=False)
                self._units = list(self._dwarf.iter_CUs())
                self._starts = [unit.cu_offset for unit in self._units]
        self._indexed: dict[int, list[Entry]] = {}

    def functions(self, names: Iterable[str]) -> dict[str, list[Entry]]:
        """Declarations and definitions of functions that the linker knows by these names."""
        wanted = set(names)
        found: dict[str, list[Entry]] = {name: [] for name in wanted}
        for entry in self._entries(wanted):
            if entry.tag != "subprogram" or entry.linker_name not in wanted or not entry.external:
                continue
            # of a function that the compiler knows by itself it tells no more than the name
            if not entry.name.startswith(BUILTIN):
                found[entry.linker_name].append(entry)
        return found

    def variables(self, names: Iterable[str]) -> dict[str, list[Entry]]:
        """The same of variables."""
        wanted = set(names)
        found: dict[str, list[Entry]] = {name: [] for name in wanted}
        for entry in self._entries(wanted):
            if entry.tag == "variable" and entry.linker_name in wanted and entry.external:
                found[entry.linker_name].append(entry)
        return found

    def records(self, names: Iterable[str] | None = None) -> dict[str, list[Entry]]:
        """Structs, unions and enumerations with a name, all or those of these names."""
        found: dict[str, list[Entry]] = {}
        wanted = None if names is None else set(names)
        for entry in self._entries(wanted):
            record = entry
            if entry.tag == "typedef" and entry.type is not None and not entry.type.name:
                record = named(entry.type, entry.name)
            complete = record.tag in RECORDS and record.name and not record.declaration
            if complete and (wanted is None or record.name in wanted):
                found.setdefault(record.name, []).append(record)
        return found

    def _entries(self, names: set[str] | None) -> Iterator[Entry]:
        if not self.present:
            return
        for unit in self._units if names is None else self._units_with(names):
            entries = self._indexed.get(unit.cu_offset)
            if entries is None:
                entries = self._indexed[unit.cu_offset] = list(_outer(unit))
            yield from entries

    def _units_with(self, names: set[str]) -> list[CompileUnit]:
        """The units in which a name occurs, as a text or as the place of one in .debug_str."""
        info = self._info
        patterns = {name.encode() + b"\0" for name in names}
        patterns |= {
            struct.pack("<I", at) for pattern in set(patterns) for at in _all(self._texts, pattern)
        }
        found = {
            bisect.bisect_right(self._starts, at) - 1
            for pattern in patterns
            for at in _all(info, pattern)
        }
        return [self._units[index] for index in sorted(found) if index >= 0]

    @cached_property
    def _info(self) -> bytes:
        return _whole(self._dwarf.debug_info_sec)

    @cached_property
    def _texts(self) -> bytes:
        return _whole(self._dwarf.debug_str_sec)


def read_debug(path: Path) -> Debug:
    """The debug information of an ELF; `present` tells whether there is any."""
    with usable(path):
        return Debug(path)


def named(entry: Entry, name: str) -> Entry:
    """A type without a name, by that of its typedef."""
    return Entry(entry._die, name)


def stripped(entry: Entry | None) -> Entry | None:
    """The type itself, without typedefs and qualifiers."""
    alias = ""
    for _ in range(DEEPEST):
        if entry is None or entry.tag not in (*QUALIFIERS, "typedef"):
            return named(entry, alias) if entry is not None and not entry.name else entry
        alias = entry.name if entry.tag == "typedef" else alias
        entry = entry.type
    raise ValueError("its debug information leads in circles")


QUALIFIERS = {
    "const_type": "const",
    "volatile_type": "volatile",
    "restrict_type": "restrict",
    "atomic_type": "_Atomic",
}


def _outer(unit: CompileUnit) -> Iterator[Entry]:
    """The entries of a unit that others can refer to by name."""
    top = unit.get_top_DIE()
    language = top.attributes.get("DW_AT_language")
    if language is not None and language.value == ASSEMBLER:
        return
    scopes = [Entry(top)]
    while scopes:
        for entry in scopes.pop().children:
            yield entry
            if entry.tag in SCOPES:
                scopes.append(entry)


def _whole(section: DebugSectionDescriptor | None) -> bytes:
    if section is None:
        return b""
    section.stream.seek(0)
    return bytes(section.stream.read())


def _all(data: bytes, pattern: bytes) -> Iterator[int]:
    at = data.find(pattern)
    while at >= 0:
        yield at
        at = data.find(pattern, at + 1)


def _offset(expression: bytes) -> int | None:
    """Of a member, as DWARF 2 and 3 have it: a constant that is added (section 2.5.1.4)."""
    if not expression or expression[0] != PLUS_CONSTANT:
        return None
    value = 0
    for position, byte in enumerate(expression[1:]):
        value |= (byte & 0x7F) << 7 * position
    return value


def _file(unit: CompileUnit | TypeUnit, index: int) -> str:
    """A file of the unit's line table; numbers begin with 1 before DWARF 5 (section 6.2.4)."""
    program = unit.dwarfinfo.line_program_for_CU(unit)  # type: ignore[arg-type]
    if program is None:
        return ""
    header = program.header
    newer = header["version"] >= 5
    files, folders = header["file_entry"], header["include_directory"]
    at = index if newer else index - 1
    if not 0 <= at < len(files):
        return ""
    file = files[at]
    name = _decoded(file.name)
    folder_at = file.dir_index if newer else file.dir_index - 1
    folder = _decoded(folders[folder_at]) if 0 <= folder_at < len(folders) else ""
    return str(Path(_root(unit), folder, name))


def _root(unit: CompileUnit | TypeUnit) -> str:
    found = unit.get_top_DIE().attributes.get("DW_AT_comp_dir")
    return _decoded(found.value) if found is not None else ""


def _decoded(text: Any) -> str:
    return text.decode(errors="replace") if isinstance(text, bytes) else str(text)
