"""Names for the addresses of one ELF: its functions with their place in the source, its objects."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from hotreload_build.elf import (
    SHN_ABS,
    SHN_LORESERVE,
    STB_LOCAL,
    STT_FILE,
    STT_FUNC,
    STT_NOTYPE,
    STT_OBJECT,
    Symbol,
    read_image,
)
from hotreload_build.errors import ModuleError
from hotreload_build.toolchain import run_tool

PLACE = re.compile(r"^(.*):(\d+|\?)(?: \(discriminator \d+\))?$")
#: symbols at one address, at most
NEIGHBOURS = 8
#: of the ESP32's ROM a firmware has symbols without a section, and mostly without a size
ROM, ROM_END, ROM_FUNCTION = 0x40000000, 0x40070000, 0x1000


@dataclass(frozen=True)
class Frame:
    """One function of a stack; `module` is that of the load when it is not the firmware's."""

    pc: int
    function: str
    file: str = ""
    line: int = 0
    module: str = ""

    @property
    def where(self) -> str:
        """Such as `hr_hooks_run_post (hr_hooks.c:47)`."""
        place = f" ({Path(self.file).name}:{self.line})" if self.file else ""
        return f"{self.function}{place}{self.of_module}"

    @property
    def of_module(self) -> str:
        """Which module, for a function of one."""
        return f" in {self.module}" if self.module else ""


def _is_of_rom(symbol: Symbol) -> bool:
    return symbol.section == SHN_ABS and ROM <= symbol.value < ROM_END


def _named(symbols: Iterable[Symbol]) -> Iterator[tuple[int, int, str]]:
    """Address, size and name; objects of one file with that: many have a `lock`, or a `state`."""
    source = ""
    for symbol in symbols:
        if symbol.type == STT_FILE:
            source = symbol.name
        elif symbol.name and symbol.type in (STT_FUNC, STT_OBJECT, STT_NOTYPE):
            own = symbol.type == STT_OBJECT and symbol.binding == STB_LOCAL and source
            name = f"{symbol.name} ({source})" if own else symbol.name
            if _is_of_rom(symbol):
                yield symbol.value, ROM_FUNCTION, name
            elif symbol.defined and symbol.section < SHN_LORESERVE:
                yield symbol.value, symbol.size, name


def shown(frame: Frame) -> str:
    """A function of a stack with its place in the source, as a line."""
    place = f" at {frame.file}:{frame.line}" if frame.file else ""
    return f"{frame.pc:#010x}: {frame.function}{place}{frame.of_module}"


class Symbols:
    """The functions and objects of an ELF by address."""

    def __init__(self, elf: Path) -> None:
        self._symbols = sorted(_named(read_image(elf).symbols))
        self._starts = [start for start, _, _ in self._symbols]

    def name(self, address: int) -> str | None:
        """The symbol at or around an address, with what is to be added to it."""
        last = bisect.bisect_right(self._starts, address)
        around = [
            (address - start, "$" in name or name.startswith("."), name)
            for start, size, name in self._symbols[max(0, last - NEIGHBOURS) : last]
            if address < start + max(size, 1)
        ]
        if not around:
            return None
        distance, _, name = min(around)  # not a compiler's name, if there is another
        return f"{name}+{distance:#x}" if distance else name


@lru_cache(maxsize=32)
def _symbols_of(elf: Path, changed: int) -> Symbols:
    return Symbols(elf)


def symbol_at(elf: Path, address: int) -> str | None:
    """The function or object at an address of an ELF."""
    return _symbols_of(elf, elf.stat().st_mtime_ns).name(address)


def functions_at(addr2line: Path, elf: Path, addresses: Sequence[int]) -> list[Frame]:
    """The functions at addresses of an ELF, each behind those that were inlined there."""
    if not addresses:
        return []
    result = run_tool([str(addr2line), "-fiaC", "-e", str(elf), *map(hex, addresses)])
    if result.returncode != 0:
        raise ModuleError(f"{addr2line.name} cannot read {elf}", result.stderr)
    return list(_frames(elf, result.stdout.splitlines()))


def _frames(elf: Path, lines: list[str]) -> Iterator[Frame]:
    pc = 0
    rest = iter(lines)
    for line in rest:
        if line.startswith("0x"):
            pc = int(line, 16)
            continue
        place = PLACE.match(next(rest, ""))
        known = place is not None and place[1] != "??"
        number = int(place[2]) if place is not None and place[2].isdigit() else 0
        function = line if line != "??" else (symbol_at(elf, pc) or f"{pc:#x}")
        yield Frame(pc, function, place[1] if known and place else "", number)
