"""What the plug-in has written of one run of QEMU; `observer.c` has the format."""

import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

#: what its files are called, in the folder of a device
NAME = "observed"


class Access(NamedTuple):
    """What a chip does not do, or the component must not, and the code that did it."""

    kind: str
    pc: int
    address: int
    size: int
    how: str


class Block(NamedTuple):
    """Instructions that are executed as a whole; `code` is known in executable RAM only."""

    address: int
    size: int
    instructions: int
    code: bytes
    times: int


class Mark(NamedTuple):
    """The first instruction of a function was reached, after so many; address 0 is a reset."""

    address: int
    instructions: int


@dataclass
class Observation:
    """One run, from power on to power off, or up to now."""

    accesses: list[Access] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)


def read_accesses(folder: Path) -> list[Access]:
    """What must not have been, in all runs of the device in `folder`."""
    return [access for log in _logs(folder) for access in read_log(log).accesses]


def read_observations(folder: Path) -> list[Observation]:
    """All runs of the device in `folder`."""
    return [read_log(log) for log in _logs(folder)]


def read_log(log: Path) -> Observation:
    """One run."""
    found = Observation()
    counts = log.with_suffix(".counts")
    times = array.array("Q")
    with counts.open("rb") as file:
        lines = log.read_text().splitlines()
        times.frombytes(file.read(8 * len(lines)))
    for kind, *words in map(str.split, lines):
        if kind == "block":
            address, size, instructions = int(words[1], 16), int(words[2]), int(words[3])
            code = bytes.fromhex("".join(words[4:]))
            found.blocks.append(Block(address, size, instructions, code, times[int(words[0])]))
        elif kind == "mark":
            found.marks.append(Mark(int(words[0], 16), int(words[1])))
        elif kind == "reset":
            found.marks.append(Mark(0, int(words[0])))
        else:
            pc, address = int(words[0], 16), int(words[1], 16)
            found.accesses.append(Access(kind, pc, address, int(words[2]), words[3]))
    return found


def _logs(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.glob(f"{NAME}-*.log"))
