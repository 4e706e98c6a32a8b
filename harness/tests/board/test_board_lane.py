"""Lane `board` whole: flash, console, reset, address, and boards that are missing or die."""

import contextlib
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.board.conftest import Bridge, boards_file, described
from tests.board.port_server import serve_port
from tests.conftest import ROOT, NestedPytest

pytestmark = pytest.mark.timeout(1200)

ANSWERS = """

@pytest.mark.parametrize("number", range(4))
def test_answers(dut, number):
    dut.expect_exact("ready after")
    dut.write(f"number {number}")
    dut.expect_exact(f"echo: number {number}")
"""
EXAMPLE = f"""
@pytest.mark.firmware({str(ROOT / "examples" / "basic")!r})
def test_reset_and_address(dut, device_url):
    dut.expect("hotreload: server on port")
    assert dut.address == "10.0.2.15"
    assert device_url.startswith("http://127.0.0.1:")
    dut.hard_reset()
    dut.expect("hotreload: server on port")


@pytest.mark.firmware({str(ROOT / "examples" / "basic")!r})
def test_what_is_flashed(dut):
    assert dut.serial.written == 0x10000  # the module alone, whose start the device has marked
    dut.halt()
    dut.serial.link.update_flash([(0x120000, b"no module".ljust(4096, b"!"))])


@pytest.mark.firmware({str(ROOT / "examples" / "basic")!r})
def test_what_another_test_has_changed_is_flashed(dut):
    assert dut.serial.written == 0x10000


@pytest.mark.firmware({str(ROOT / "examples" / "basic")!r})
@pytest.mark.needs("power-cut")
def test_power(dut):
    dut.expect("hotreload: server on port")
    dut.power_cut()
    dut.power_on()
    dut.expect("hotreload: server on port")
    dut.power_cut()  # the next test finds the board with power


@pytest.mark.firmware({str(ROOT / "scenarios" / "firmware")!r})
def test_room_for_what_the_emulated_network_sends_at_once(firmware):
    assert firmware.sdkconfig["ETH_OPENETH_DMA_RX_BUFFER_NUM"] >= 8
"""
DIES = """
import os, signal

def test_dies(dut):
    dut.expect_exact("ready after")
    if dut.serial.link.board.name == "mortal":
        os.kill(int(os.environ["MORTAL"]), signal.SIGKILL)
        dut.expect_exact("never", timeout=30)

def test_goes_on(dut):
    dut.expect_exact("ready after")
"""
NOT_RUN = "def test_it(dut):\n    raise AssertionError('nothing to run it on')\n"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(environment: dict[str, str], nested: NestedPytest) -> Run:
    """Runs tests on the boards of a file."""

    def start(
        file: Path, body: str, *options: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        command = nested.command(body, "--lane=board", f"--boards={file}", "-p", "no:randomly")
        return subprocess.run(
            [*command, *options],
            cwd=nested.folder,
            env=environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return start


@pytest.mark.nightly
def test_an_emulated_board_gets_more_time(
    make_bridge: Callable[..., Bridge], run: Run, tmp_path: Path
) -> None:
    entry = make_bridge("slow").entry
    body = "def test_limit(pytestconfig):\n    assert pytestconfig.option.timeout == {}\n"
    fast = entry.replace("[emulated", "[other")

    assert "1 passed" in run(boards_file(tmp_path, entry), body.format(300)).stdout
    assert "1 passed" in run(boards_file(tmp_path, fast), body.format(60)).stdout


def test_flash_reset_and_address(bridge: Bridge, run: Run, tmp_path: Path) -> None:
    result = run(boards_file(tmp_path, bridge.entry), EXAMPLE)

    assert result.returncode == pytest.ExitCode.OK, result.stdout
    assert "5 passed" in result.stdout


@pytest.mark.parametrize("chip", ["sim"], indirect=True)
@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("bash -c 'echo the relay is gone >&2; exit 3' {state}", "the relay is gone"),
        ("false {state}", "false: status 1"),
        ("/no/such/relay {state}", "/no/such/relay: No such file or directory"),
    ],
)
def test_power_that_cannot_be_switched(run: Run, tmp_path: Path, command: str, told: str) -> None:
    entry = described("a", str(tmp_path / "a"), power=command)

    result = run(boards_file(tmp_path, entry), NOT_RUN)

    assert result.returncode == pytest.ExitCode.USAGE_ERROR, result.stdout
    assert f"its power cannot be switched on: {told}\n" in result.stdout
    assert "Traceback" not in result.stdout


