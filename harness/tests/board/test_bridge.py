"""The bridge: what esptool and people find at its port."""

import gc
import hashlib
import itertools
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_embedded_hotreload.board.errors import BoardError
from pytest_embedded_hotreload.board.inventory import Board
from pytest_embedded_hotreload.board.link import Link
from pytest_embedded_hotreload.progress import Progress
from tests.board.conftest import PYTHONPATH, Bridge
from tests.conftest import ROOT
from tests.test_progress import FakeScreen


def esptool(*arguments: str) -> str:
    command = [sys.executable, "-W", "ignore", "-m", "esptool", "--chip", "esp32", *arguments]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.nightly
@pytest.mark.timeout(300)
def test_esptool_of_a_user(make_bridge: Callable[..., Bridge]) -> None:
    # pyserial waits for each line to be confirmed: 50 ms, which takes the largest capacitor
    port = ["--port", make_bridge("patient", "--capacitor", "10").url, "--no-stub"]

    assert "Detected flash size: 4MB" in esptool(*port, "flash-id")


@pytest.mark.timeout(300)
def test_only_what_differs_is_written(bridge: Bridge, board: Board) -> None:
    content = bytes(range(251)) * 300  # more than a block, and nothing that SLIP leaves alone
    link = Link(board)
    screen = FakeScreen(rewrites=False)
    link.progress = Progress(screen, itertools.count(step=10).__next__)
    try:
        assert link.update_flash([(0x20000, content)]) == len(content)
        told = f"board {board.name}: flashing:"
        assert screen.lines[:-1] == [f"{told} 0 of 73 KB", f"{told} 64 of 73 KB"]
        assert bridge.flash.read_bytes()[0x20000:][: len(content)] == content
        assert link.update_flash([(0x20000, content)]) == 0

        changed = content[:70000] + b"\x00" + content[70001:]
        assert link.update_flash([(0x20000, changed)]) == len(content) - 0x10000
        assert bridge.flash.read_bytes()[0x20000:][: len(content)] == changed

        erased = b"\xff" * 0x10000
        assert link.update_flash([(0x20000, erased)]) == len(erased)
        assert link.read_flash(0x20000, 64) == erased[:64]
    finally:
        link.close()


@pytest.mark.timeout(300)
def test_the_flash_is_not_remembered(bridge: Bridge, board: Board) -> None:
    """Whoever has written the board in between: what was there before is found to be gone."""
    content = hashlib.sha256(b"firmware").digest() * 128
    link = Link(board)
    link.update_flash([(0x20000, content)])
    link.close()
    with bridge.flash.open("r+b") as file:
        file.seek(0x20010)
        file.write(b"\x00")

    link = Link(board)
    try:
        assert link.update_flash([(0x20000, content)]) == len(content)
    finally:
        link.close()
    assert bridge.flash.read_bytes()[0x20000:][: len(content)] == content


@pytest.mark.timeout(30)
@pytest.mark.parametrize("chip", ["sim"], indirect=True)
def test_a_board_starts_without_a_word(bridge: Bridge) -> None:
    port = int(bridge.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as client:
        printed = b""
        while b"boot:0x13" not in printed:
            printed += client.recv(1024)


@pytest.mark.parametrize("chip", ["sim"], indirect=True)
def test_a_second_client_is_turned_away(bridge: Bridge) -> None:
    port = int(bridge.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as first:
        assert first.recv(1)
        with socket.create_connection(("127.0.0.1", port)) as second:
            assert second.recv(1) == b""


@pytest.mark.parametrize("chip", ["sim"], indirect=True)
def test_a_board_that_somebody_else_has_opened(bridge: Bridge, board: Board) -> None:
    port = int(bridge.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as first:
        assert first.recv(1)
        with pytest.raises(BoardError, match=r"cannot be opened: .*has somebody else opened it\?"):
            Link(board)
    gc.collect()  # a socket that was left open would be warned of here


@pytest.mark.parametrize("chip", ["sim"], indirect=True)
def test_ends_by_an_interrupt_without_a_word(bridge: Bridge) -> None:
    assert bridge.end() == ""
    assert bridge.process.returncode == 0


def run(*arguments: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest_embedded_hotreload.board.bridge", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_help() -> None:
    result = run("--help")

    assert result.returncode == 0
    assert "pytest --lane board" in result.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--forward", "http"), "'http' is not PORT or PORT:HOST_PORT"),
        (("--forward", "8080:70000"), "a port cannot be had"),
        (("--port", "70000"), "a port cannot be had"),
        (("--capacitor", "0"), "'0' is not a number of microfarads above 0"),
        (("--capacitor", "1uF"), "'1uF' is not a number of microfarads above 0"),
        (("--chip", "esp8266"), "invalid choice: 'esp8266'"),
    ],
)
def test_mistakes(options: tuple[str, ...], said: str, tmp_path: Path) -> None:
    result = run(tmp_path / "flash.bin", *options)

    assert result.returncode != 0
    assert said in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


def test_a_port_that_is_taken(tmp_path: Path, make_listener: Callable[[], int]) -> None:
    result = run(tmp_path / "flash.bin", "--port", make_listener())

    assert result.returncode == 1
    assert "a port cannot be had: [Errno 98]" in result.stderr


def test_no_emulator_of_the_chip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run(tmp_path / "flash.bin")

    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("bridge: qemu-system-xtensa is not in PATH: run `python $IDF_PATH")


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    result = run(tmp_path / "nowhere" / "flash.bin")

    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert str(tmp_path / "nowhere") in line


@pytest.fixture
def make_listener() -> Any:
    """A port of this host that somebody has."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield lambda: listener.getsockname()[1]
