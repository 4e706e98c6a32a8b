"""Whether a task can still execute a module: stacks by hand, as ESP-IDF leaves them."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import pytest

from host import Host

TEXT, SIZE = 0x400A0000, 0x400
FIRMWARE = 0x400D1234
HIGH = 0x3FFC0000  # end of the stack
WINDOW = 0x80000000  # call8, in place of the upper bits of a return address
EXIT = 0x40081000  # of a task that was stopped by an interrupt


def returns_to(address: int) -> int:
    return address & 0x3FFFFFFF | WINDOW


@dataclass
class Stack:
    """The stack of a task: its functions from the first to the one that runs."""

    functions: list[int]
    frame_size: int = 48
    words: dict[int, int] = field(default_factory=dict)

    @property
    def sp(self) -> int:
        """Of the function that runs."""
        return HIGH - self.frame_size * len(self.functions)

    def save_callers(self) -> None:
        """Each caller's a0 and a1 go below the stack pointer of what it called."""
        sp, return_address = HIGH, 0
        for function in self.functions:
            callee_sp = sp - self.frame_size
            self.words[callee_sp - 16] = return_address
            self.words[callee_sp - 12] = sp
            sp, return_address = callee_sp, returns_to(function)

    def interrupted(self, pc: int, **registers: int) -> int:
        """An XtExcFrame. The function that runs was called by the last of `functions`."""
        self.save_callers()
        frame = self.sp - 160
        a = {f"a{i}": 0x3FFB0000 + i for i in range(16)}
        a |= {"a0": returns_to(self.functions[-1]), "a1": self.sp} | registers
        for i, value in enumerate([EXIT, pc, 0x60030, *a.values()]):
            self.words[frame + 4 * i] = value
        return frame

    def solicited(self) -> int:
        """An XtSolFrame, of the scheduler's function that the last of `functions` has called."""
        self.save_callers()
        frame = self.sp
        for i, value in enumerate([0, returns_to(self.functions[-1]), 0x60030]):
            self.words[frame + 4 * i] = value
        return frame

    def image(self, low: int) -> bytes:
        words = (self.words.get(at, 0xA5A5A5A5) for at in range(low, HIGH, 4))
        return b"".join(struct.pack("<I", word) for word in words)


def walk(host: Host, stack: Stack, frame: int, text: int = TEXT) -> str:
    low = frame - 16
    file = host.file(stack.image(low))
    return host.run(f"stack={frame},{text},{SIZE},{low},{file}").result("stack")


def walk_callers(host: Host, stack: Stack, return_address: int) -> str:
    low = stack.sp - 16
    file = host.file(stack.image(low))
    step = f"callers={stack.sp},{TEXT},{SIZE},{low},{return_address},{file}"
    return host.run(step).result("callers")


def test_interrupted_in_the_firmware(host: Host) -> None:
    stack = Stack([FIRMWARE] * 5)
    assert walk(host, stack, stack.interrupted(FIRMWARE)) == "outside"


def test_waiting_in_the_firmware(host: Host) -> None:
    stack = Stack([FIRMWARE] * 5)
    assert walk(host, stack, stack.solicited()) == "outside"


@pytest.mark.parametrize("address", [TEXT, TEXT + SIZE - 1])
def test_interrupted_in_the_module(host: Host, address: int) -> None:
    stack = Stack([FIRMWARE] * 5)
    assert walk(host, stack, stack.interrupted(address)) == "inside"


@pytest.mark.parametrize("address", [TEXT - 1, TEXT + SIZE])
def test_next_to_the_module_is_outside(host: Host, address: int) -> None:
    stack = Stack([FIRMWARE, address, FIRMWARE])
    assert walk(host, stack, stack.interrupted(address, a8=address)) == "outside"


@pytest.mark.parametrize("depth", range(6))
def test_a_caller_in_the_module(host: Host, depth: int) -> None:
    """However deep in the firmware the module's function has called."""
    functions = [FIRMWARE] * 6
    functions[depth] = TEXT + 0x20
    for frame in ("interrupted", "solicited"):
        stack = Stack(functions)
        at = stack.interrupted(FIRMWARE) if frame == "interrupted" else stack.solicited()
        assert walk(host, stack, at) == "inside", frame


@pytest.mark.parametrize("register", [f"a{i}" for i in range(2, 16)])
def test_a_register_that_points_into_the_module(host: Host, register: int) -> None:
    """A stub that has read the table, a call that has not made its window, a new task."""
    for value in (TEXT + 3, returns_to(TEXT + 3)):
        stack = Stack([FIRMWARE] * 3)
        frame = stack.interrupted(FIRMWARE, **{str(register): value})
        assert walk(host, stack, frame) == "inside"


