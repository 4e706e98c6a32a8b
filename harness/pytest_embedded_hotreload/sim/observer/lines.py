"""Source lines, by the addresses of their code."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from elftools.dwarf.compileunit import CompileUnit
from elftools.dwarf.lineprogram import LineProgram
from elftools.elf.elffile import ELFFile

from pytest_embedded_hotreload.sim.observer.plan import COMPONENT_SOURCES, component_units


class Code(NamedTuple):
    """Addresses from `start` on, up to `end`, that a line of a source file has become."""

    start: int
    end: int
    file: str
    line: int


def lines_of_component(elf: Path) -> Sequence[Code]:
    """All code of the component in a firmware."""
    return _lines_of_component(elf, elf.stat().st_mtime_ns)


def lines_of_module(elf: Path) -> Sequence[Code]:
    """All code of a module, by link addresses."""
    return _lines_of_module(elf, elf.stat().st_mtime_ns)


def reached(code: Iterable[Code], executed: Iterable[tuple[int, int]]) -> set[tuple[str, int]]:
    """File and line of the code that is in one of the `executed` ranges, at least in part."""
    starts, ends = _joined(executed)
    found = set()
    for one in code:
        at = bisect_right(starts, one.end - 1) - 1
        if at >= 0 and ends[at] > one.start:
            found.add((one.file, one.line))
    return found


@lru_cache(maxsize=32)
def _lines_of_component(elf: Path, changed: int) -> Sequence[Code]:
    with elf.open("rb") as file:
        units = list(component_units(ELFFile(file)))
        code = [one for unit in units for one in _code_of(unit)]
    return [one for one in code if COMPONENT_SOURCES in one.file]


@lru_cache(maxsize=256)
def _lines_of_module(elf: Path, changed: int) -> Sequence[Code]:
    with elf.open("rb") as file:
        dwarf = ELFFile(file).get_dwarf_info()
        return [one for unit in dwarf.iter_CUs() for one in _code_of(unit)]


def _code_of(unit: CompileUnit) -> Iterator[Code]:
    program = unit.dwarfinfo.line_program_for_CU(unit)
    if program is None:
        return
    names = _files(program, unit.get_top_DIE().get_full_path())
    before = None
    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        if before is not None and before.line and state.address > before.address:
            yield Code(before.address, state.address, names[before.file], before.line)
        before = None if state.end_sequence else state


def _files(program: LineProgram, unit: str) -> dict[int, str]:
    """The source files by their numbers in the program, which count from 1 before DWARF 5."""
    header = program.header
    first = 0 if header.version >= 5 else 1
    folders = [_text(folder) for folder in header.include_directory]
    if first:
        folders.insert(0, str(PurePosixPath(unit).parent))
    return {
        number: str(PurePosixPath(folders[0]) / folders[file.dir_index] / _text(file.name))
        for number, file in enumerate(header.file_entry, first)
    }


def _text(name: bytes) -> str:
    return name.decode(errors="replace")


def _joined(ranges: Iterable[tuple[int, int]]) -> tuple[list[int], list[int]]:
    """The same without overlaps, in order: their starts and their ends."""
    starts: list[int] = []
    ends: list[int] = []
    for start, end in sorted(ranges):
        if ends and start <= ends[-1]:
            ends[-1] = max(ends[-1], end)
        else:
            starts.append(start)
            ends.append(end)
    return starts, ends
