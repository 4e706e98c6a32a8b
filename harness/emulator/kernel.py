"""The tasks of a device that was stopped, and the mutexes that they wait for and hold.

They are read from its memory; how the kernel's structures are laid out says the firmware's DWARF.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.emulator.dwarf import Unit
from harness.emulator.stacks import call_before, spilled, word
from harness.memory import Memory

TASKS_MAX = 64
HELD_MAX = 16
_ADDRESS = 0x3FFFFFFF

# XtExcFrame and XtSolFrame, see xtensa_context.h
_FRAME_EXIT, _FRAME_PC, _FRAME_A0, _FRAME_A1 = 0, 4, 12, 16


@dataclass(frozen=True)
class Kernel:
    """Where the kernel of a firmware keeps its tasks."""

    current: int
    all_tasks: int
    task: dict[str, int]
    queue: dict[str, int]
    next_node: int
    owner: int
    name_size: int

    @classmethod
    def load(cls, elf: Path) -> "Kernel":
        """Read it; a KeyError names what is not there."""
        try:
            scheduler = Unit.load(elf, "freertos/scheduler.c")
        except KeyError as error:
            raise KeyError(
                f"{error.args[0]} (it is another kernel than the work-alike's)"
            ) from None
        task, node = scheduler.members("tskTaskControlBlock"), scheduler.members("kernel_node")
        behind = sorted(offset for offset in task.values() if offset > task["name"])
        return cls(
            current=scheduler.variable("kernel_current"),
            all_tasks=scheduler.variable("s_all"),
            task=task,
            queue=Unit.load(elf, "freertos/queue.c").members("QueueDefinition"),
            next_node=node["next"],
            owner=node["owner"],
            name_size=behind[0] - task["name"] if behind else 16,
        )

    def tasks(self, memory: Memory) -> Iterator[int]:
        """The addresses of the tasks."""
        yield from self._owners(memory, self.all_tasks, TASKS_MAX)

    def name(self, memory: Memory, task: int) -> str:
        """The name of a task."""
        raw = memory.read(task + self.task["name"], self.name_size)
        return raw.split(b"\0")[0].decode(errors="replace")

    def waits_for(self, memory: Memory, task: int) -> tuple[int, int] | None:
        """The mutex that a task waits for, and the task that holds it (0: none any more)."""
        mutex = word(memory, task + self.task["waits_for_mutex"])
        return (mutex, word(memory, mutex + self.queue["holder"])) if mutex else None

    def holds(self, memory: Memory, task: int) -> list[int]:
        """The mutexes that a task holds."""
        return list(self._owners(memory, task + self.task["held_mutexes"], HELD_MAX))

    def stack(self, memory: Memory, task: int, pc: int) -> Iterator[int]:
        """The return addresses of a task that does not run; `pc` is of the code that does."""
        frame = word(memory, task + self.task["frame"])
        at = word(memory, frame + _FRAME_PC)
        if not word(memory, frame + _FRAME_EXIT):  # it has yielded: that is a return address
            yield call_before(at, pc)
            yield from spilled(frame, memory, pc)
            return
        yield at
        link = word(memory, frame + _FRAME_A0)
        if link & _ADDRESS:
            yield call_before(link, pc)
            yield from spilled(word(memory, frame + _FRAME_A1), memory, pc)

    def _owners(self, memory: Memory, end: int, limit: int) -> Iterator[int]:
        """What the nodes of a list belong to, but for the end mark."""
        node = word(memory, end + self.next_node)
        for _ in range(limit):
            if node in (end, 0):
                return
            yield word(memory, node + self.owner)
            node = word(memory, node + self.next_node)
