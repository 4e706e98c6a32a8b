"""The tasks of a device that was stopped, and the mutexes that they wait for and hold.

They are read from its memory; how the structures of its kernel are laid out says the firmware's
DWARF. There are two kernels: the work-alike's, and ESP-IDF's FreeRTOS.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

from elftools.elf.elffile import ELFFile

from hotreload_decode.console import IN_REGION, call_before
from pytest_embedded_hotreload.emulator.dwarf import Unit, objects
from pytest_embedded_hotreload.emulator.stacks import spilled, word
from pytest_embedded_hotreload.memory import Memory

TASKS_MAX = 64
HELD_MAX = 16

# XtExcFrame and XtSolFrame, see xtensa_context.h
_FRAME_EXIT, _FRAME_PC, _FRAME_A0, _FRAME_A1 = 0, 4, 12, 16


def read_kernel(elf: Path, memory: Memory) -> "Kernel":
    """The kernel of a firmware; a KeyError names what is not there."""
    for kernel in (WorkAlike, FreeRtos):
        try:
            source = Unit.load(elf, kernel.source)
        except KeyError:
            continue
        return kernel(elf, memory, source)
    raise KeyError(f"{WorkAlike.source} and no {FreeRtos.source}")


class Kernel(ABC):
    """The tasks of a device; a task and a mutex are known by their addresses."""

    #: what the file is called that has its tasks
    source: str
    #: of a task: where its saved frame is, and its name
    _frame: str
    _name: str

    def __init__(self, memory: Memory, task: dict[str, int]) -> None:
        self._memory = memory
        self._task = task
        behind = [offset for offset in task.values() if offset > task[self._name]]
        self._name_size = min(behind) - task[self._name] if behind else 16

    @abstractmethod
    def running(self) -> list[int]:
        """The task that runs on each core."""

    @abstractmethod
    def tasks(self) -> Iterator[int]:
        """All tasks."""

    @abstractmethod
    def waits_for(self, task: int) -> tuple[int, int] | None:
        """The mutex that a task waits for, and the task that holds it (0: none any more)."""

    @abstractmethod
    def holds(self, task: int) -> list[int]:
        """The mutexes that a task holds."""

    def name(self, task: int) -> str:
        """The name of a task."""
        raw = self._memory.read(task + self._task[self._name], self._name_size)
        return raw.split(b"\0")[0].decode(errors="replace")

    def stack(self, task: int, pc: int) -> Iterator[int]:
        """The return addresses of a task that does not run; `pc` is of the code that does."""
        frame = self._of(task, self._frame)
        at = self._word(frame + _FRAME_PC)
        if not self._word(frame + _FRAME_EXIT):  # it has yielded: that is a return address
            yield call_before(at, pc)
            yield from spilled(frame, self._memory, pc)
            return
        yield at
        link = self._word(frame + _FRAME_A0)
        if link & IN_REGION:
            yield call_before(link, pc)
            yield from spilled(self._word(frame + _FRAME_A1), self._memory, pc)

    def _word(self, address: int) -> int:
        return word(self._memory, address)

    def _of(self, task: int, member: str) -> int:
        return self._word(task + self._task[member])


class WorkAlike(Kernel):
    """The kernel of `harness/pytest_embedded_hotreload/sim/idf`."""

    source = "freertos/scheduler.c"
    _frame = "frame"
    _name = "name"

    def __init__(self, elf: Path, memory: Memory, scheduler: Unit) -> None:
        super().__init__(memory, scheduler.members("tskTaskControlBlock"))
        self._current = scheduler.variable("kernel_current")
        self._all = scheduler.variable("s_all")
        self._node = scheduler.members("kernel_node")
        self._queue = Unit.load(elf, "freertos/queue.c").members("QueueDefinition")

    def running(self) -> list[int]:
        return [self._word(self._current)]

    def tasks(self) -> Iterator[int]:
        yield from self._owners(self._all, TASKS_MAX)

    def waits_for(self, task: int) -> tuple[int, int] | None:
        mutex = self._of(task, "waits_for_mutex")
        return (mutex, self._word(mutex + self._queue["holder"])) if mutex else None

    def holds(self, task: int) -> list[int]:
        return list(self._owners(task + self._task["held_mutexes"], HELD_MAX))

    def _owners(self, end: int, limit: int) -> Iterator[int]:
        """What the nodes of a list belong to, but for the end mark."""
        node = self._word(end + self._node["next"])
        for _ in range(limit):
            if node in (end, 0):
                return
            yield self._word(node + self._node["owner"])
            node = self._word(node + self._node["next"])


class FreeRtos(Kernel):
    """ESP-IDF's FreeRTOS. It does not keep what a task holds: looked at are the mutexes that a task
    waits for, and the component's locks."""

    source = "FreeRTOS-Kernel/tasks.c"
    _frame = "pxTopOfStack"
    _name = "pcTaskName"

    def __init__(self, elf: Path, memory: Memory, source: Unit) -> None:
        super().__init__(memory, source.members("tskTaskControlBlock"))
        self._list, self._item = source.members("xLIST"), source.members("xLIST_ITEM")
        self._end = self._list["xListEnd"]
        queue = Unit.load(elf, "FreeRTOS-Kernel/queue.c")
        self._queue = queue.members("QueueDefinition")
        self._holder = self._queue["u"] + queue.members("SemaphoreData")["xMutexHolder"]
        with elf.open("rb") as file:
            named = list(objects(ELFFile(file)))
        sizes = {entry.name: (entry.address, entry.size) for entry in named}
        current = next(name for name in ("pxCurrentTCBs", "pxCurrentTCB") if name in sizes)
        self._current = range(sizes[current][0], sum(sizes[current]), 4)
        one = sizes["xDelayedTaskList1"][1]
        self._lists = [
            at
            for name in LISTS
            if name in sizes
            for at in range(sizes[name][0], sum(sizes[name]), one)
        ]
        locks = [entry.address for entry in named if entry.source.startswith("hr_")]
        #: what they have, a handle, leads to what is behind it (hr_lock_t)
        self._locks = [at + 4 for at in locks if self._word(at & ~3) == at + 4]

    def running(self) -> list[int]:
        return [self._word(at) for at in self._current]

    def tasks(self) -> Iterator[int]:
        found = dict.fromkeys(self.running())
        for one in self._lists:
            end = one + self._end
            item = self._word(end + self._item["pxNext"])
            for _ in range(TASKS_MAX):
                if item in (end, 0):
                    break
                found[self._word(item + self._item["pvOwner"])] = None
                item = self._word(item + self._item["pxNext"])
        yield from (task for task in found if task)

    def waits_for(self, task: int) -> tuple[int, int] | None:
        waiters = self._word(task + self._task["xEventListItem"] + self._item["pxContainer"])
        mutex = waiters - self._queue["xTasksWaitingToReceive"]
        if not waiters or not self._is_mutex(mutex):
            return None
        return mutex, self._word(mutex + self._holder)

    def holds(self, task: int) -> list[int]:
        waited = (self.waits_for(other) for other in self.tasks())
        known = dict.fromkeys([*(wait[0] for wait in waited if wait), *self._locks])
        return [mutex for mutex in known if self._word(mutex + self._holder) == task]

    def _is_mutex(self, queue: int) -> bool:
        """A queue without a buffer, of one item without a size."""
        parts = (self._word(queue + self._queue[part]) for part in QUEUE_OF_A_MUTEX)
        return tuple(parts) == tuple(QUEUE_OF_A_MUTEX.values())


#: in which a task that does not run is
LISTS = (
    *("pxReadyTasksLists", "xDelayedTaskList1", "xDelayedTaskList2", "xSuspendedTaskList"),
    "xTasksWaitingTermination",
)
QUEUE_OF_A_MUTEX = {"pcHead": 0, "uxLength": 1, "uxItemSize": 0}
