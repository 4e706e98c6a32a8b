"""What the plug-in for QEMU has seen is read as it was written, and fails the test that did it."""

import re
import struct
from pathlib import Path

import pytest

from pytest_embedded_hotreload.sim.observer.lines import Code, reached
from pytest_embedded_hotreload.sim.observer.record import Access, Block, Mark, read_observations
from tests.conftest import NestedPytest

LOG = """\
reset 0
block 0 60000100 12 4
block 1 40000010 3 1 36c100
mark 60000100 40
byte 40000010 40000008 1 load
"""

RUNS_DATA = """
def run_data(dut):
    dut.expect("ready after 1")
    dut.write("run data")
    dut.expect("data has run")

def test_allowed_by_the_emulator(dut):
    run_data(dut)

@pytest.mark.observed
def test_seen(dut):
    run_data(dut)
"""


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "observed-1.log").write_text(LOG)
    (tmp_path / "observed-1.counts").write_bytes(struct.pack("<8Q", 7, 2, *[0] * 6))

    (run,) = read_observations(tmp_path)

    assert run.blocks == [
        Block(0x60000100, 12, 4, b"", 7),
        Block(0x40000010, 3, 1, bytes.fromhex("36c100"), 2),
    ]
    assert run.marks == [Mark(0, 0), Mark(0x60000100, 40)]
    assert run.accesses == [Access("byte", 0x40000010, 0x40000008, 1, "load")]


@pytest.mark.parametrize(
    ("executed", "lines"),
    [
        ([], set()),
        ([(0, 10)], set()),
        ([(0, 11)], {1}),
        ([(19, 20)], {1}),
        ([(20, 21), (29, 31)], {2, 3}),
        ([(12, 13), (0, 100)], {1, 2, 3}),
    ],
)
def test_a_line_is_reached_when_some_of_its_code_is(
    executed: list[tuple[int, int]], lines: set[int]
) -> None:
    code = [Code(10, 20, "a.c", 1), Code(20, 30, "a.c", 2), Code(30, 31, "a.c", 3)]

    assert reached(code, executed) == {("a.c", line) for line in lines}


def test_what_a_chip_would_not_do_fails_its_test(nested: NestedPytest) -> None:
    result = nested.run(RUNS_DATA, "-p", "no:randomly")

    assert "1 failed, 1 passed" in result.stdout
    assert re.search(
        r"^FAILED test_it.py::test_seen - ForbiddenAccess: executed 0x60", result.stdout, re.M
    )
    assert re.search(r"^E +ForbiddenAccess: .*, which is no code\nE +0x", result.stdout, re.M)


def test_other_lanes_have_no_observer(nested: NestedPytest) -> None:
    result = nested.run("def test_it():\n    pass\n", "--lane=esp32", "--observe")

    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--observe: lane esp32 has no observer" in result.stdout
