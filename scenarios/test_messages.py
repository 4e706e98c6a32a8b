"""Who makes a mistake before a device is involved gets one clear message, not a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_embedded_hotreload.api import BuildError, Variant

ROOT = Path(__file__).parents[1]
SCENARIO = "scenarios/test_reload.py::test_new_function_body"


def run_pytest(*arguments: str, **environment: str) -> tuple[int, str]:
    """Run pytest as a user does; its exit status and what it says."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=ROOT,
        env={**inherited, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert "Traceback" not in result.stdout
    return result.returncode, result.stdout


def messages(said: str) -> list[str]:
    """What is told besides pytest's headings and counts."""
    return [line for line in said.splitlines() if line.startswith(("ERROR", "E "))]


def test_unknown_lane() -> None:
    status, said = run_pytest("--lane=mars", SCENARIO)

    assert status == pytest.ExitCode.USAGE_ERROR
    assert "unknown lane 'mars'" in said and "sim" in said


def test_missing_program(tmp_path: Path) -> None:
    status, said = run_pytest(SCENARIO, PATH=str(tmp_path))

    assert status == pytest.ExitCode.USAGE_ERROR
    assert messages(said) == ["ERROR: qemu-system-xtensa is not installed: run ci/setup"]


def test_missing_program_in_two_processes(tmp_path: Path) -> None:
    status, said = run_pytest("-n2", SCENARIO, PATH=str(tmp_path))

    assert status == pytest.ExitCode.TESTS_FAILED
    assert "\nqemu-system-xtensa is not installed: run ci/setup\n" in said


def test_missing_set_up(tmp_path: Path) -> None:
    status, said = run_pytest("scenarios", HOTRELOAD_CACHE=str(tmp_path))

    assert status == pytest.ExitCode.USAGE_ERROR
    (message,) = messages(said)
    assert message.startswith("ERROR: sdk is not in the cache") and "run ci/setup" in message


def test_unknown_fault() -> None:
    status, said = run_pytest("--seed-fault=no_such_fault", SCENARIO)

    assert status == pytest.ExitCode.USAGE_ERROR
    assert "unknown fault 'no_such_fault'" in said


def test_variant_that_does_not_compile(variant: Variant) -> None:
    with pytest.raises(BuildError) as failed:
        variant("does_not_compile")

    assert "does_not_compile.c:6:12: error: 'forty_two' undeclared" in failed.value.output


def test_variant_that_calls_what_the_firmware_lacks(variant: Variant) -> None:
    with pytest.raises(BuildError) as failed:
        variant("missing_symbol")

    assert "'firmware_has_no_such_function' is undefined, used by 'answer'" in failed.value.output
