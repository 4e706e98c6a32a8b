"""Which tasks are inside a module, by what the kernel lists and by where their stacks lead."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

TEXT, OTHER_TEXT, DATA = "segment=text,40000,100", "segment=text,50000,80", "segment=data,60000,40"
SELF, SECOND, THIRD = "task=100,2000,3000", "task=200,4000,5000", "task=300,6000,7000"
RUNNING = 0x2220  # the stack pointer of the task that asks, see tasks_look/program.c
SPARE = 8  # entries that the list has room for in addition

Ask = Callable[..., str]


@pytest.fixture
def ask(program_named: Callable[[str], Path]) -> Ask:
    def run(*steps: str) -> str:
        command = [str(program_named("tasks")), *steps]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    return run


def seen(said: str) -> tuple[bool, bool, bool]:
    """Whether any is inside, any but the one that asks, and whether objects are in its memory."""
    found = re.search(r"^look: inside=(\d) others=(\d) objects=(\d) held=0$", said, re.MULTILINE)
    assert found, said
    return found[1] == "1", found[2] == "1", found[3] == "1"


def inside(frame: int, start: int = 0x40000, size: int = 0x100) -> str:
    return f"inside={frame:x},{start:x},{size:x}"


def test_nobody_is_inside(ask: Ask) -> None:
    said = ask(TEXT, DATA, SELF, SECOND, THIRD, "look")
    assert seen(said) == (False, False, False)
    assert said.splitlines()[:-1] == [
        "hold",
        f"running {RUNNING:x} to 3010",
        "saved 4000 to 5010",
        "saved 6000 to 7010",
        "release",
    ]


@pytest.mark.parametrize(("frame", "others"), [(RUNNING, False), (0x4000, True), (0x6000, True)])
def test_one_is_inside(ask: Ask, frame: int, others: bool) -> None:
    """Whoever it is, and wherever in the list; the one that asks may be told from others."""
    said = ask(TEXT, DATA, SELF, SECOND, THIRD, inside(frame), "look")
    assert seen(said) == (True, others, False)


def test_each_text_is_looked_for_and_no_data(ask: Ask) -> None:
    steps = [TEXT, DATA, OTHER_TEXT, SELF, SECOND]
    assert seen(ask(*steps, inside(0x4000, 0x50000, 0x80), "look")) == (True, True, False)
    assert seen(ask(*steps, inside(0x4000, 0x60000, 0x40), "look")) == (False, False, False)


def test_the_task_itself_where_it_was_saved_last_is_of_no_interest(ask: Ask) -> None:
    assert seen(ask(TEXT, SELF, SECOND, inside(0x2000), "look")) == (False, False, False)


@pytest.mark.parametrize(
    ("tcb", "end", "objects"),
    [
        (0x60000, 0x7000, True),
        (0x6003F, 0x7000, True),
        (0x60040, 0x7000, False),
        (0x5FFFF, 0x7000, False),
        (0x200, 0x60000, True),
        (0x200, 0x6003F, True),
        (0x200, 0x60040, False),
        (0x40010, 0x7000, False),
    ],
)
def test_objects_of_the_kernel_in_its_data(ask: Ask, tcb: int, end: int, objects: bool) -> None:
    """A control block, or a stack by its end."""
    said = ask(TEXT, DATA, SELF, f"task={tcb:x},4000,{end:x}", THIRD, "look")
    assert seen(said) == (False, False, objects)


@pytest.mark.parametrize(("low", "high"), [(0x4FF0, 0x5000), (0x4FF1, 0x5000), (0x4FFF, 0x5000)])
def test_a_stack_ends_behind_its_last_16_bytes(ask: Ask, low: int, high: int) -> None:
    assert f"saved 4000 to {high:x}\n" in ask(TEXT, SELF, f"task=200,4000,{low:x}", "look")


@pytest.mark.parametrize("spare", [0, 1, SPARE - 1, SPARE, SPARE + 5])
def test_more_entries_than_there_is_room_for(ask: Ask, spare: int) -> None:
    """One that may be missing may be inside."""
    is_whole = spare < SPARE
    said = ask(TEXT, SELF, SECOND, f"spare={spare:x}", "look")
    assert seen(said) == (not is_whole, not is_whole, False)
    assert said.count("release") == 1


def test_other_core_that_cannot_be_held(ask: Ask) -> None:
    said = ask(TEXT, SELF, "busy", "look")
    assert seen(said) == (True, True, False)
    assert "release" not in said
    assert "listed" not in said


def test_no_memory_for_the_list(ask: Ask) -> None:
    said = ask(TEXT, SELF, "no_memory", "look")
    assert seen(said) == (True, True, False)
    assert "hold" not in said


@pytest.mark.parametrize("is_inside", [False, True])
def test_the_one_that_asks(ask: Ask, is_inside: bool) -> None:
    where = inside(RUNNING) if is_inside else inside(0x4000)
    said = ask(TEXT, SELF, SECOND, where, "caller")
    assert f"caller: {is_inside:d}\n" in said
    assert "hold" not in said


@pytest.mark.parametrize("texts", [0, 1, 7, 8, 9])
@pytest.mark.parametrize("where", [0, 1, 7, 8])
def test_the_one_that_asks_in_any_module(ask: Ask, texts: int, where: int) -> None:
    """With more modules than are looked at nobody knows, and the answer is yes."""
    said = ask(SELF, f"texts={texts:x}", inside(RUNNING, 0x1000 * where, 0x100), "any")
    assert f"any: {1 <= where <= texts or texts > 8:d}\n" in said
