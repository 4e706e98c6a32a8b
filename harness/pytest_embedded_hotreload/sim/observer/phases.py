"""Instructions of the phases of each replacement, whichever task has executed them."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from elftools.elf.elffile import ELFFile

from pytest_embedded_hotreload.sim.observer.plan import PHASES
from pytest_embedded_hotreload.sim.observer.record import Mark

FIRST, END = "check", "end"


def replacements(marks: Sequence[Mark], elf: Path) -> list[dict[str, int]]:
    """Of each that came to its end: phase and instructions, in the order of the phases."""
    names = _names(elf)
    found: list[dict[str, int]] = []
    phases: dict[str, int] = {}
    for here, behind in pairwise(mark for mark in marks if mark.address in names):
        phase = names[here.address]
        if phase == FIRST:
            phases = {}
        if phase == END:
            continue
        phases[phase] = phases.get(phase, 0) + behind.instructions - here.instructions
        if names[behind.address] == END:
            found.append(phases)
    return found


def _names(elf: Path) -> dict[int, str]:
    with elf.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        symbols = list(table.iter_symbols())  # type: ignore[union-attr]
    return {s["st_value"]: PHASES[s.name] for s in symbols if s.name in PHASES}
