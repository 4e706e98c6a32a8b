"""What the plug-in is told of a firmware: which memory is what. `observer.c` has the meanings."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from elftools.dwarf.compileunit import CompileUnit
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from pytest_embedded_hotreload.emulator.dwarf import objects
from pytest_embedded_hotreload.sim.sdk import content_key

#: of a source file of the component, in its path
COMPONENT_SOURCES = "/hotreload/src/"

#: the board, see sim_board.h of the work-alike; the boot loader runs from the flash's third address
_IRAM = (0x40000000, 0x40020000)
_DRAM_END = 0x40000000
_SPIRAM = (0x62000000, 0x62400000)
_BOOT = (0x50000000, 0x50008000)

#: of the C library, that the component calls to write to memory
_COPYING = ("memcpy", "memmove", "memset", "strcpy", "strlcpy", "strncpy")
#: of interrupts and panics, in which the component has code, too; those of tasks are in the heaps
_STACKS = ("xt_isr_stack", "xt_panic_stack")
#: after which another task may run
_LEAVING = ("xt_interrupt", "xt_kernel_switch")
_BLOCKS = "heap_observe"

#: a firmware's own functions whose beginning is noted are called so
MARKED = "observed_"

#: where the phases of a replacement begin, in their order, and the end of the last one
PHASES = {
    "hr_stage_check": "check",
    "hr_stage_place": "place",
    "hr_reloc_apply": "relocate",
    "hr_event_staged": "start",
    "hr_hooks_run_pre": "pre hooks",
    "hr_hooks_run_handover": "handover",
    "hr_current_switch": "switch",
    "hr_retire": "retire",
    "hr_hooks_run_post": "post hooks",
    "hr_operation_end": "end",
}
#: others whose beginning is noted
POINTS = ("hr_event_switched", "hr_trial_run", "hr_retire_free", "hr_module_free")


class Range(NamedTuple):
    """Addresses from `start` on, up to `end`, which is not one of them."""

    kind: str
    start: int
    end: int


def observe(plugin: Path, build_dir: Path, out: Path) -> str:
    """Arguments of QEMU that run the firmware of a build under the plug-in."""
    elf = build_dir / json.loads((build_dir / "project_description.json").read_text())["app_elf"]
    plan = build_dir / f"observer-{content_key([Path(__file__)])}.plan"
    if not plan.exists() or plan.stat().st_mtime_ns < elf.stat().st_mtime_ns:
        write_plan(elf, plan)
    return f"-plugin file={plugin},plan={plan},out={out}"


def write_plan(elf: Path, plan: Path) -> None:
    """Write the file that the plug-in reads."""
    with elf.open("rb") as file:
        ranges = sorted(_ranges(ELFFile(file)))
    lines = [f"{one.kind} {one.start:x} {one.end:x}\n" for one in ranges]
    unfinished = plan.with_suffix(f".{os.getpid()}")
    unfinished.write_text("".join(lines))
    unfinished.replace(plan)


def component_units(elf: ELFFile) -> Iterator[CompileUnit]:
    """The source files of the component in a firmware."""
    for unit in elf.get_dwarf_info().iter_CUs():
        if COMPONENT_SOURCES in unit.get_top_DIE().get_full_path():
            yield unit


def _ranges(elf: ELFFile) -> Iterator[Range]:
    symbols = _Symbols(elf)
    for section in elf.iter_sections():
        if section["sh_flags"] & SH_FLAGS.SHF_EXECINSTR:
            yield _range("code", section["sh_addr"], section["sh_size"])
    yield Range("boot", *_BOOT)
    yield Range("words", *_IRAM)
    yield Range("heap", *_IRAM)
    yield Range("heap", *_SPIRAM)
    yield Range("heap", symbols.address("_heap_dram_start"), _DRAM_END)
    yield Range("heap", symbols.address("_heap_sysram_start"), symbols.address("_heap_sysram_end"))
    yield Range("window", symbols.address("_xt_vectors"), symbols.address("_xt_window_vectors_end"))
    for stack in _STACKS:
        yield Range("own", symbols.address(stack), symbols.address(f"{stack}_top"))
    yield from symbols.functions("copy", _COPYING)
    yield from symbols.functions("leave", _LEAVING)
    yield from symbols.functions("blocks", (_BLOCKS,))
    yield from symbols.functions("mark", (*PHASES, *POINTS, *symbols.named(MARKED)))
    dwarf = elf.get_dwarf_info()
    units = {unit.cu_offset for unit in component_units(elf)}
    for entry in dwarf.get_aranges()._get_entries():  # type: ignore[union-attr]
        if entry.info_offset in units and entry.length:
            yield _range("loader", entry.begin_addr, entry.length)
    for found in objects(elf):
        if found.size and _is_of_component(found.name, found.source):
            yield _range("own", found.address, found.size)


def _is_of_component(name: str, source: str) -> bool:
    return (source or name).startswith(("hr_", "hotreload")) and "probe" not in (source or name)


def _range(kind: str, start: int, size: int) -> Range:
    return Range(kind, start, start + size)


class _Symbols:
    """The symbol table of a firmware."""

    def __init__(self, elf: ELFFile) -> None:
        table = elf.get_section_by_name(".symtab")
        symbols = table.iter_symbols()  # type: ignore[union-attr]
        self._all = {symbol.name: symbol.entry for symbol in symbols}

    def address(self, name: str) -> int:
        return int(self._all[name].st_value)

    def named(self, prefix: str) -> list[str]:
        return [name for name in self._all if name.startswith(prefix)]

    def functions(self, kind: str, names: Sequence[str]) -> Iterator[Range]:
        for name in names:
            if name in self._all:
                yield _range(kind, self._all[name].st_value, self._all[name].st_size)
