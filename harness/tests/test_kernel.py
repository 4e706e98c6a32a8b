"""Tasks and mutexes of ESP-IDF's kernel, read from a memory in which they were laid out by hand."""

import os
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from pytest_embedded_hotreload.emulator.kernel import FreeRtos, read_kernel
from pytest_embedded_hotreload.lanes import Lane
from pytest_embedded_hotreload.memory import Memory

# as far as they are read, in another order than in ESP-IDF: what counts is the debug information
KERNEL = """
#include <stdint.h>
typedef struct xLIST_ITEM {
    uint32_t xItemValue;
    struct xLIST_ITEM *pxNext;
    void *pvOwner;
    struct xLIST *pxContainer;
} ListItem_t;
typedef struct xLIST { uint32_t uxNumberOfItems; ListItem_t *pxIndex; ListItem_t xListEnd; } List_t;
typedef struct tskTaskControlBlock {
    uint32_t *pxTopOfStack;
    ListItem_t xEventListItem;
    ListItem_t xStateListItem;
    char pcTaskName[12];
    uint32_t uxPriority;
} TCB_t;
"""

QUEUE = """
typedef struct SemaphoreData { uint32_t uxRecursiveCallCount; TCB_t *xMutexHolder; } Semaphore_t;
typedef struct QueueDefinition {
    char *pcHead;
    uint32_t uxLength;
    uint32_t uxItemSize;
    List_t xTasksWaitingToReceive;
    union { char *pcTail; Semaphore_t xSemaphore; } u;
} Queue_t;
"""

#: `app` and `upload` wait for each other, `reader` for an item of a queue
TASKS = """
extern Queue_t turn, mutex, items;
#define LINK(list) (ListItem_t *)&(list).xListEnd
#define NODE(task, next, list, owner) {0, next, owner, list}
TCB_t idle, app, upload, reader;
List_t pxReadyTasksLists[2] = {
    {0, 0, {0, LINK(pxReadyTasksLists[0]), 0, 0}},
    {1, 0, {0, &idle.xStateListItem, 0, 0}},
};
List_t xDelayedTaskList1 = {0, 0, {0, LINK(xDelayedTaskList1), 0, 0}};
List_t xDelayedTaskList2 = {1, 0, {0, &reader.xStateListItem, 0, 0}};
List_t xSuspendedTaskList = {2, 0, {0, &app.xStateListItem, 0, 0}};
TCB_t *pxCurrentTCB[2] = {&idle, 0};
uint32_t yielded[8];
TCB_t idle = {0, {0}, {0, LINK(pxReadyTasksLists[1]), &idle, &pxReadyTasksLists[1]}, "IDLE0"};
TCB_t app = {yielded, {0, 0, &app, &turn.xTasksWaitingToReceive},
             {0, &upload.xStateListItem, &app, &xSuspendedTaskList}, "app"};
TCB_t upload = {0, {0, 0, &upload, &mutex.xTasksWaitingToReceive},
                {0, LINK(xSuspendedTaskList), &upload, &xSuspendedTaskList}, "upload"};
TCB_t reader = {0, {0, 0, &reader, &items.xTasksWaitingToReceive},
                {0, LINK(xDelayedTaskList2), &reader, &xDelayedTaskList2}, "reader"};
int main(void) { return 0; }
"""

QUEUES = """
extern TCB_t app, upload, reader;
typedef struct { Queue_t *handle; Queue_t storage; } hr_lock_t;
Queue_t mutex = {0, 1, 0, {1}, {.xSemaphore = {1, &app}}};
Queue_t turn = {0, 1, 0, {1}, {.xSemaphore = {1, &upload}}};
char storage[8];
Queue_t items = {storage, 2, 4, {1}, {.pcTail = storage}};
"""

#: that nobody waits for, one that is held and one that was never taken
LOCKS = """
extern TCB_t app;
typedef struct { Queue_t *handle; Queue_t storage; } hr_lock_t;
static hr_lock_t held = {&held.storage, {0, 1, 0, {0}, {.xSemaphore = {1, &app}}}};
static hr_lock_t unused;
hr_lock_t *const locks[] = {&held, &unused};
"""


class Image(Memory):
    """The memory of a device that has not started: what its ELF has."""

    def __init__(self, elf: Path) -> None:
        with elf.open("rb") as file:
            self._segments = [
                (segment["p_vaddr"], segment.data().ljust(segment["p_memsz"], b"\0"))
                for segment in ELFFile(file).iter_segments(type="PT_LOAD")
            ]

    def read(self, address: int, size: int) -> bytes:
        for start, data in self._segments:
            if start <= address and address + size <= start + len(data):
                return data[address - start : address - start + size]
        raise AssertionError(f"{address:#x} is not there")


def gcc(lane: Lane) -> Path:
    folders = map(Path, lane.environment()["PATH"].split(os.pathsep))
    return next(path for folder in folders for path in sorted(folder.glob("xtensa-*-elf-gcc")))


@pytest.fixture
def elf(lane: Lane, tmp_path: Path) -> Path:
    lane.require_tools()
    sources = {
        "FreeRTOS-Kernel/tasks.c": KERNEL + QUEUE + TASKS,
        "FreeRTOS-Kernel/queue.c": KERNEL + QUEUE + QUEUES,
        "hr_operation.c": KERNEL + QUEUE + LOCKS,
    }
    for name, text in sources.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    options = ["-g", "-O0", "-nostdlib", "-Wl,-e,main", "-Wl,-Ttext=0x40080000"]
    options.append("-Wl,-Tdata=0x3ffb0000")
    subprocess.run(
        [str(gcc(lane)), *options, *sources, "-o", "firmware.elf"], cwd=tmp_path, check=True
    )
    return tmp_path / "firmware.elf"


def test_tasks_and_mutexes_of_esp_idf(elf: Path) -> None:
    with elf.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        at = {symbol.name: symbol["st_value"] for symbol in table.iter_symbols()}  # type: ignore[union-attr]

    kernel = read_kernel(elf, Image(elf))

    assert isinstance(kernel, FreeRtos)
    tasks = {kernel.name(task): task for task in kernel.tasks()}
    assert tasks == {
        "IDLE0": at["idle"],
        "app": at["app"],
        "upload": at["upload"],
        "reader": at["reader"],
    }
    assert kernel.running() == [at["idle"], 0]
    assert {name: kernel.waits_for(task) for name, task in tasks.items()} == {
        "IDLE0": None,
        "app": (at["turn"], at["upload"]),
        "upload": (at["mutex"], at["app"]),
        "reader": None,
    }
    assert {name: kernel.holds(task) for name, task in tasks.items()} == {
        "IDLE0": [],
        "app": [at["mutex"], at["held"] + 4],
        "upload": [at["turn"]],
        "reader": [],
    }


def test_firmware_without_a_known_kernel(elf: Path, lane: Lane) -> None:
    (elf.parent / "other.c").write_text("int main(void) { return 0; }\n")
    command = [str(gcc(lane)), "-g", "-nostdlib", "-Wl,-e,main", "other.c", "-o", "other.elf"]
    subprocess.run(command, cwd=elf.parent, check=True)

    with pytest.raises(KeyError, match=r"scheduler\.c and no FreeRTOS-Kernel/tasks\.c"):
        read_kernel(elf.parent / "other.elf", Image(elf.parent / "other.elf"))
