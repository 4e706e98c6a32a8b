"""The simulated board as a device under test: `app`, `qemu` and `dut` of pytest-embedded."""

import os
import re
from pathlib import Path
from typing import Any

import pexpect  # type: ignore[import-untyped]
import psutil
import pytest
from pytest_embedded import Dut
from pytest_embedded_idf import IdfApp

from pytest_embedded_hotreload.device import Device
from pytest_embedded_hotreload.errors import HarnessError, MachineError
from pytest_embedded_hotreload.firmware import FirmwareBuild
from pytest_embedded_hotreload.lanes import Lane

pytestmark = pytest.mark.firmware("harness/tests/firmware")

POWER_ON, SOFTWARE, HARD = 1, 3, 2
#: how many starts of a board three seconds of waiting may cost, in the host's CPU time: a busy host
#: makes the instructions of both dearer
IDLE_STARTS = 6


@pytest.fixture
def ready(dut: Any) -> Any:
    dut.expect_exact(f"ready after {POWER_ON}")
    return dut


def echo(dut: Any, text: str) -> None:
    dut.write(text)
    dut.expect_exact(f"echo: {text}", timeout=5)


def test_objects_are_those_of_pytest_embedded(app: Any, dut: Any, firmware: FirmwareBuild) -> None:
    assert isinstance(app, IdfApp)
    assert isinstance(dut, Dut)
    assert app.target == "esp32"
    assert Path(app.elf_file) == firmware.elf
    assert Path(dut.logfile).exists()


def test_console_in_both_directions(ready: Any) -> None:
    echo(ready, "hello")
    ready.write(b"in ")
    ready.write(b"pieces\n")
    ready.expect_exact("echo: in pieces")


def test_expect_has_all_its_features(ready: Any) -> None:
    ready.write("one\ntwo")

    found = ready.expect(
        [re.compile(rb"echo: (t\w+)\s"), re.compile(rb"echo: (o\w+)\s")], expect_all=True
    )

    assert {match.group(1) for match in found} == {b"one", b"two"}
    with pytest.raises(pexpect.TIMEOUT, match='Not found "never"'):
        ready.expect("never", timeout=0.05)


def loop_cycles(dut: Any, turns: int) -> int:
    dut.write(f"count {turns}")
    return int(dut.expect(r"cycles: (\d+)\.").group(1))


@pytest.mark.icount
def test_cycles_are_instructions_on_request(ready: Any, lane: Lane) -> None:
    bare = loop_cycles(ready, 1)

    for turns in (1_000, 1_000_000):
        for _ in range(3):
            counted = lane.instructions(loop_cycles(ready, turns) - bare)
            # four readings, each cut off to a whole cycle, which is shorter than an instruction
            assert abs(counted - 2 * (turns - 1)) <= 3


def test_hard_reset(ready: Any) -> None:
    pid = ready.qemu.pid

    ready.hard_reset()

    ready.expect(r"ready after \d+\s")
    assert ready.qemu.pid == pid
    echo(ready, "after the reset")


def test_restart_by_the_firmware(ready: Any) -> None:
    ready.write("restart")

    ready.expect_exact(f"ready after {SOFTWARE}")


def test_power_cycle(ready: Any) -> None:
    pid = ready.qemu.pid

    ready.power_cut()
    assert not psutil.pid_exists(pid)
    with pytest.raises(MachineError, match="the simulated board is off"):
        ready.write("anybody there?")
    ready.power_on()

    ready.expect_exact(f"ready after {POWER_ON}")
    echo(ready, "back again")
    with pytest.raises(MachineError, match="is on already"):
        ready.power_on()


def test_flash_outlives_the_power(ready: Any, lane: Lane) -> None:
    flash = lane.flash(ready)
    with pytest.raises(HarnessError, match="only while the board is off"):
        flash.write(0x300000, b"no")

    ready.power_cut()
    flash.write(0x300000, b"kept")
    ready.power_on()

    ready.expect_exact("ready after")
    assert flash.read(0x300000, 4) == b"kept"
    assert lane.memory(ready).read(0x98300000, 4) == b"kept"


