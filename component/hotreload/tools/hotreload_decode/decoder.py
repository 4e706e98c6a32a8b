"""Names for the addresses of a device, whose memory has a firmware and modules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .symbols import Frame, functions_at, symbol_at


@dataclass(frozen=True)
class Segment:
    """A part of a module in memory: what is linked for `link` runs at `address`."""

    link: int
    address: int
    size: int


@dataclass(frozen=True)
class Load:
    """A module in the device's memory; `elf` has its symbols, None if nobody knows that file."""

    number: int
    segments: tuple[Segment, ...]
    elf: Path | None = None
    name: str = ""

    @property
    def label(self) -> str:
        """The module as a reader knows it."""
        return f"module {self.number}" + (f" ({self.name})" if self.name else "")

    def link_of(self, address: int) -> int | None:
        """What address of its ELF an address of the device is; None outside."""
        for segment in self.segments:
            if segment.address <= address < segment.address + segment.size:
                return address - segment.address + segment.link
        return None


@dataclass(frozen=True)
class Decoder:
    """Names for the addresses of one firmware, and of what is loaded beside it.

    `loads` are the newest first: what was placed later is what an address is in.
    """

    firmware: Path
    addr2line: Path

    def frames(self, addresses: Iterable[int], loads: Sequence[Load]) -> list[Frame]:
        """The functions at addresses, with those that were inlined there."""
        found: list[Frame] = []
        batch: list[int] = []  # of the firmware: one run for many
        for address in addresses:
            load, link = holder(loads, address)
            if load is None:
                batch.append(address)
                continue
            found += functions_at(self.addr2line, self.firmware, batch)
            batch = []
            found += self._of_module(load, link, address)
        return found + functions_at(self.addr2line, self.firmware, batch)

    def name(self, address: int, loads: Sequence[Load]) -> str | None:
        """The function or object at an address."""
        load, link = holder(loads, address)
        if load is None:
            return symbol_at(self.firmware, address)
        symbol = symbol_at(load.elf, link) if load.elf else None
        return f"{symbol or hex(link)} of {load.label}"

    def _of_module(self, load: Load, link: int, address: int) -> list[Frame]:
        if load.elf is None:
            return [Frame(address, f"{link:#x}", module=load.label)]
        frames = functions_at(self.addr2line, load.elf, [link])
        return [replace(frame, pc=address, module=load.label) for frame in frames]


def holder(loads: Sequence[Load], address: int) -> tuple[Load | None, int]:
    """The load that an address is in, and its link address there."""
    for load in loads:
        link = load.link_of(address)
        if link is not None:
            return load, link
    return None, 0
