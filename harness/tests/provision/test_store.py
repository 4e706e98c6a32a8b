"""A folder of the cache is made once, and only a whole one counts."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_embedded_hotreload.paths import PACKAGE
from pytest_embedded_hotreload.sim.provision.steps import Step
from pytest_embedded_hotreload.sim.provision.store import provide
from pytest_embedded_hotreload.sim.sdk import COMPLETE, ProvisionError

# builds a folder, says so, and waits to be killed or told to go on
BUILDER = """
import sys
from pathlib import Path
from pytest_embedded_hotreload.sim.provision.steps import Step
from pytest_embedded_hotreload.sim.provision.store import provide

folder = Path(sys.argv[1])

def build(empty):
    with (folder.parent / "builds").open("a") as log:
        log.write("build\\n")
    (empty / "half").touch()
    print("building", flush=True)
    sys.stdin.readline()
    (empty / "whole").touch()

class Terminal:
    def isatty(self):
        return True

    def write(self, text):
        if "waiting for another set-up" in text:
            print("waiting", flush=True)

    def flush(self):
        pass

step = Step("step", folder.parent / "log", Terminal())

def compile(empty):
    script = 'echo > "$0/compiler runs"; read line < "$0/compiler may end"'
    step.run(["sh", "-c", script, folder.parent], "it does not compile")

provide(folder, compile if "compile" in sys.argv else build, step)
"""


def start_builder(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BUILDER, folder, *arguments],
        cwd=PACKAGE.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_whole_folder_is_left_alone(tmp_path: Path, step: Step) -> None:
    folder = tmp_path / "kind" / "key"
    provide(folder, lambda empty: (empty / "content").touch(), step)

    def build_again(empty: Path) -> None:
        pytest.fail("built twice")

    provide(folder, build_again, step)
    assert (folder / "content").exists()


def test_a_killed_build_is_made_anew(tmp_path: Path, step: Step) -> None:
    folder = tmp_path / "key"
    with start_builder(folder) as builder:
        assert builder.stdout is not None
        assert builder.stdout.readline() == "building\n"
        builder.kill()
    assert (folder / "half").exists()

    provide(folder, lambda empty: (empty / "content").touch(), step)
    assert sorted(path.name for path in folder.iterdir()) == [COMPLETE, "content"]


def test_a_build_waits_for_the_compiler_of_a_killed_one(tmp_path: Path) -> None:
    folder = tmp_path / "key"
    os.mkfifo(tmp_path / "compiler runs")
    os.mkfifo(tmp_path / "compiler may end")
    with start_builder(folder, "compile") as killed:
        (tmp_path / "compiler runs").read_text()
        killed.kill()
    with start_builder(folder) as builder:
        assert builder.stdout is not None
        assert builder.stdout.readline() == "waiting\n"
        (tmp_path / "compiler may end").write_text("\n")
        output, _ = builder.communicate("\n")
    assert output == "building\n"
    assert sorted(path.name for path in folder.iterdir()) == [COMPLETE, "half", "whole"]


def test_a_build_that_fails_leaves_nothing_that_counts(tmp_path: Path, step: Step) -> None:
    folder = tmp_path / "key"

    def fail(empty: Path) -> None:
        (empty / "half").touch()
        step.run(["false"], "it does not compile")

    with pytest.raises(ProvisionError, match="it does not compile"):
        provide(folder, fail, step)
    provide(folder, lambda empty: (empty / "content").touch(), step)
    assert not (folder / "half").exists()


def test_two_clones_at_once_build_once(tmp_path: Path) -> None:
    folder = tmp_path / "key"
    with start_builder(folder) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "building\n"
        with start_builder(folder) as second:
            assert second.stdout is not None
            assert second.stdout.readline() == "waiting\n"
            # one that does not wait would go on to build now, and say so
            select.select([second.stdout], [], [], 0.5)
            first.communicate("\n")
            output, _ = second.communicate("\n")
    assert first.returncode == second.returncode == 0
    assert output == ""
    assert (tmp_path / "builds").read_text() == "build\n"
    assert (folder / "whole").exists()
