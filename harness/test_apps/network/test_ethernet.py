"""The Ethernet driver and the network interface under bad conditions."""

from __future__ import annotations

import random
import re
import socket
import zlib
from contextlib import ExitStack

import pytest

from .conftest import Board

# ids of the events as numbers: ETH_EVENT and IP_EVENT of ESP-IDF
ETH_STARTED, ETH_STOPPED, ETH_CONNECTED, ETH_DISCONNECTED = range(4)
GOT_IP = 4


def test_got_ip(board: Board) -> None:
    """The events and lines of a start, as an ESP-IDF example prints them."""
    text = board.console.text
    for line in (
        f"network: event ETH_EVENT {ETH_STARTED}",
        f"network: event ETH_EVENT {ETH_CONNECTED}",
        f"network: event IP_EVENT {GOT_IP}",
        'Got IPv4 event: Interface "example_netif_eth" address: 10.0.2.15',
        "example_common: Connected to example_netif_eth",
        "example_common: - IPv4 address: 10.0.2.15,",
    ):
        assert line in text, text


def call_of_board(board: Board, host: socket.socket) -> tuple[str, int]:
    """Let the board send a datagram, and return where its answer has to go."""
    host.bind(("127.0.0.1", 0))
    host.settimeout(10)
    board.post(f"/flood?port={host.getsockname()[1]}")
    guest: tuple[str, int] = host.recvfrom(100)[1]
    return guest


def test_flood(board: Board) -> None:
    """Datagrams faster than anybody takes them, many times the ring; then all is well."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as host:
        guest = call_of_board(board, host)
        for _ in range(5000):
            host.sendto(bytes(1400), guest)
        taken = board.wait(r"network: flood over, (\d+) datagrams")
    assert int(taken[1]) > 0
    board.assert_well()
    assert board.status()["pbufs"] == 0


def test_full_ring(board: Board, noise: random.Random) -> None:
    """More frames than buffers while nobody empties them: what was lost is sent again."""
    bodies = [noise.randbytes(30_000) for _ in range(4)]
    with ExitStack() as stack:
        host = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        guest = call_of_board(board, host)
        connections = [stack.enter_context(one) for one in board.connect_all(len(bodies))]
        board.post("/hold?ms=500")
        board.wait("network: stack held")
        # small ones: the host keeps more of them for QEMU than the board has buffers
        for _ in range(1000):
            host.sendto(b"!", guest)
        for connection, body in zip(connections, bodies, strict=True):
            connection.head("POST", "/sum?patience=20", length=len(body))
            connection.send(body)
        board.wait("network: stack released")
        for connection, body in zip(connections, bodies, strict=True):
            assert connection.answer().json["crc32"] == zlib.crc32(body)
    figures = board.status()
    assert figures["ring_full"] > 0
    assert figures["pbufs"] == 0


def test_windows_fit_in_the_ring(board: Board, noise: random.Random) -> None:
    """While nobody empties the ring, what all connections may send has room in it."""
    bodies = [noise.randbytes(60_000) for _ in range(12)]
    with ExitStack() as stack:
        connections = [stack.enter_context(one) for one in board.connect_all(len(bodies))]
        # QEMU sends whole windows when a connection has shown that it can take them
        for connection, body in zip(connections, bodies, strict=True):
            assert connection.post("/sum", body).json["crc32"] == zlib.crc32(body)
        board.post("/hold?ms=300")
        board.wait("network: stack held")
        for connection, body in zip(connections, bodies, strict=True):
            connection.head("POST", "/sum", length=len(body))
            connection.send(body)
        board.wait("network: stack released")
        for connection, body in zip(connections, bodies, strict=True):
            assert connection.answer().json["crc32"] == zlib.crc32(body)
    assert board.status()["ring_full"] == 0


def test_link_down_and_up(board: Board) -> None:
    """The cable is pulled and put back: events, and an address again."""
    listing = board.dut.qemu.qmp.human("info network")
    match = re.search(r"^(\S*open_eth\S*):", listing, re.MULTILINE)
    assert match, listing
    board.dut.qemu.qmp.execute("set_link", {"name": match[1], "up": False})
    board.wait(f"network: event ETH_EVENT {ETH_DISCONNECTED}")
    board.dut.qemu.qmp.execute("set_link", {"name": match[1], "up": True})
    board.wait(f"network: event ETH_EVENT {ETH_CONNECTED}")
    # DHCP asks again after 2, 4, 8 s: a first answer that was lost is seen
    board.wait(f"network: event IP_EVENT {GOT_IP}", timeout=1.5)
    board.assert_well()


def test_disconnect_and_connect(board: Board) -> None:
    """`example_disconnect()` gives back all that `example_connect()` took."""
    heaps = []
    for _ in range(4):
        board.post("/reconnect")
        board.wait("network: disconnected")
        board.wait(f"network: event IP_EVENT {GOT_IP}")
        board.wait("network: connected again")
        heaps.append(board.settled()["heap"])
    # a block is sometimes a few bytes larger than what was asked for
    assert heaps[-1] == pytest.approx(heaps[0], abs=64)


def test_reset_in_mid_transfer(board: Board) -> None:
    """A reset with frames on their way: the network comes up as after a cold start."""
    for _ in range(5):
        with board.connect() as connection:
            connection.head("POST", "/sum", length=1_000_000)
            connection.send(bytes(200_000))
            board.dut.hard_reset()
            board.wait("network: server started")
        board.assert_well()
