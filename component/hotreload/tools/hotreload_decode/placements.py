"""Where modules lie: from the lines of a console, or from `/status` of a device.

Three lines tell it. Of the trace (README.md of the component, "Trace")

    HR <sequence> <microseconds> place module=3 seg=0 kind=text link=0x... size=... addr=0x...
    HR <sequence> <microseconds> resolve module=3 symbols=7 elf=1a2b3c4d

and, for each module that a panic was in,

    hotreload: panic in module 3 at text+0x1c (text 0x... data 0x... size 1297 elf 1a2b3c4d)

`elf` are the first digits of the SHA-256 of the module's file, 0 where the device does not know it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .decoder import Load, Segment
from .modules import ModuleFile

PLACE = re.compile(
    r"HR \d+ \d+ place module=(\d+) seg=\d+ kind=(?:text|data) link=(0x[0-9a-f]+) size=(\d+)"
    r" filesz=\d+ addr=(0x[0-9a-f]+)"
)
RESOLVE = re.compile(r"HR \d+ \d+ resolve module=(\d+) symbols=\d+(?: elf=([0-9a-f]{8}))?")
SWITCH = re.compile(r"HR \d+ \d+ switch module=(\d+)")
PANIC = re.compile(
    r"hotreload: panic in module (\d+) at text\+0x[0-9a-f]+ \(text (0x[0-9a-f]{8})"
    r" data (0x[0-9a-f]{8}) size (\d+) elf ([0-9a-f]{8})\)"
)
#: of a start: modules are numbered from 1 again
START = re.compile(r"\brst:0x[0-9a-f]+ |\b2nd stage bootloader|\bHR 1 \d+ trace ")
UNKNOWN = "00000000"


@dataclass
class Placed:
    """What is known of one load; `hash` are digits of its SHA-256, as many as are known."""

    number: int
    parts: list[Segment] = field(default_factory=list)
    text: int = 0
    data: int = 0
    size: int = 0
    hash: str = ""
    complete: bool = False

    def is_of(self, module: ModuleFile) -> bool:
        """Whether that may be what was loaded."""
        if self.hash:
            return module.hash.startswith(self.hash)
        if self.parts:
            return module.is_linked_for([(part.link, part.size) for part in self.parts])
        return self.size == module.size

    def complete_by(self, digits: str | None) -> None:
        """All is known, and what of its hash."""
        self.hash = "" if digits in (None, UNKNOWN) else str(digits)
        self.complete = True

    def segments_of(self, module: ModuleFile | None) -> tuple[Segment, ...]:
        """Where its segments are, as far as the module is needed to know that."""
        if self.parts:
            return tuple(self.parts)
        if module is None:
            return (Segment(0, self.text, self.size),)
        told = (
            (module.first(executable=True), self.text),
            (module.first(executable=False), self.data),
        )
        return tuple(Segment(part.link, address, part.size) for part, address in told if part)


class Placements:
    """The loads of a device since its last start, as far as they were told."""

    def __init__(self, modules: Sequence[ModuleFile]) -> None:
        self._modules = modules
        self._placed: dict[int, Placed] = {}
        self._called: int | None = None

    def take(self, line: str) -> None:
        """Take a line of the console."""
        if START.search(line):
            self._placed.clear()
            self._called = None
        place, resolve, panic = PLACE.search(line), RESOLVE.search(line), PANIC.search(line)
        switch = SWITCH.search(line)
        if switch:
            self._called = int(switch[1])
        elif place:
            link, address, size = int(place[2], 16), int(place[4], 16), int(place[3])
            self._of(int(place[1])).parts.append(Segment(link, address, size))
        elif resolve:
            self._of(int(resolve[1])).complete_by(resolve[2])
        elif panic:
            placed = self._of(int(panic[1]))
            placed.text, placed.data = int(panic[2], 16), int(panic[3], 16)
            placed.size = int(panic[4])
            placed.complete_by(panic[5])

    def take_status(self, status: dict[str, Any]) -> None:
        """Take what a device says of the module that it has now."""
        if status["loaded"]:
            placed = self._of(status["module"])
            placed.text = int(status["text"]["address"], 16)
            placed.data = int(status["data"]["address"], 16)
            placed.size = status["size"]
            placed.complete_by(status["hash"])

    @property
    def loads(self) -> list[Load]:
        """What was loaded, the newest first."""
        numbers = sorted(self._placed, reverse=True)
        return [self._load(self._placed[n]) for n in numbers if self._placed[n].complete]

    @property
    def current(self) -> Load | None:
        """The one that is called; without the trace the newest."""
        loads = self.loads
        if self._called is None:
            return loads[0] if loads else None
        return next((load for load in loads if load.number == self._called), None)

    def why_unknown(self, load: Load) -> str:
        """What to say of one that is none of the modules."""
        digits = self._placed[load.number].hash[:8]
        which = f"with the SHA-256 {digits}..." if digits else "of that size"
        return (
            f"module {load.number} of the device is not in the build directory, which has none "
            f"{which}: name its unstripped ELF with --module"
        )

    def _of(self, number: int) -> Placed:
        return self._placed.setdefault(number, Placed(number))

    def file_of(self, load: Load) -> ModuleFile | None:
        """What was loaded there."""
        return self._file(self._placed[load.number])

    def _file(self, placed: Placed) -> ModuleFile | None:
        return next((module for module in self._modules if placed.is_of(module)), None)

    def _load(self, placed: Placed) -> Load:
        file = self._file(placed)
        segments = placed.segments_of(file)
        return Load(placed.number, segments, file.path if file else None, file.name if file else "")
