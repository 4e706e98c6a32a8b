"""Mbed TLS and random numbers of the work-alike, on the board."""

import re
from pathlib import Path
from typing import Any

MENU = "Press ENTER to see the list of tests"
BOOTS = 4

CASES = [
    name
    for path in sorted((Path(__file__).parent / "main").glob("test_*.c"))
    for name, tags in re.findall(r'^TEST_CASE\("([^"]+)", "(\S+)"', path.read_text(), re.MULTILINE)
    if "[ignore]" not in tags
]


def test_cases(dut: Any) -> None:
    """Every case of the firmware, by pytest-embedded's Unity tester."""
    dut.run_all_single_board_cases(timeout=60)
    passed = [case.name for case in dut.testsuite.testcases if case.result == "PASS"]
    assert sorted(passed) == sorted(CASES)


def test_random_numbers_differ_from_boot_to_boot(dut: Any) -> None:
    """A reset and a number that was drawn before say nothing about the next boot's numbers."""
    numbers = []
    for _ in range(BOOTS):
        dut.expect_exact(MENU)
        dut.write('"print a random number"')
        numbers.append(dut.expect(rb"random (\w{8})\r")[1])
        dut.hard_reset()
    assert len(set(numbers)) == BOOTS
