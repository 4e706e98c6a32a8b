"""What a user of the plugin gets wrong is told in one line."""

import subprocess
import sys

import pytest

from pytest_embedded_hotreload.lanes import CAPABILITIES, find_lane, lane_names
from tests.conftest import ROOT, NestedPytest

TEST = """
@pytest.mark.needs({capability!r})
def test_it():
    pass
"""


def test_every_lane_is_complete() -> None:
    for name in lane_names():
        lane = find_lane(name)
        assert lane.name == name
        assert lane.summary
        assert lane.capabilities <= set(CAPABILITIES)


def test_main_job_is_what_is_marked(nested: NestedPytest) -> None:
    """`-k` also finds names and parameters. The example, which has no markers, belongs to it."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-k", "reload"]
    command += ["-m", "not reload", "-p", "no:cacheprovider"]
    result = subprocess.run(
        command, cwd=ROOT, env=nested.environment(), stdout=subprocess.PIPE, text=True
    )

    assert result.returncode == pytest.ExitCode.OK, result.stdout
    found = [line for line in result.stdout.splitlines() if "::" in line]
    assert [test for test in found if not test.startswith("examples/")] == []


def test_main_job_does_not_import_everything(nested: NestedPytest) -> None:
    """And has all the same what it would have."""

    def collected(*options: str) -> tuple[set[str], int]:
        command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *options]
        result = subprocess.run(
            [*command, "-p", "no:cacheprovider"],
            cwd=ROOT,
            env=nested.environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        found = {line for line in result.stdout.splitlines() if "::" in line}
        return found, int(result.stdout.splitlines()[-1].partition("/")[2].split()[0])

    few, looked_at = collected("-k", "reload")
    marked, everything = collected("-m", "reload")
    example = {test for test in few if test.startswith("examples/")}

    assert few == marked | example
    assert example
    assert looked_at < everything / 2


def test_unknown_lane(nested: NestedPytest) -> None:
    result = nested.run(TEST.format(capability="http"), "--lane=mars")

    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    assert result.stdout.strip() == (
        f"ERROR: unknown lane 'mars': this version has {', '.join(lane_names())}"
    )


def test_unknown_capability(nested: NestedPytest) -> None:
    result = nested.run(TEST.format(capability="flying"))

    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    assert "test_it.py::test_it: unknown capability flying: there are http, memory" in result.stdout
    assert "Traceback" not in result.stdout


def test_lane_that_lacks_a_capability(nested: NestedPytest) -> None:
    body = """
import pytest_embedded_hotreload.lanes.sim
pytest_embedded_hotreload.lanes.sim.SimLane.capabilities = frozenset({"http"})
"""
    result = nested.run(body + TEST.format(capability="power-cut"), "-rs")

    assert result.returncode == pytest.ExitCode.OK
    assert "lane sim lacks power-cut" in result.stdout


def test_lane_that_cannot_count_instructions(nested: NestedPytest) -> None:
    body = """
import pytest_embedded_hotreload.lanes.sim
pytest_embedded_hotreload.lanes.sim.SimLane.capabilities = frozenset({"http"})

@pytest.mark.icount
def test_it(dut):
    raise AssertionError("a lane without the capability must not get here")
"""
    result = nested.run(body, "-rs")

    assert result.returncode == pytest.ExitCode.OK
    assert "lane sim lacks icount" in result.stdout


def test_device_of_a_test_with_two(nested: NestedPytest) -> None:
    body = """
@pytest.fixture
def devices():
    return [1, 2]

def test_it(device):
    pass
"""
    result = nested.run(body)

    assert result.returncode == pytest.ExitCode.TESTS_FAILED
    assert "this test has several devices: use the fixture `devices`" in result.stdout
    assert "fixtures.py" not in result.stdout


def test_firmware_that_is_not_there(nested: NestedPytest) -> None:
    body = """
@pytest.mark.firmware("/nowhere")
def test_it(dut):
    pass
"""
    result = nested.run(body)

    assert result.returncode == pytest.ExitCode.TESTS_FAILED
    assert "/nowhere is no ESP-IDF project: it has no CMakeLists.txt" in result.stdout
    assert "Traceback" not in result.stdout
    assert "pytest_embedded_hotreload/" not in result.stdout


TELLS_WHETHER_IMPORTED = """
import atexit, sys
atexit.register(lambda: print("imported:", "hypothesis" in sys.modules))

def test_it():
    pass
"""
WITH_HYPOTHESIS = """
from hypothesis import given, strategies as st

@given(st.none())
def test_it(value):
    pass
"""


def test_hypothesis_is_not_imported_where_it_is_not_used(nested: NestedPytest) -> None:
    assert nested.run(TELLS_WHETHER_IMPORTED).stdout.splitlines()[-1] == "imported: False"


def test_hypothesis_says_what_it_is_asked_for(nested: NestedPytest) -> None:
    said = nested.run(WITH_HYPOTHESIS, "--hypothesis-show-statistics", "-n1").stdout

    assert "1 passing" in said, said
