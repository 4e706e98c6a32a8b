"""A board with the network firmware, and a client that is as rude as a test needs it to be."""

from __future__ import annotations

import json
import random
import re
import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import pytest

from pytest_embedded_hotreload.console import Console
from pytest_embedded_hotreload.lanes import Lane

SERVER_PORT = 8080
TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, which is JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body, which is text."""
        return self.body.decode()


class Connection(AbstractContextManager["Connection"]):
    """A connection on which every byte is the test's own."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = self.socket.makefile("rb")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __enter__(self) -> Self:
        return self

    def close(self) -> None:
        """Say goodbye."""
        self._stream.close()
        self.socket.close()

    def reset(self) -> None:
        """Leave without a goodbye: the peer gets a reset."""
        self.socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, (1).to_bytes(4, "little") + bytes(4)
        )
        self.close()

    def send(self, data: bytes | str) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def head(self, method: str, uri: str, *headers: str, length: int | None = None) -> None:
        """Send a request up to the empty line."""
        lines = [f"{method} {uri} HTTP/1.1", "Host: board", *headers]
        if length is not None:
            lines.append(f"Content-Length: {length}")
        self.send("\r\n".join([*lines, "", ""]))

    def request(self, method: str, uri: str, *headers: str, body: bytes | None = None) -> Answer:
        """Send a request and read its answer."""
        self.head(method, uri, *headers, length=None if body is None else len(body))
        if body:
            self.send(body)
        return self.answer()

    def get(self, uri: str, *headers: str) -> Answer:
        """Send a GET request and read its answer."""
        return self.request("GET", uri, *headers)

    def post(self, uri: str, body: bytes, *headers: str) -> Answer:
        """Send a POST request and read its answer."""
        return self.request("POST", uri, *headers, body=body)

    def answer(self) -> Answer:
        """Read one answer, and not a byte of the next."""
        status, headers = self.answer_head()
        return Answer(status, headers, self._body(headers))

    def answer_head(self) -> tuple[int, dict[str, str]]:
        """Read an answer up to the empty line."""
        status_line = self._stream.readline()
        if not status_line:
            raise ConnectionError("the board closed the connection")
        headers = {}
        while (line := self._stream.readline().strip()) != b"":
            name, value = line.decode().split(":", 1)
            headers[name.lower()] = value.strip()
        return int(status_line.split()[1]), headers

    def chunk(self) -> bytes:
        """Read one chunk of an answer; the last one is empty."""
        size = int(self._stream.readline(), 16)
        data = self._stream.read(size)
        assert self._stream.readline() == b"\r\n"
        return data

    def closed(self) -> bool:
        """Wait for the board to close the connection, with an end or with a reset."""
        try:
            return self._stream.read(1) == b""
        except ConnectionResetError:
            return True

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding") == "chunked":
            return b"".join(iter(self.chunk, b""))
        return self._stream.read(int(headers.get("content-length", "0")))


class Board:
    """The board, ready to serve."""

    def __init__(self, dut: Any, lane: Lane) -> None:
        self.dut = dut
        self.console: Console = dut.console
        self._lane = lane
        self._seen = 0
        self.wait("network: server started")
        self.wait("main_task: Returned from app_main")

    @property
    def address(self) -> tuple[str, int]:
        """Where the server is."""
        return "127.0.0.1", int(self._lane.url(self.dut, SERVER_PORT).rsplit(":", 1)[1])

    def wait(self, pattern: str, timeout: float = TIMEOUT_S) -> re.Match[str]:
        """Wait for a line of the console, behind the last one that was waited for."""
        index, match = self.console.wait_line(pattern, self._seen, timeout)
        self._seen = index + 1
        return match

    def connect(self) -> Connection:
        """Open a connection."""
        return Connection(self.address)

    def connect_all(self, count: int) -> list[Connection]:
        """Open connections that wait for the server side by side.

        QEMU listens with a backlog of one, and the server with one of five. A connection that
        comes too early is repeated, after seconds. So each waits until the board's TCP has the
        one before.
        """
        connections: list[Connection] = []
        for _ in range(count):
            before = self._established()
            connections.append(self.connect())
            deadline = time.monotonic() + TIMEOUT_S
            while not self._established() - before:
                assert time.monotonic() < deadline, "the board does not take a connection"
        return connections

    def _established(self) -> set[str]:
        """QEMU's descriptors of the connections between host and board."""
        listing = self.dut.qemu.qmp.human("info usernet")
        return set(re.findall(r"TCP\[ESTABLISHED\]\s+(\d+)\s.*\s8080\s", listing))

    def get(self, uri: str, *headers: str) -> Answer:
        """Send a GET request over a connection of its own."""
        with self.connect() as connection:
            return connection.get(uri, *headers)

    def post(self, uri: str, body: bytes = b"", *headers: str) -> Answer:
        """Send a POST request over a connection of its own."""
        with self.connect() as connection:
            return connection.post(uri, body, *headers)

    def status(self) -> dict[str, int]:
        """The board's figures."""
        figures: dict[str, int] = self.get("/status").json
        return figures

    def settled(self) -> dict[str, int]:
        """The board's figures when it has freed, in an idle moment, the tasks that have ended."""
        figures: dict[str, int] = self.get("/status?idle=1").json
        return figures

    def assert_well(self) -> None:
        """Serve a request, as after every attack."""
        assert self.get("/hello").text == "hello"


@pytest.fixture
def board(dut: Any, lane: Lane) -> Iterator[Board]:
    """A board of its own for each test, which must not crash."""
    board = Board(dut, lane)
    yield board
    crashes = [line.text for line in board.console.lines if "Guru Meditation" in line.text]
    assert not crashes, crashes


@pytest.fixture
def noise() -> random.Random:
    """Bytes that are the same in every run."""
    return random.Random(20)
