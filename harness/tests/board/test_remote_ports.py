"""Ports on other machines: the servers that there are, and what is said when one does not do."""

import contextlib
import gc
import queue
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from serial.rfc2217 import COM_PORT_OPTION, DONT, IAC

from pytest_embedded_hotreload.board import remote
from pytest_embedded_hotreload.board.errors import BoardError
from pytest_embedded_hotreload.board.inventory import Board
from pytest_embedded_hotreload.board.link import Link
from pytest_embedded_hotreload.board.port import open_port
from pytest_embedded_hotreload.console import Console
from tests.board.conftest import Bridge
from tests.board.port_server import serve_port
from tests.board.servers import Relay, says, ser2net

with_a_bridge = pytest.mark.parametrize("chip", ["sim"], indirect=True)
CONTENT = bytes(range(256)) * 16
SERVE = r"run `esp_rfc2217_server -p \d+ SERIAL_PORT` on 127\.0\.0\.1"
LOST = (
    r"the connection to 127\.0\.0\.1:\d+ has ended: does the server still run there, and is the .*"
)


def shelf(url: str) -> Board:
    return Board("shelf", url, stub="none")


@pytest.fixture
def served(bridge: Bridge, tmp_path: Path) -> Iterator[Board]:
    """A board behind esptool's server."""
    with serve_port(bridge.url, tmp_path) as url:
        yield shelf(url)


@contextlib.contextmanager
def complaint(board: Board, said: str) -> Iterator[None]:
    """One line that begins with the board and its address."""
    with pytest.raises(BoardError) as caught:
        yield
    (line,) = str(caught.value).splitlines()
    assert re.fullmatch(rf"board shelf \({board.port}\): {said}", line), line
    gc.collect()  # a socket that was left open would be warned of here


def flash(board: Board) -> None:
    link = Link(board)
    try:
        assert link.update_flash([(0x20000, CONTENT)]) == len(CONTENT)
        assert link.read_flash(0x20000, 64) == CONTENT[:64]
    finally:
        link.close()


@with_a_bridge
def test_flash_behind_the_server_of_esptool(bridge: Bridge, served: Board) -> None:
    flash(served)
    assert bridge.flash.read_bytes()[0x20000:][: len(CONTENT)] == CONTENT


@with_a_bridge
@pytest.mark.skipif(not shutil.which("ser2net"), reason="needs ser2net: apt-get install ser2net")
def test_flash_behind_ser2net(bridge: Bridge, tmp_path: Path) -> None:
    with ser2net(bridge.url, tmp_path) as url:
        flash(shelf(url))
    assert bridge.flash.read_bytes()[0x20000:][: len(CONTENT)] == CONTENT


@with_a_bridge
def test_lines_that_are_too_slow_for_the_board(bridge: Bridge) -> None:
    with Relay(bridge.url, delay=0.05) as relay:
        board = shelf(relay.url)
        with complaint(
            board,
            "it starts its firmware instead of download mode, since DTR and RTS reach it too far "
            f"apart: {SERVE} in place of the server there: it makes the reset by itself",
        ):
            Link(board)


def test_nothing_listens() -> None:
    board = shelf("rfc2217://127.0.0.1:1")
    with complaint(board, f"its port cannot be opened: nothing listens at 127.0.0.1:1: {SERVE}"):
        open_port(board)


def test_no_such_host() -> None:
    board = shelf("rfc2217://nowhere.invalid:4000")
    with complaint(
        board, r"its port cannot be opened: no host is called nowhere\.invalid: correct the name"
    ):
        open_port(board)


@pytest.mark.parametrize(
    ("greeting", "closes", "said"),
    [
        (b"", True, r"closes the connection: has somebody else opened it\?"),
        (
            b"Port already in use\r\n",
            True,
            r"closes the connection \(it says 'Port already in use'\): has somebody else opened it"
            r"\?",
        ),
        (
            b"",
            False,
            r"takes the connection and says nothing: has somebody else opened it "
            r"\(esp_rfc2217_server has one client at a time\), or is something else there\?",
        ),
        (
            b"SSH-2.0-OpenSSH_9.2\r\n",
            False,
            rf"is no RFC 2217 server \(it says 'SSH-2.0-OpenSSH_9.2'\): {SERVE}, or give ser2net "
            r"`accepter: telnet\(rfc2217\),tcp,\d+`",
        ),
        (
            IAC + DONT + COM_PORT_OPTION,
            False,
            rf"is no RFC 2217 server: {SERVE}, or give ser2net "
            r"`accepter: telnet\(rfc2217\),tcp,\d+`",
        ),
    ],
    ids=["closed", "in-use", "silent", "ssh", "telnet"],
)
def test_what_listens_is_no_server(
    greeting: bytes, closes: bool, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "ANSWER_SECONDS", 1.0)
    with says(greeting, closes) as url:
        board = shelf(url)
        with complaint(board, rf"its port cannot be opened: 127\.0\.0\.1:\d+ {said}"):
            open_port(board)


@with_a_bridge
def test_another_client_has_the_port(served: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_port(served)
    monkeypatch.setattr(remote, "ANSWER_SECONDS", 1.0)
    try:
        with complaint(
            served,
            r"its port cannot be opened: 127\.0\.0\.1:\d+ takes the connection and says nothing: "
            r"has somebody else opened it \(esp_rfc2217_server has one client at a time\).*",
        ):
            open_port(served)
    finally:
        first.close()


@pytest.fixture
def ended() -> queue.Queue[str]:
    """What is said at the end of a console that nobody has asked for."""
    return queue.Queue()


@contextlib.contextmanager
def running(board: Board, folder: Path, ended: queue.Queue[str]) -> Iterator[Link]:
    """A board whose console is read."""
    link = Link(board)
    link.console = console = Console(folder / "log")
    console.lost = ended.put
    try:
        link.run()
        console.wait_line("boot:0x13")
        yield link
    finally:
        link.close()
        console.close()


@with_a_bridge
def test_the_board_is_gone_while_its_console_is_read(
    bridge: Bridge, served: Board, tmp_path: Path, ended: queue.Queue[str]
) -> None:
    with running(served, tmp_path, ended) as link:
        bridge.process.kill()

        said = ended.get(timeout=20)
        assert re.fullmatch(rf"board shelf .*: its port was lost: {LOST}", said), said
        with complaint(served, rf"it cannot be reset: {LOST}"):
            link.run()


@with_a_bridge
def test_the_host_of_the_board_is_switched_off(
    bridge: Bridge, tmp_path: Path, ended: queue.Queue[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "SILENCE_SECONDS", 1)
    with Relay(bridge.url) as relay, running(shelf(relay.url), tmp_path, ended):
        relay.switch_off()

        said = ended.get(timeout=20)
        assert re.fullmatch(rf"board shelf .*: its port was lost: {LOST}", said), said
