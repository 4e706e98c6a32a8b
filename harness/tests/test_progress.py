"""Work that takes long shows what it is doing, on a terminal, elsewhere, and under xdist."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_embedded_hotreload.progress import FIRST_SECONDS, REWRITE_SECONDS, SECONDS, Progress
from pytest_embedded_hotreload.screen import end_of
from pytest_embedded_hotreload.sim.sdk import cache_root
from tests.conftest import NestedPytest
from tests.test_firmware import BUILD


class FakeScreen:
    """Keeps what it was to show."""

    def __init__(self, rewrites: bool) -> None:
        self.rewrites = rewrites
        self.lines: list[str] = []

    def show(self, line: str) -> None:
        self.lines.append(line)

    def end(self, line: str) -> None:
        self.lines.append(f"{line}!")


class FakeClock:
    """Time that a test lets pass."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def shown(rewrites: bool, seconds: Sequence[float]) -> list[str]:
    """What is seen of work that says its state every so many seconds."""
    screen, clock = FakeScreen(rewrites), FakeClock()
    with Progress(screen, clock).of("work") as say:
        for number, step in enumerate(seconds):
            clock.now += step
            say(str(number))
    return screen.lines


def test_short_work_is_not_told() -> None:
    assert shown(False, [FIRST_SECONDS / 4] * 3) == []


def test_a_line_every_some_seconds() -> None:
    steps = [FIRST_SECONDS, SECONDS / 2, SECONDS / 2, SECONDS / 2, SECONDS / 2]

    assert shown(False, steps) == ["work: 0", "work: 2", "work: 4", "work: took 11 s!"]


def test_a_terminal_is_told_more_often() -> None:
    steps = [FIRST_SECONDS, REWRITE_SECONDS * 1.5, REWRITE_SECONDS / 2]

    assert shown(True, steps)[:-1] == ["work: 0", "work: 1"]


def test_work_that_fails() -> None:
    screen, clock = FakeScreen(False), FakeClock()
    with pytest.raises(OSError), Progress(screen, clock).of("work") as say:
        clock.now += 2
        say("half")
        raise OSError

    assert screen.lines == ["work: half", "work: failed after 2 s!"]


def test_line_that_is_too_long_for_the_terminal() -> None:
    assert end_of("firmware: building 12/310", 25) == "firmware: building 12/310"
    assert end_of("firmware: building 12/310", 12) == "...ng 12/310"


#: says again and again how far it is, until somebody has seen that
LONG_BUILD = """
import os, select, sys
seen = os.open(os.environ["SEEN"], os.O_RDONLY | os.O_NONBLOCK)
while not os.read(seen, 1):
    print("[12/310] Building C object main.c.obj", flush=True)
    select.select([], [], [], 0.05)
"""


def program(file: Path, text: str) -> None:
    file.write_text(f"#!{sys.executable}\n{text}")
    file.chmod(0o755)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("processes", ["0", "2"])
def test_build_is_seen_while_it_runs(nested: NestedPytest, processes: str) -> None:
    """The build ends when its line has been read: it has come while the build was running."""
    tools, project, seen = (nested.folder / name for name in ("tools", "fake", "seen"))
    tools.mkdir()
    project.mkdir()
    (project / "CMakeLists.txt").touch()
    seen.touch()
    cache = nested.folder / "cache"
    cache.mkdir()
    for made in ("sdk", "venv"):
        (cache / made).symlink_to(cache_root() / made)
    build_dir = "sys.argv = [sys.argv[0], sys.argv[sys.argv.index('{}') + 1], 'x']\n"
    program(tools / "cmake", "import sys\n" + build_dir.format("-B") + BUILD)
    program(tools / "ninja", LONG_BUILD)
    environment = nested.environment() | {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "SEEN": str(seen),
        "HOTRELOAD_CACHE": str(cache),
    }
    body = f"def test_it(firmware_builder):\n    firmware_builder.build({project!r})\n"

    with subprocess.Popen(
        nested.command(f"from pathlib import PosixPath\n{body}", f"-n{processes}"),
        cwd=nested.folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as run:
        assert run.stdout is not None
        said = ""
        try:
            for line in run.stdout:
                said += line
                if re.search(r"firmware \S+/fake: building 12/310$", line):
                    seen.write_text("seen")
        finally:
            seen.write_text("nobody looks any more")
    assert re.search(r"^firmware \S+/fake: took \d+ s$", said, re.MULTILINE), said
    assert "1 passed" in said
