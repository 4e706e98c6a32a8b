"""What the README tells to type is there, and takes the options that it is given."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: come with ESP-IDF, or fetch it
ESP_IDF = ("git clone ", "python $IDF_PATH/", "esp-idf/install.sh ")


def told_commands() -> list[str]:
    """The commands of the README, without their comments."""
    text = (ROOT / "README.md").read_text()
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    shell = [block for language, block in blocks if not language and "-->" not in block]
    lines = [line for block in shell for line in block.splitlines()]
    inline = re.findall(r"`(pytest [^`]*)`", text)
    commands = {" ".join(shlex.split(line, comments=True)) for line in [*lines, *inline]}
    return sorted(command for command in commands if command)


def help_of(command: str, boards: Path) -> list[str]:
    """The same command, asked for its help, for which it reads its options all the same."""
    program, *arguments = shlex.split(command)
    if program == "pytest":
        arguments = [word for word in arguments if not word.startswith("--seed-fault")]
        missing = [word for word in arguments if "/" in word and not (ROOT / word).exists()]
        assert missing == []
        arguments = [re.sub("(?<![A-Z])LANE$", "sim", word) for word in arguments]
        arguments = [word for word in arguments if not word.startswith("--boards=")]
        described = [f"--boards={boards}"] if "board" in arguments else []
        return [sys.executable, "-m", "pytest", *arguments, *described, "--help"]
    if program == "board-bridge":
        return ["bash", "-c", ". ci/pytest.sh && board-bridge --help"]
    return [str(ROOT / program), *arguments, "--help"]


@pytest.mark.parametrize(
    "command",
    # by number: the main job is found by a word that some of them have
    [pytest.param(command, id=str(n)) for n, command in enumerate(told_commands())],
)
def test_command_of_the_readme(command: str, tmp_path: Path) -> None:
    boards = tmp_path / "boards.yaml"
    boards.write_text("boards: [{name: desk, port: /dev/null, tags: [psram]}]")
    program, *arguments = shlex.split(command)
    if command.startswith(ESP_IDF):
        return
    if program == ".":
        assert arguments == ["esp-idf/export.sh"] or (ROOT / arguments[0]).is_file()
        return
    done = subprocess.run(
        help_of(command, boards),
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr or done.stdout
