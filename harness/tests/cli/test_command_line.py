"""What holds for every command: help, completion, a start without what it does not need, JSON."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from pytest_embedded_hotreload.cli.errors import CODES
from pytest_embedded_hotreload.cli.main import app
from pytest_embedded_hotreload.paths import PACKAGE, ROOT, WORK_ALIKE

from .conftest import Build, Hotreload

COMMANDS = sorted(get_command(app).commands)  # type: ignore[attr-defined]
PAGE = ROOT / "docs" / "reference" / "command.md"
#: what takes long to import, and is needed by none of these
HEAVY = {"pytest", "_pytest", "plotly", "elftools", "psutil", "yaml", "requests", "esptool"}

by_number = pytest.mark.parametrize("command", COMMANDS, ids=map(str, range(len(COMMANDS))))


def options_of(command: str) -> set[str]:
    """The options and arguments that a command has."""
    found = get_command(app).commands[command]  # type: ignore[attr-defined]
    return {
        ", ".join(sorted(parameter.opts, key=len))
        if parameter.param_type_name == "option"
        else str(parameter.metavar)
        for parameter in found.params
    }


@by_number
def test_help_names_each_option(hotreload: Hotreload, command: str) -> None:
    done = hotreload(command, "--help")
    assert done.status == 0
    for option in re.findall(r"--?[a-z][a-z-]*", " ".join(options_of(command))):
        assert option in done.out
    assert "--json" in done.out


@by_number
def test_the_page_lists_what_the_help_does(command: str) -> None:
    section = PAGE.read_text().partition(f"\n## hotreload {command}\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([^`]+)` \|", section, re.M)) == options_of(command)


def test_the_page_has_each_exit_status() -> None:
    table = PAGE.read_text().partition("\n## Exit status\n")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| (\d+) \| `([a-z-]+)` \|", table, re.M))
    assert {int(status): code for status, code in rows.items()} == CODES


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["status", "--url", "http://127.0.0.1:9"], ["decode", "--help"]],
    ids=["help", "status", "decode"],
)
def test_nothing_is_imported_that_is_not_needed(arguments: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-P", "-X", "importtime", "-m", "pytest_embedded_hotreload.cli.main"),
            *arguments,
        ],
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    imported = {name.partition(".")[0] for name in re.findall(r"\| +([\w.]+)$", done.stderr, re.M)}
    assert "typer" in imported
    assert imported & HEAVY == set()


def test_a_shell_completes_the_names_of_commands(hotreload: Hotreload) -> None:
    words = {"COMP_WORDS": "hotreload in", "COMP_CWORD": "1"}
    done = hotreload(_HOTRELOAD_COMPLETE="complete_bash", **words)
    assert done.out.split() == ["inspect"]
    assert "complete_bash" in hotreload("--show-completion", "bash").out


def test_a_wrong_call_says_what_is_known(hotreload: Hotreload) -> None:
    done = hotreload("statsu")
    assert done.status == 2
    assert "statsu" in done.err
    assert hotreload("check", "only-one").status == 2


def test_who_reads_no_further_gets_no_complaint(build: Build) -> None:
    command = f"{sys.executable} -P -m pytest_embedded_hotreload.cli.main inspect {build.module}"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | head -n 1"],
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1


def test_the_command_is_there_after_export(tmp_path: Path) -> None:
    script = f". {WORK_ALIKE / 'export.sh'} && cd {tmp_path} && hotreload status --json"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert done.returncode == 2
    assert '"code": "wrong-call"' in done.stdout