def test_tests_are_spread_over_boards_and_a_missing_one_is_told(
    make_bridge: Callable[..., Bridge], run: Run, tmp_path: Path
) -> None:
    one, other = make_bridge("one"), make_bridge("other")
    missing = described("missing", str(tmp_path / "ttyUSB7"))
    file = boards_file(tmp_path, one.entry, missing, other.entry)

    result = run(file, ANSWERS, "-n", "auto")

    assert result.returncode == pytest.ExitCode.TESTS_FAILED, result.stdout
    assert "4 passed" in result.stdout
    said = [line for line in result.stdout.splitlines() if "missing" in line]
    assert len(said) == 2 and said[1].startswith("FAILED board missing (")
    assert "its port cannot be opened" in said[1]
    assert f"board one ({one.url}): 0 tests" not in result.stdout
    assert f"board other ({other.url}): 0 tests" not in result.stdout


@pytest.mark.parametrize(
    "serve",
    [
        pytest.param(lambda url, folder: contextlib.nullcontext(url), id="alone"),
        pytest.param(serve_port, id="served", marks=pytest.mark.nightly),
    ],
)
def test_a_board_that_dies_is_told_and_its_test_repeated(
    serve: Callable[[str, Path], AbstractContextManager[str]],
    make_bridge: Callable[..., Bridge],
    run: Run,
    tmp_path: Path,
) -> None:
    mortal, other = make_bridge("mortal"), make_bridge("other")
    with serve(mortal.url, tmp_path) as url:
        entry = mortal.entry.replace(mortal.url, url)
        file = boards_file(tmp_path, entry, other.entry)

        result = run(file, DIES, MORTAL=str(mortal.process.pid))

    assert result.returncode == pytest.ExitCode.TESTS_FAILED, result.stdout
    assert "2 passed" in result.stdout
    assert f"board mortal ({url}): 1 tests" in result.stdout
    assert f"board other ({other.url}): 2 tests" in result.stdout
    assert f"FAILED board mortal ({url}): its port was lost" in result.stdout
    assert "Traceback" not in result.stdout


@pytest.mark.parametrize("chip", ["sim"], indirect=True)
def test_no_board_is_there(run: Run, tmp_path: Path) -> None:
    entries = [described(name, str(tmp_path / name)) for name in ("a", "b")]

    result = run(boards_file(tmp_path, *entries), NOT_RUN)

    assert result.returncode == pytest.ExitCode.USAGE_ERROR, result.stdout
    said = [line for line in result.stdout.splitlines() if "cannot be opened" in line]
    assert len(said) == 2 and "Traceback" not in result.stdout


@pytest.mark.parametrize("chip", ["sim"], indirect=True)
@pytest.mark.parametrize("options", [(), ("-n", "auto")], ids=["alone", "auto"])
def test_a_file_with_a_mistake(options: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    result = run(boards_file(tmp_path, "- {name: a, port: 7}\n"), NOT_RUN, *options)

    assert result.returncode == pytest.ExitCode.USAGE_ERROR, result.stdout
    assert "boards[0].port is 7: write the board's serial port" in result.stdout
    assert "Traceback" not in result.stdout


@pytest.mark.parametrize("chip", ["sim"], indirect=True)
def test_the_network_has_no_credentials(run: Run, tmp_path: Path) -> None:
    wifi = {"ssid": "NO_SUCH_SSID", "password": "NO_SUCH_PASSWORD"}
    entry = described("a", str(tmp_path / "a"), network="wifi", wifi=wifi)

    result = run(boards_file(tmp_path, entry), NOT_RUN)

    assert result.returncode == pytest.ExitCode.USAGE_ERROR, result.stdout
    assert "names the environment variable NO_SUCH_SSID, which is not set" in result.stdout
