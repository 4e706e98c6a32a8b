"""Ports on other machines: the servers that there are, and what is said when one does not do."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_embedded_hotreload.board.inventory import Board
from pytest_embedded_hotreload.board.link import Link
from tests.board.conftest import Bridge
from tests.board.port_server import serve_port

pytestmark = pytest.mark.parametrize("chip", ["sim"], indirect=True)


@pytest.fixture
def served(bridge: Bridge, board: Board, tmp_path: Path) -> Iterator[Board]:
    """A board behind esptool's server."""
    with serve_port(bridge.url, tmp_path) as url:
        yield replace(board, port=url)


def test_flash_behind_the_server_of_esptool(bridge: Bridge, served: Board) -> None:
    content = bytes(range(256)) * 16
    link = Link(served)
    try:
        assert link.update_flash([(0x20000, content)]) == len(content)
        assert link.read_flash(0x20000, 64) == content[:64]
    finally:
        link.close()
    assert bridge.flash.read_bytes()[0x20000:][: len(content)] == content