def test_a_small_number_is_no_address(host: Host) -> None:
    """Text begins 8 bytes into a region of 1 GB: a constant 8 is not taken for its address."""
    text = 0x40000008
    stack = Stack([FIRMWARE] * 3)
    for value, found in ((8, "outside"), (text, "inside"), (returns_to(text), "inside")):
        frame = stack.interrupted(FIRMWARE, a8=value)
        assert walk(host, stack, frame, text) == found


def test_what_is_left_of_calls_that_have_returned_does_not_count(host: Host) -> None:
    stack = Stack([FIRMWARE] * 4, frame_size=128)
    frame = stack.solicited()
    for sp in range(frame + 32, HIGH - 64, 128):
        stack.words[sp] = returns_to(TEXT + 0x40)
    assert walk(host, stack, frame) == "outside"


def test_the_task_that_asks(host: Host) -> None:
    stack = Stack([FIRMWARE, TEXT + 8, FIRMWARE])
    stack.save_callers()
    assert walk_callers(host, stack, FIRMWARE) == "inside"
    stack = Stack([FIRMWARE] * 3)
    stack.save_callers()
    assert walk_callers(host, stack, FIRMWARE) == "outside"
    assert walk_callers(host, stack, returns_to(TEXT)) == "inside"


@pytest.mark.parametrize("caller_sp", [0, HIGH - 96, HIGH + 4096, HIGH + 16, 0xFFFFFFFC])
def test_who_cannot_be_followed_counts_as_inside(host: Host, caller_sp: int) -> None:
    """Stack pointers that go down, stay, or leave the stack."""
    stack = Stack([FIRMWARE] * 4)
    frame = stack.interrupted(FIRMWARE)
    stack.words[HIGH - 96 - 12] = caller_sp  # what the second function has saved of the first
    assert walk(host, stack, frame) == "inside"


@pytest.mark.parametrize("left", [0, 4, 60, 72])
def test_a_frame_that_is_cut_off_counts_as_inside(host: Host, left: int) -> None:
    stack = Stack([FIRMWARE])
    frame = stack.interrupted(FIRMWARE)
    file = host.file(stack.image(frame - 16)[: 16 + left])
    run = host.run(f"stack={frame},{TEXT},{SIZE},{frame - 16},{file}")
    assert run.result("stack") == "inside"


@pytest.mark.parametrize("frame", [0, HIGH, HIGH - 4, 0xFFFFFFF0])
def test_a_frame_outside_the_stack_counts_as_inside(host: Host, frame: int) -> None:
    stack = Stack([FIRMWARE])
    low = stack.interrupted(FIRMWARE) - 16
    file = host.file(stack.image(low))
    assert host.run(f"stack={frame},{TEXT},{SIZE},{low},{file}").result("stack") == "inside"


CALL = 3  # bytes: a return address is behind the call


def find(host: Host, stack: Stack, pc: int, return_address: int) -> str:
    low = stack.sp - 16
    file = host.file(stack.image(low))
    step = f"find_on_stack={stack.sp},{TEXT},{SIZE},{low},{pc},{return_address},{file}"
    return host.run(step).result("find_on_stack")


@pytest.mark.parametrize("depth", range(7))
def test_innermost_address_of_a_panic(host: Host, depth: int) -> None:
    """Of the functions from `depth` on, counted from where the task was stopped, in the module."""
    text = [TEXT + 0x10 * (6 - at) for at in range(depth, 7)]
    functions = [*reversed(text), *[FIRMWARE] * depth]
    stack = Stack(functions[:-1])
    stack.save_callers()
    *_, caller, pc = functions
    found = TEXT + 0x10 * (6 - depth) - (CALL if depth else 0)
    assert find(host, stack, pc, returns_to(caller)) == f"0x{found:08x}"


def test_panic_without_the_module(host: Host) -> None:
    stack = Stack([FIRMWARE] * 4)
    stack.save_callers()
    assert find(host, stack, TEXT + SIZE, returns_to(TEXT - 1)) == "outside"
    assert find(host, stack, TEXT & 0x3FFFFFFF, 0) == "outside"  # a null pointer's region


@pytest.mark.parametrize("caller_sp", [0, HIGH - 96])
def test_panic_whose_stack_is_broken(host: Host, caller_sp: int) -> None:
    """What is before the break is found, what is behind it not."""
    stack = Stack([TEXT, FIRMWARE, FIRMWARE, FIRMWARE])
    stack.save_callers()
    stack.words[HIGH - 96 - 12] = caller_sp
    assert find(host, stack, FIRMWARE, returns_to(FIRMWARE)) == "outside"
    assert find(host, stack, FIRMWARE, returns_to(TEXT + 9)) == f"0x{TEXT + 6:08x}"
