"""Partitions and the flash driver of the work-alike, on the board."""

import re
from pathlib import Path
from typing import Any

import pytest

LONG = 60  # seconds that no case needs
MENU = "Press ENTER to see the list of tests"

_INDEX_OF_CASES = {
    path.stem: re.findall(
        r'^TEST_CASE(?:_MULTIPLE_STAGES)?\("([^"]+)", "(\S+)"', path.read_text(), re.MULTILINE
    )
    for path in sorted((Path(__file__).parent / "main").glob("test_*.c"))
}
CASES = [
    name for cases in _INDEX_OF_CASES.values() for name, tags in cases if "[ignore]" not in tags
]


def test_cases(dut: Any) -> None:
    """Every case of the firmware, by pytest-embedded's Unity tester."""
    dut.run_all_single_board_cases(timeout=LONG)
    passed = [case.name for case in dut.testsuite.testcases if case.result == "PASS"]
    assert sorted(passed) == sorted(CASES)


def start_case(dut: Any, name: str) -> None:
    dut.expect_exact(MENU)
    dut.write(f'"{name}"')
    dut.expect_exact(f"Running {name}...")


def count_records(dut: Any) -> int:
    start_case(dut, "count the records")
    count = int(dut.expect(rb"counted (\d+)\r")[1])
    dut.expect_exact("1 Tests 0 Failures")
    return count


@pytest.mark.parametrize("records", [1, 150, 700])
def test_flash_survives_a_killed_machine(dut: Any, records: int) -> None:
    """Whatever the firmware has said to be written is there after SIGKILL."""
    start_case(dut, "write records until the power goes")
    dut.expect_exact(f"written {records - 1}\r\n")
    dut.power_cut()
    dut.power_on()
    assert count_records(dut) >= records


@pytest.mark.parametrize("records", [1, 150, 700])
def test_flash_survives_a_reset(dut: Any, records: int) -> None:
    """The same for a reset in the middle of a command sequence."""
    start_case(dut, "write records until the power goes")
    dut.expect_exact(f"written {records - 1}\r\n")
    dut.hard_reset()
    assert count_records(dut) >= records
