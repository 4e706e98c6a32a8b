"""Compiles the host programs of CMakeLists.txt, once for all workers of a test run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

HERE = Path(__file__).resolve().parent


class ToolMissingError(Exception):
    """Something is not installed: one line says what, and how to get it."""


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """A folder of this run, the same for all of its workers."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def build(folder: Path, target: str, *definitions: str) -> Path:
    """As `build_program`, and skips the test when a tool is missing."""
    try:
        return build_program(folder, target, *definitions)
    except ToolMissingError as missing:
        pytest.skip(str(missing))


def build_program(folder: Path, target: str, *definitions: str, source: Path = HERE) -> Path:
    """The program `target`, configured with `definitions` in a build folder of its own."""
    for tool in ("cmake", "ninja"):
        if shutil.which(tool) is None:
            raise ToolMissingError(f"no {tool} on this machine: run ci/setup")
    program = folder / target
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / "build.ninja").exists():
            options = [f"-D{definition}" for definition in definitions]
            python = f"-DHOTRELOAD_PYTHON={sys.executable}"
            _run(["cmake", "-S", str(source), "-B", str(folder), "-G", "Ninja", python, *options])
        _run(["cmake", "--build", str(folder), "--target", target])
    return program


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    missing = [line.strip() for line in output.splitlines() if "run ci/setup" in line]
    if done.returncode and missing:
        raise ToolMissingError(missing[0])
    assert done.returncode == 0, output
