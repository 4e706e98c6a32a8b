"""Where a firmware keeps its variables, and how its structures are laid out: from its ELF."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from elftools.dwarf.die import DIE
from elftools.dwarf.dwarf_expr import DWARFExprParser
from elftools.elf.elffile import ELFFile


class Unit:
    """One source file of a firmware."""

    def __init__(self, entries: list[DIE]) -> None:
        self._entries = entries

    @classmethod
    def load(cls, elf: Path, source: str) -> "Unit":
        """The first one whose name ends like `source`; a KeyError when there is none."""
        with elf.open("rb") as file:
            for unit in ELFFile(file).get_dwarf_info().iter_CUs():
                if _name(unit.get_top_DIE()).endswith(source):
                    return cls(list(unit.iter_DIEs()))
        raise KeyError(source)

    def members(self, structure: str) -> dict[str, int]:
        """The offsets of the members of a structure."""
        for entry in self._entries:
            if entry.tag == "DW_TAG_structure_type" and _name(entry) == structure:
                found: dict[str, int] = {
                    _name(child): child.attributes["DW_AT_data_member_location"].value
                    for child in entry.iter_children()
                    if "DW_AT_data_member_location" in child.attributes
                }
                if found:
                    return found
        raise KeyError(f"struct {structure}")

    def variable(self, name: str) -> int:
        """The address of a variable."""
        for entry in self._entries:
            location: Any = entry.attributes.get("DW_AT_location")
            if entry.tag != "DW_TAG_variable" or location is None:
                continue
            origin = entry.attributes.get("DW_AT_specification")
            named = entry.get_DIE_from_attribute("DW_AT_specification") if origin else entry
            if _name(named) == name:
                operations = DWARFExprParser(entry.cu.structs).parse_expr(location.value)
                if operations and operations[0].op_name == "DW_OP_addr":
                    return int(operations[0].args[0])
        raise KeyError(name)


class Object(NamedTuple):
    """A variable; `source` is the name of its file when it is known there only."""

    name: str
    address: int
    size: int
    source: str


def objects(elf: ELFFile) -> Iterator[Object]:
    """The variables in the symbol table."""
    source = ""
    for symbol in elf.get_section_by_name(".symtab").iter_symbols():  # type: ignore[union-attr]
        kind = symbol["st_info"]["type"]
        if kind == "STT_FILE":
            source = symbol.name
        elif kind == "STT_OBJECT":
            own = source if symbol["st_info"]["bind"] == "STB_LOCAL" else ""
            yield Object(symbol.name, symbol["st_value"], symbol["st_size"], own)


def _name(entry: DIE) -> str:
    attribute = entry.attributes.get("DW_AT_name")
    return attribute.value.decode() if attribute is not None else ""
