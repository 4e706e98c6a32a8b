"""Runs of the build tool in the process that has started Ninja: the same as runs of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from hotreload_loop.resident import Resident

from .conftest import TOOLS, Project

#: in place of Python: tells that it was started
PYTHON = "#!/bin/sh\necho started: $*\nexit 3\n"


class Tool:
    """As the build runs it, with a Python that only says so."""

    def __init__(self, folder: Path, program: Path = TOOLS / "hotreload_module.py") -> None:
        self._program = program
        self._python = folder / "python"
        self._python.write_text(PYTHON)
        self._python.chmod(0o755)

    def run(
        self, resident: Resident | SimpleNamespace | None, *arguments: str | Path
    ) -> tuple[int, str]:
        done = subprocess.run(
            ["sh", TOOLS / "resident.sh", self._python, "-B", "-S", self._program, *arguments],
            env={**os.environ, **(resident.environment if resident else {})},
            pass_fds=resident.pipes if resident else (),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=50,
        )
        return done.returncode, done.stdout


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    return Tool(tmp_path)


def link(project: Project, name: str, source: str) -> list[str | Path]:
    """The command that links a module of this source."""
    folder = project.compiler.folder
    output = folder / name
    manifest = folder / f"{name}.json"
    project.manifest._replace(output=str(output / "module.so")).save(manifest)
    object_file = project.compiler.compile(source, name=f"{name}.c")
    return [
        *("link", "--manifest", manifest, "--unstripped", output / "unstripped" / "module.so"),
        *("--flash", output / "flash.bin", object_file),
    ]


SOURCE = "int f(int x) { return x + 41; }"


def test_what_is_made_is_the_same(project: Project, tool: Tool) -> None:
    command = link(project, "same", SOURCE)
    output = project.compiler.folder / "same"
    with Resident() as resident:
        assert tool.run(resident, *command) == (0, "")
    assert resident.said.startswith("hotreload: module 'reloadable': text ")
    made = {path: path.read_bytes() for path in output.rglob("*") if path.is_file()}
    assert len(made) >= 3

    shutil.rmtree(output)
    program: list[str | Path] = [sys.executable, "-B", "-S", TOOLS / "hotreload_module.py"]
    alone = subprocess.run(
        ["sh", TOOLS / "resident.sh", *program, *command], capture_output=True, text=True
    )
    assert (alone.returncode, alone.stderr + alone.stdout) == (0, resident.said)
    assert {path: path.read_bytes() for path in output.rglob("*") if path.is_file()} == made


def test_run_after_run(project: Project, tool: Tool) -> None:
    """Arguments of any number and with anything in them that a line can have."""
    folder = project.compiler.folder
    with Resident() as resident:
        for number in range(3):
            objects = [
                project.compiler.compile(f"int f{each}(void) {{ return 1; }}", name=f"{each}.c")
                for each in range(number + 1)
            ]
            stubs = folder / f" an odd 'folder' ${number}"
            options = ("--component", "odd", "--header", "odd.h", "--compiler", "")
            assert tool.run(resident, "stubs", *options, "--output-dir", stubs, *objects) == (0, "")
            names = (stubs / "exports.txt").read_text().split()
            assert names == [f"f{each}" for each in range(number + 1)]
    assert resident.said == ""


def test_what_fails_fails(project: Project, tool: Tool) -> None:
    command = link(project, "fails", "int g(int); int f(int x) { return g(x); }")
    with Resident() as resident:
        assert tool.run(resident, *command) == (1, "")
        assert "hotreload: error: module 'reloadable': 'g' is undefined" in resident.said
        assert tool.run(resident, *link(project, "good", SOURCE)) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("symbols", "--firmware", "/"), "usage: "),
        (("symbols", "--firmware", "/", "--exports", "/", "--output", "/"), ""),
    ],
    ids=["wrong call", "no such file"],
)
def test_what_nobody_thought_of_is_told_by_a_run_of_its_own(
    tool: Tool, arguments: tuple[str, ...], told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with Resident() as resident:
        status, said = tool.run(resident, *arguments)
    assert (status, said.split()[0]) == (3, "started:")
    assert capfd.readouterr().err.startswith(told)


@pytest.mark.parametrize("file", ["hotreload_module.py", "hotreload_build/link.py", "new.py"])
def test_another_tool_does_its_work_itself(project: Project, tmp_path: Path, file: str) -> None:
    """That of an older component, or of one that was brought up to date meanwhile."""
    tools = tmp_path / "tools"
    shutil.copytree(TOOLS / "hotreload_build", tools / "hotreload_build")
    shutil.copy(TOOLS / "hotreload_module.py", tools)
    tool = Tool(tmp_path, tools / "hotreload_module.py")
    command = link(project, "other", SOURCE)
    with Resident() as resident:
        assert tool.run(resident, *command) == (0, "")
        changed = tools / (file if file != "new.py" else "hotreload_build/new.py")
        with changed.open("a") as text:
            text.write("# another\n")
        assert tool.run(resident, *command)[0] == 3
    words = ["started:", "-B", "-S", tools / "hotreload_module.py", *command]
    assert tool.run(None, *command) == (3, " ".join(map(str, words)) + "\n")


def test_one_that_is_gone_keeps_nobody_waiting(tool: Tool) -> None:
    requests, asks = os.pipe()
    answers, end = os.pipe()
    os.close(end)  # as the system does when it kills a process
    killed = SimpleNamespace(
        pipes=(asks, answers), environment={"HOTRELOAD_RESIDENT": f"{asks},{answers}"}
    )
    status, said = tool.run(killed, "page")
    assert (status, said.split()[-1]) == (3, "page")
    for pipe in (requests, asks, answers):
        os.close(pipe)
