"""Whatever a run dies of, it leaves no process behind.

Each test runs pytest in a process of its own, on a test file that it writes.
"""

import os
import re
import select
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from pytest_embedded_hotreload.emulator.machine import tied_to
from tests.conftest import FIRMWARE, NestedPytest

RAISES = """
def test_it(dut):
    dut.expect_exact("ready after")
    print("PID", dut.qemu.pid)
    {statement}
"""

WAITS = """
def test_it(dut):
    dut.expect_exact("ready after")
    print("PID", dut.qemu.pid)
    with open({fifo!r}, "w") as fifo:
        fifo.write(f"{{os.getpid()}} {{dut.qemu.pid}}")
    dut.expect_exact("never", timeout=50)
"""


@pytest.mark.parametrize(
    ("parent", "said"), [(os.getpid, "begun\n"), (lambda: 1, "")], ids=["there", "lost"]
)
def test_what_lost_its_parent_before_it_was_tied_does_not_begin(
    parent: Callable[[], int], said: str
) -> None:
    begun = subprocess.run(
        [*tied_to(parent()), "echo", "begun"], stdout=subprocess.PIPE, text=True, check=False
    )
    assert begun.stdout == said


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "pids"
    os.mkfifo(path)
    return path


@pytest.fixture
def waiting(
    nested: NestedPytest, fifo: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[int, int]]:
    """A run that has a board and waits: the processes of the test and of QEMU."""
    options = getattr(request, "param", ())
    command = nested.command(WAITS.format(fifo=str(fifo)), *options)
    # who starts the tests in the background may have had them ignore the interrupt
    with subprocess.Popen(
        ["env", "--default-signal=INT", *command],
        cwd=nested.folder,
        env=nested.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    ) as run:
        try:
            yield read_pids(fifo)
        finally:
            run.kill()


def read_pids(fifo: Path) -> tuple[int, int]:
    """What a run has written, or a failure when it does not come that far."""
    # open for writing as well: the end of the run is no end of the file
    descriptor = os.open(fifo, os.O_RDWR)
    try:
        readable, _, _ = select.select([descriptor], [], [], 50)
        assert readable, "the run did not start its board"
        worker, qemu = os.read(descriptor, 100).split()
        return int(worker), int(qemu)
    finally:
        os.close(descriptor)


def wait_gone(pid: int) -> None:
    """Wait for the end of a process that is not ours."""
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return
    _, alive = psutil.wait_procs([process], timeout=5)
    assert not alive, f"process {pid} is still there"


@pytest.mark.parametrize("statement", ["pass", "assert False", "os.kill(os.getpid(), 2)"])
def test_after_a_test(nested: NestedPytest, statement: str) -> None:
    result = nested.run(RAISES.format(statement=statement), "-rA")

    pid = re.search(r"^PID (\d+)$", result.stdout, re.MULTILINE)
    assert pid is not None or statement.startswith("os.kill"), result.stdout
    if pid is not None:
        assert not psutil.pid_exists(int(pid.group(1)))


def test_keyboard_interrupt(waiting: tuple[int, int]) -> None:
    worker, qemu = waiting

    os.kill(worker, signal.SIGINT)

    wait_gone(qemu)


def test_killed(waiting: tuple[int, int]) -> None:
    worker, qemu = waiting

    os.kill(worker, signal.SIGKILL)

    wait_gone(qemu)


@pytest.mark.parametrize("waiting", [("-n", "1")], indirect=True)
def test_worker_of_xdist_killed(waiting: tuple[int, int]) -> None:
    worker, qemu = waiting

    os.kill(worker, signal.SIGKILL)

    wait_gone(qemu)


def test_source_tree_is_not_written_to(nested: NestedPytest) -> None:
    def files() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in FIRMWARE.rglob("*")}

    before = files()

    nested.run(RAISES.format(statement="pass"))

    assert files() == before
