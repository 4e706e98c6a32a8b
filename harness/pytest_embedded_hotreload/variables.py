"""Variables and functions of the running device by name.

Names are those of the ELFs: of the module in use, with the addresses where it was placed, and of
the firmware.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from hotreload_decode.decoder import Load
from pytest_embedded_hotreload.errors import UnknownNameError
from pytest_embedded_hotreload.memory import Memory
from pytest_embedded_hotreload.probe import Probe
from pytest_embedded_hotreload.sentences import nearest

#: what the compiler adds to the name of a variable that is static in a function
_STATIC = re.compile(r"[.$]\d+$")


class Symbol(NamedTuple):
    """A function or an object of an ELF; `file` is known of those that are static."""

    name: str
    file: str
    address: int
    size: int


@dataclass(frozen=True, repr=False)
class Variable:
    """A variable of the device; where it is is looked up at each access, as a reload moves it."""

    name: str
    find: Callable[[], Symbol]
    memory: Memory
    probe: Probe

    def __repr__(self) -> str:
        return f"<variable {self.name}>"

    def read(self, signed: bool = False) -> int:
        """Its value as an integer."""
        return int.from_bytes(self.read_bytes(), "little", signed=signed)

    def read_bytes(self) -> bytes:
        """All its bytes."""
        symbol = self.find()
        return self.memory.read(symbol.address, symbol.size)

    def write(self, value: int) -> None:
        """Give it an integer value, by the probe."""
        symbol = self.find()
        whole = value & ((1 << 8 * symbol.size) - 1)
        self.probe.write(symbol.address, whole.to_bytes(symbol.size, "little"))

    def write_bytes(self, content: bytes) -> None:
        """Replace its first bytes, by the probe."""
        symbol = self.find()
        if len(content) > symbol.size:
            raise ValueError(f"{self.name} has {symbol.size} bytes, not {len(content)}")
        self.probe.write(symbol.address, content)


class Names:
    """Looks names up for one device; `module` is the one in use, if it is known."""

    def __init__(self, firmware: Path, module: Callable[[], Load | None]) -> None:
        self._firmware = firmware
        self._module = module

    def variable(self, name: str) -> Symbol:
        """The variable `name`, or `file.c:name` where several have that name."""
        of_module = list(self._of_module(name))
        found = of_module or _named(_symbols(self._firmware, "STT_OBJECT"), name)
        if len(found) == 1:
            return found[0]
        if found:
            files = ", ".join(f"{symbol.file}:{symbol.name}" for symbol in found)
            raise UnknownNameError(f"there are several variables {name!r}: {files}")
        known = {symbol.name for symbol in _symbols(self._firmware, "STT_OBJECT")}
        load = self._module()
        if load is not None and load.elf is not None:
            known |= {symbol.name for symbol in _symbols(load.elf, "STT_OBJECT")}
        raise UnknownNameError(
            f"neither the firmware nor its module has a variable {name!r}{nearest(name, known)}"
        )

    def function(self, name: str) -> int | None:
        """The address of a function of the firmware."""
        found = _named(_symbols(self._firmware, "STT_FUNC"), name)
        return found[0].address if len(found) == 1 else None

    def without_probe(self) -> str:
        """Why the firmware has no probe, if it has none."""
        if self.function("hotreload_probe_start") is not None:
            return ""
        return (
            f"the firmware {self._firmware.name} has no probe: add the component hotreload_probe, "
            "and call HOTRELOAD_PROBE_START_DEFAULT() before HOTRELOAD_SERVER_START_DEFAULT()"
        )

    def _of_module(self, name: str) -> Iterator[Symbol]:
        load = self._module()
        if load is None or load.elf is None:
            return
        for symbol in _named(_symbols(load.elf, "STT_OBJECT"), name):
            for segment in load.segments:
                offset = symbol.address - segment.link
                if 0 <= offset < segment.size:
                    yield symbol._replace(address=segment.address + offset)


def _named(symbols: tuple[Symbol, ...], name: str) -> list[Symbol]:
    file, _, plain = name.rpartition(":")
    return [
        symbol
        for symbol in symbols
        if symbol.name == plain and (not file or symbol.file == file) and symbol.size
    ]


def _symbols(elf: Path, kind: str) -> tuple[Symbol, ...]:
    return _read(elf, elf.stat().st_mtime_ns, kind)


@lru_cache(maxsize=64)
def _read(elf: Path, changed: int, kind: str) -> tuple[Symbol, ...]:
    """The symbols of a kind in an ELF as it was `changed`."""
    with elf.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        if not isinstance(table, SymbolTableSection):
            return ()
        found = []
        file = ""
        for symbol in table.iter_symbols():
            if symbol["st_info"]["type"] == "STT_FILE":
                file = symbol.name
            elif symbol["st_info"]["type"] == kind and symbol["st_shndx"] != "SHN_UNDEF":
                own = file if symbol["st_info"]["bind"] == "STB_LOCAL" else ""
                name = _STATIC.sub("", symbol.name)
                found.append(Symbol(name, own, symbol["st_value"], symbol["st_size"]))
        return tuple(found)