def test_flash_is_written_on_a_copy(ready: Any, app: Any, lane: Lane) -> None:
    ready.power_cut()
    lane.flash(ready).write(0x300000, b"mine")

    assert Path(app.image_path).read_bytes()[0x300000:0x300004] == b"\xff" * 4


def test_memory(ready: Any, lane: Lane) -> None:
    ready.write("marker")
    address = int(ready.expect(r"marker at (0x[0-9a-f]+)\s").group(1), 16)

    memory = lane.memory(ready)

    assert memory.read(address, 16) == b"marker in memory"
    assert memory.read(address + 1, 3) == b"ark"
    assert memory.read(address, 0) == b""


def test_qmp(ready: Any) -> None:
    assert ready.qemu.qmp_execute_cmd("query-status")["running"] is True
    assert ready.qemu.qmp_execute_cmd("query-version")["qemu"]["major"] >= 7


@pytest.mark.parametrize("count", [3], indirect=True)
def test_several_boards_share_nothing(dut: tuple[Any, ...]) -> None:
    for board in dut:
        board.expect_exact("ready after")
    for number, board in enumerate(dut):
        echo(board, f"this is {number}")
        assert len({board.qemu.host_port(port) for port in (8080, 8081)}) == 2

    assert len({board.qemu.pid for board in dut}) == 3
    assert len({board.qemu.flash_path for board in dut}) == 3
    assert len({board.qemu.host_port(8080) for board in dut}) == 3
    assert len({board.logfile for board in dut}) == 3
    for number, board in enumerate(dut):
        assert f"this is {(number + 1) % 3}" not in board.console.text


@pytest.fixture
def children_before() -> set[int]:
    """The processes that this one has started before the test's boards."""
    return _children()


@pytest.mark.parametrize("count", [2], indirect=True)
@pytest.mark.parametrize(
    "ready_line",
    [
        "ready after",
        pytest.param("greeting is now", marks=pytest.mark.firmware("examples/basic")),
    ],
)
def test_idle_boards_cost_next_to_nothing(
    children_before: set[int], dut: tuple[Any, ...], ready_line: str
) -> None:
    for board in dut:
        board.expect_exact(ready_line)
    boards = [psutil.Process(board.qemu.pid) for board in dut]
    processes = [psutil.Process(os.getpid()), *boards]

    starts, before = _cpu_seconds(boards), _cpu_seconds(processes)
    dut[0].expect(pexpect.TIMEOUT, timeout=3)  # waits as a test does for its device
    idle = _cpu_seconds(processes) - before

    assert idle < IDLE_STARTS * starts
    # nothing else was started for them
    assert _children() - children_before == {board.qemu.pid for board in dut}


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


def _cpu_seconds(processes: list[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes]
    return sum(time.user + time.system for time in times)


@pytest.mark.crashes
@pytest.mark.parametrize("qemu_extra_args", ["-no-such-option"], indirect=True)
def test_qemu_that_does_not_start(dut: Any) -> None:
    with pytest.raises(pexpect.EOF, match="-no-such-option"):
        dut.expect_exact("ready after")


@pytest.mark.crashes
def test_qemu_that_ends_by_itself(ready: Any) -> None:
    ready.qemu.qmp_execute_cmd("quit")

    with pytest.raises(pexpect.EOF) as ended:
        ready.expect_exact("anything")

    assert "QEMU ended with status 0" in str(ended.value.__cause__)


@pytest.mark.firmware("examples/basic")
@pytest.mark.parametrize("count", [2], indirect=True)
def test_several_devices_with_servers(devices: list[Device]) -> None:
    first, second = devices
    module = (first.firmware.build_dir / "reloadable_stripped.so").read_bytes()

    first.client.upload_and_reload(module)

    assert first.trace.wait("done", op="reload")["module"] == 2
    assert first.address != second.address
    assert [device.placement().module for device in devices] == [2, 1]
