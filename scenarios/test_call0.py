"""Stubs do the same on cores without register windows.

No lane has a firmware with the call0 ABI, but the simulated board runs one: a bare program, with
the stubs that the component's build makes, and the table of signatures.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_embedded_hotreload.api import BuildError, Lane
from scenarios.test_signature_table import ROWS

ROOT = Path(__file__).parents[1]
UNLOADED = "unloaded 00000011000000220000003300000044"


class Workshop:
    """Builds the program in a folder, from sources that may have a fault seeded."""

    def __init__(self, tree: Path, lane: Lane, folder: Path) -> None:
        self._path = lane.environment()["PATH"]
        self._signatures = tree / "scenarios" / "signatures"
        self._tool = tree / "component" / "hotreload" / "tools" / "hotreload_module.py"
        self._folder = folder

    def build_callers(self) -> None:
        """Compile what stays the same: stubs, symbol table, calls, and what runs them."""
        self._run(sys.executable, "-B", self._signatures / "generate.py", self._folder)
        module = [self._compile(source, "module") for source in self._functions()]
        stubs = ["stubs", "--component", "bare", "--header", "hotreload_table.h"]
        self._run(sys.executable, "-B", self._tool, *stubs, "--output-dir", self._folder, *module)
        for source in (
            *(self._signatures / "bare" / name for name in ("start.S", "main.c")),
            *(self._signatures / name for name in ("signature_run.c", "control_flow_calls.c")),
            *(self._folder / f"hotreload_{name}" for name in ("stubs.S", "table.c")),
            self._folder / "signatures_calls.c",
        ):
            self._compile(source, "caller", "-Os")

    def build(self, optimisation: str) -> Path:
        """Compile the functions that are called, and link the program."""
        for source in self._functions():
            self._compile(source, "copy", optimisation, "-DSIG_COPY")
        program = self._folder / "call0.elf"
        script = self._signatures / "bare" / "link.ld"
        objects = [*self._folder.glob("*_caller.o"), *self._folder.glob("*_copy.o")]
        options = ["-nostdlib", "-Wl,--no-warn-rwx-segments", f"-T{script}"]
        self._gcc(*options, *objects, "-o", program)
        return program

    def _functions(self) -> list[Path]:
        return [self._folder / "signatures_module.c", self._signatures / "control_flow_module.c"]

    def _compile(self, source: Path, kind: str, *options: str) -> Path:
        result = self._folder / f"{source.stem}_{kind}.o"
        self._gcc(*options, "-c", source, "-o", result)
        return result

    def _gcc(self, *arguments: str | Path) -> None:
        # without a library: what the compiler calls by itself is in main.c
        compiler = shutil.which("xtensa-sim-elf-gcc", path=self._path) or "xtensa-sim-elf-gcc"
        flags = ["-std=gnu17", "-mabi=call0", "-ffreestanding", "-mlongcalls"]
        flags += ["-Wall", "-Wextra", "-Werror"]
        folders = (self._signatures, self._signatures / "bare", self._folder)
        self._run(compiler, *flags, *(f"-I{folder}" for folder in folders), *arguments)

    @staticmethod
    def _run(*command: str | Path) -> None:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise BuildError("the call0 program", done.stdout + done.stderr)


def run(program: Path) -> list[str]:
    """What the program prints until it resets the board."""
    machine = ["qemu-system-xtensa", "-M", "lx60-nommu", "-m", "64M", "-display", "none"]
    machine += ["-monitor", "none", "-serial", "stdio", "-no-reboot", "-kernel", str(program)]
    with subprocess.Popen(
        machine, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            said, _ = process.communicate(timeout=45)
        except subprocess.TimeoutExpired:
            process.kill()
            said, _ = process.communicate()
    return said.splitlines()


@pytest.fixture
def workshop(lane: Lane, seeded: Callable[[Path], Path], tmp_path: Path) -> Workshop:
    workshop = Workshop(seeded(ROOT), lane, tmp_path)
    workshop.build_callers()
    return workshop


@pytest.mark.needs("bare-board")
def test_stubs_with_the_call0_abi(workshop: Workshop) -> None:
    rows = [f"rows {count:08x} {group}" for group, count in ROWS.items()]

    for optimisation in ("-O0", "-Os", "-O2"):
        said = run(workshop.build(optimisation))
        assert said == [UNLOADED, *rows, "end"], optimisation
