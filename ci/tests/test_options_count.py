"""Each option of the scripts of ci/ arrives where it counts: stand-ins play what they run."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

CI = Path(__file__).parents[1]
#: in place of Python, and of other scripts: says what it was called with
STAND_IN = """#!/bin/sh
echo "called ${0##*/}" "$@"
"""
ACTIVATE = """cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=$PWD/python
"""

#: by script: the options of its usage line, with a call and a line that it has to lead to
CALLS: dict[str, dict[str, tuple[list[str], str]]] = {
    "bench": {
        "--renew": (["--renew"], r"called python -m pytest --renew-figures .*"),
        "--only": (["--only", "boot"], r"called python -m pytest .* benchmarks --only boot"),
        "--rounds": (["--rounds", "3"], r"called python -m pytest .* benchmarks --rounds 3"),
    },
    "fuzz": {"--minutes": (["--minutes", "7"], r"called python -m campaign --seconds 210 .*")},
    "soak": {"--minutes": (["--minutes", "0"], r"ci/soak: round 1, minute 0 of 0, 0 failed")},
    "nightly": {"--minutes": (["--minutes=7"], r"called fuzz --minutes 7")},
    "board": {
        "--together": (["--together"], r"called python -m pytest --lane board .* -n auto .*"),
    },
    "esp32": {
        # the last thing that is called
        "--build-only": (["--build-only"], r"called idf.py -C scenarios/firmware [^\n]*\Z"),
    },
    "reload": {},
    "test": {},
}
#: with tests of their own, or without options
ELSEWHERE = {"farm", "mutate", "setup", "docs", "merge", "pack", "release"}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The scripts, in a clone that has nothing else."""
    shutil.copytree(CI, tmp_path / "ci", ignore=shutil.ignore_patterns("tests"))
    (tmp_path / "ci" / "activate").write_text(ACTIVATE)
    (tmp_path / "ci" / "boards.yaml").unlink()
    (tmp_path / "ci" / "esp-idf").write_text('idf.py() { echo called idf.py "$@"; }\n')
    stand_in(tmp_path / "python")
    return tmp_path


def stand_in(path: Path) -> None:
    path.write_text(STAND_IN)
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("script", "option"), [(script, option) for script, known in CALLS.items() for option in known]
)
def test_option_counts(clone: Path, script: str, option: str) -> None:
    arguments, line = CALLS[script][option]
    if script == "nightly":
        for other in ("setup", "test", "fuzz", "soak"):
            stand_in(clone / "ci" / other)
    done = subprocess.run([clone / "ci" / script, *arguments], capture_output=True, text=True)
    assert re.search(rf"^{line}$", done.stdout.strip(), re.M), done.stdout + done.stderr


def test_boards_are_named(clone: Path) -> None:
    done = subprocess.run([clone / "ci" / "board", "desk"], capture_output=True, text=True)
    assert re.search(r"^called python .* --board-tag desk .*$", done.stdout, re.M), done.stderr


@pytest.mark.parametrize("script", ["soak", "test", "bench", "reload", "board", "esp32"])
def test_options_of_pytest_are_handed_on(clone: Path, script: str) -> None:
    own = {"soak": ["--minutes", "0"], "board": ["desk"]}.get(script, [])
    done = subprocess.run(
        [clone / "ci" / script, *own, "-k", "word"], capture_output=True, text=True
    )
    assert re.search(r"^called python -m pytest .*-k word\b", done.stdout, re.M), done.stderr


@pytest.mark.parametrize("script", ["fuzz", "soak", "nightly"])
@pytest.mark.parametrize("minutes", ["", "soon", "-1", "1.5"])
def test_minutes_that_are_none(clone: Path, script: str, minutes: str) -> None:
    command = [str(clone / "ci" / script), f"--minutes={minutes}"]
    done = subprocess.run(command, capture_output=True, text=True)
    said = f'ci/{script}: --minutes wants a whole number, not "{minutes}"\n'
    assert (done.returncode, done.stderr) == (2, said)


def test_each_option_is_here() -> None:
    """Of the usage line; those of pytest are handed on."""
    assert set(CALLS) | ELSEWHERE == {
        path.name for path in CI.iterdir() if path.is_file() and path.stat().st_mode & 1
    }
    for script, known in CALLS.items():
        usage = re.search(r"^usage: .*(?:\n {7}ci/.*)*", (CI / script).read_text(), re.M)
        assert usage is not None
        assert set(re.findall(r"--[a-z-]+", usage[0])) == set(known), script
