"""Each script of ci/ explains itself, and shellcheck has nothing to say against it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CI = Path(__file__).parents[1]
SCRIPTS = sorted(path for path in CI.iterdir() if path.is_file() and os.access(path, os.X_OK))


def test_readme_names_them_all() -> None:
    table = re.findall(r"^\| `([\w-]+)` \|", (CI / "README.md").read_text(), re.MULTILINE)
    assert sorted(table) == [script.name for script in SCRIPTS]


def test_shellcheck_finds_nothing() -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    scripts = [*SCRIPTS, CI / "activate", CI.parent / ".ci" / "run"]
    done = subprocess.run(
        [shellcheck, "--external-sources", *scripts],
        capture_output=True,
        text=True,
        cwd=CI.parent,
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_is_shown_and_nothing_done(option: str, tmp_path: Path) -> None:
    for script in SCRIPTS:
        cache = tmp_path / "cache"
        done = subprocess.run(
            [script, option],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "HOTRELOAD_CACHE": str(cache)},
        )
        assert (done.returncode, done.stderr) == (0, ""), script
        assert done.stdout.startswith(f"usage: ci/{script.name} "), script
        assert list(tmp_path.iterdir()) == [], script
