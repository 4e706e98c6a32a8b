"""What a device is doing, seen from outside: it is stopped, read and left to go on.

Registers come from QEMU. What the tasks that do not run are doing is on their stacks, where the
kernel's structures say.
"""

import re
from pathlib import Path

from pytest_embedded_hotreload.emulator.kernel import read_kernel
from pytest_embedded_hotreload.emulator.memory import QemuMemory
from pytest_embedded_hotreload.emulator.qemu import EmulatedBoard
from pytest_embedded_hotreload.emulator.stacks import running
from pytest_embedded_hotreload.snapshot import Snapshot, Stack, Wait

_PC = re.compile(r"^PC=([0-9a-f]+)", re.MULTILINE)
_REGISTER = re.compile(r"\b([A-Z][A-Z0-9]*)=([0-9a-f]{8})")


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
    first = Stack("", True, list(running(pc, registers, memory)))
    snapshot = Snapshot(pc, registers, [first])
    try:
        kernel = read_kernel(elf, memory)
    except KeyError as error:
        snapshot.missing = f"the tasks: this firmware has no {error.args[0]}"
        return snapshot
    here, *elsewhere = kernel.running()
    for task in kernel.tasks():
        if task == here:
            stack = first
        else:
            addresses = [] if task in elsewhere else list(kernel.stack(task, pc))
            stack = Stack("", task in elsewhere, addresses)
            snapshot.stacks.append(stack)
        stack.task = kernel.name(task)
        stack.holds = kernel.holds(task)
        wanted = kernel.waits_for(task)
        if wanted is not None:
            mutex, holder = wanted
            stack.waits_for = Wait(mutex, kernel.name(holder) if holder else "")
    return snapshot
