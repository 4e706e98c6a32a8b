"""What a device is doing, seen from outside: it is stopped, read and left to go on.

Registers come from QEMU. The callers of the running code are partly in the register file: the
windowed ABI (ISA manual, "Windowed Register Option") leaves them there until somebody needs the
registers. What the tasks that do not run are doing is on their stacks, where the kernel's
structures say; how these are laid out is read from the firmware's DWARF.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.dwarf.die import DIE
from elftools.dwarf.dwarf_expr import DWARFExprParser
from elftools.elf.elffile import ELFFile

from harness.emulator.memory import QemuMemory
from harness.emulator.qemu import EmulatedBoard
from harness.snapshot import Snapshot, Stack

_PC = re.compile(r"^PC=([0-9a-f]+)", re.MULTILINE)
_REGISTER = re.compile(r"\b([A-Z][A-Z0-9]*)=([0-9a-f]{8})")
_WORD = struct.Struct("<I")

DEEPEST = 40
TASKS_MAX = 64
#: a return address has the size of the call in its two highest bits
_ADDRESS = 0x3FFFFFFF
#: code of this machine lies in the region of the calling code (ISA manual, CALL8)
_REGION = 0xC0000000
#: the length of a call: to get from a return address into the line of the call
_CALL = 3

# XtExcFrame and XtSolFrame, see xtensa_context.h
_FRAME_EXIT, _FRAME_PC, _FRAME_A0, _FRAME_A1 = 0, 4, 12, 16


def take_snapshot(board: EmulatedBoard, elf: Path) -> Snapshot:
    """Stop the board, look, and let it go on."""
    board.qmp.execute("stop")
    try:
        return _look(board, elf)
    finally:
        board.qmp.execute("cont")


def _look(board: EmulatedBoard, elf: Path) -> Snapshot:
    listing = board.qmp.human("info registers")
    memory = QemuMemory(board)
    registers = {name: int(value, 16) for name, value in _REGISTER.findall(listing)}
    pc = int(_PC.findall(listing)[0], 16)
    running = Stack("", True, list(_running_stack(pc, registers, memory)))
    snapshot = Snapshot(pc, registers, [running])
    try:
        kernel = Kernel.load(elf)
    except KeyError as error:
        snapshot.missing = f"the tasks: this firmware's kernel has no {error.args[0]}"
        return snapshot
    current = _word(memory, kernel.current)
    for task in kernel.tasks(memory):
        if task == current:
            running.task = kernel.name(memory, task)
            continue
        stack = Stack(kernel.name(memory, task), False, list(kernel.stack(memory, task, pc)))
        snapshot.stacks.append(stack)
    return snapshot


def _running_stack(pc: int, registers: dict[str, int], memory: QemuMemory) -> Iterator[int]:
    """The running code, and its callers in the register file and on the stack."""
    yield pc
    count = 16 if "AR63" in registers else 8
    base = registers.get("WINDOWBASE", 0)
    live = registers.get("WINDOWSTART", 0) & ~(1 << base)
    link, stack = registers.get("A00", 0), registers.get("A01", 0)
    for _ in range(count):
        if not link & _ADDRESS:
            return
        yield _call(link, pc)
        base = (base - (link >> 30)) % count
        if not live >> base & 1:
            yield from _spilled(stack, memory, pc)
            return
        live &= ~(1 << base)
        link, stack = registers[f"AR{base * 4:02}"], registers[f"AR{base * 4 + 1:02}"]


def _spilled(stack: int, memory: QemuMemory, pc: int) -> Iterator[int]:
    """The callers whose registers are in save areas below the stack pointers."""
    for _ in range(DEEPEST):
        if not stack >= 16 or stack & 3:
            return
        try:
            link, stack = struct.unpack("<II", memory.read(stack - 16, 8))
        except Exception:  # no memory there: the stack is broken
            return
        if not link & _ADDRESS:
            return
        yield _call(link, pc)


def _call(link: int, pc: int) -> int:
    return (link & _ADDRESS | pc & _REGION) - _CALL


def _word(memory: QemuMemory, address: int) -> int:
    return int(_WORD.unpack(memory.read(address, 4))[0])


@dataclass(frozen=True)
class Kernel:
    """Where the kernel of a firmware keeps its tasks, from its DWARF."""

    current: int
    all_tasks: int
    members: dict[str, int]
    next_node: int
    owner: int
    name_size: int

    @classmethod
    def load(cls, elf: Path) -> "Kernel":
        """Read it; a KeyError names what is not there."""
        with elf.open("rb") as file:
            for unit in ELFFile(file).get_dwarf_info().iter_CUs():
                top = unit.get_top_DIE()
                if _name(top).endswith("freertos/scheduler.c"):
                    return cls._of(list(unit.iter_DIEs()))
        raise KeyError("freertos/scheduler.c (this is another kernel than the work-alike's)")

    @classmethod
    def _of(cls, entries: list[DIE]) -> "Kernel":
        task = _members(entries, "tskTaskControlBlock")
        node = _members(entries, "kernel_node")
        reent = sorted(offset for offset in task.values() if offset > task["name"])
        return cls(
            current=_variable(entries, "kernel_current"),
            all_tasks=_variable(entries, "s_all"),
            members=task,
            next_node=node["next"],
            owner=node["owner"],
            name_size=reent[0] - task["name"] if reent else 16,
        )

    def tasks(self, memory: QemuMemory) -> Iterator[int]:
        """The addresses of the tasks."""
        node = _word(memory, self.all_tasks + self.next_node)
        for _ in range(TASKS_MAX):
            if node in (self.all_tasks, 0):
                return
            yield _word(memory, node + self.owner)
            node = _word(memory, node + self.next_node)

    def name(self, memory: QemuMemory, task: int) -> str:
        """The name of a task."""
        raw = memory.read(task + self.members["name"], self.name_size)
        return raw.split(b"\0")[0].decode(errors="replace")

    def stack(self, memory: QemuMemory, task: int, pc: int) -> Iterator[int]:
        """The return addresses of a task that does not run; `pc` is of the code that does."""
        frame = _word(memory, task + self.members["frame"])
        at = _word(memory, frame + _FRAME_PC)
        if not _word(memory, frame + _FRAME_EXIT):  # it has yielded: that is a return address
            yield _call(at, pc)
            yield from _spilled(frame, memory, pc)
            return
        yield at
        link = _word(memory, frame + _FRAME_A0)
        if link & _ADDRESS:
            yield _call(link, pc)
            yield from _spilled(_word(memory, frame + _FRAME_A1), memory, pc)


def _name(entry: DIE) -> str:
    attribute = entry.attributes.get("DW_AT_name")
    return attribute.value.decode() if attribute is not None else ""


def _members(entries: list[DIE], structure: str) -> dict[str, int]:
    for entry in entries:
        if entry.tag == "DW_TAG_structure_type" and _name(entry) == structure:
            found: dict[str, int] = {
                _name(child): child.attributes["DW_AT_data_member_location"].value
                for child in entry.iter_children()
                if "DW_AT_data_member_location" in child.attributes
            }
            if found:
                return found
    raise KeyError(f"struct {structure}")


def _variable(entries: list[DIE], name: str) -> int:
    for entry in entries:
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
