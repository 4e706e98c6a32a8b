"""Bodies of requests: of any size, at any pace, and those that never end."""

from __future__ import annotations

import random
import subprocess
import threading
import time
import zlib
from pathlib import Path

import pytest

from .conftest import Answer, Board

RECEIVE_TIMEOUT_S = 1.0  # SERVER_TIMEOUT_S of the firmware
# around the sizes of the server's block, of a segment, of the handler's buffer and of the window
SIZES = (1, 2, 255, 256, 257, 1459, 1460, 1461, 4095, 4096, 4097, 46_720, 46_721, 100_000, 1 << 20)


def assert_sum(answer: Answer, body: bytes) -> None:
    """The board has received exactly this body."""
    assert answer.status == 200
    assert answer.json == {"length": len(body), "crc32": zlib.crc32(body)}


def test_sizes(board: Board, noise: random.Random) -> None:
    """A body of any size arrives whole, over new connections and over one."""
    bodies = [noise.randbytes(size) for size in SIZES]
    for body in bodies:
        assert_sum(board.post("/sum", body), body)
    with board.connect() as connection:
        for body in bodies:
            assert_sum(connection.post("/sum", body), body)


def test_empty_body(board: Board) -> None:
    """A body of zero bytes is no error."""
    assert_sum(board.post("/sum", b""), b"")


def test_echo(board: Board, noise: random.Random) -> None:
    """A body that is sent back while it arrives comes back the same."""
    body = noise.randbytes(60_000)
    answer = board.post("/echo", body)
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.body == body


def test_body_in_two_parts(board: Board) -> None:
    """The handler's buffer waits for more than what came with the headers, as long as it may."""
    with board.connect() as connection:
        connection.send("POST /echo HTTP/1.1\r\nContent-Length: 6\r\n\r\nabc")
        started = time.monotonic()
        connection.answer_head()
        assert time.monotonic() - started >= RECEIVE_TIMEOUT_S / 2
        assert connection.chunk() == b"abc"
        connection.send("def")
        assert connection.chunk() == b"def"
        assert connection.chunk() == b""


def test_dribbled_body(board: Board, noise: random.Random) -> None:
    """A body whose next byte is sent only when the last one was seen by the handler."""
    body = noise.randbytes(200)
    with board.connect() as connection:
        connection.head("POST", "/echo", length=len(body))
        for index, byte in enumerate(body):
            connection.send(bytes([byte]))
            if index == 0:
                connection.answer_head()
            assert connection.chunk() == bytes([byte])
        assert connection.chunk() == b""
        assert connection.get("/hello").text == "hello"


def test_dribbled_head(board: Board) -> None:
    """A request that arrives byte by byte is a request."""
    request = (
        b"GET /request?key=value HTTP/1.1\r\nHost: board\r\n"
        b"X-Test: dribble\r\nCookie: taste=sour\r\n\r\n"
    )
    with board.connect() as connection:
        for byte in request:
            connection.send(bytes([byte]))
        answer = connection.answer().json
    assert (answer["header"], answer["value"], answer["cookie"]) == ("dribble", "value", "sour")


def test_no_continue(board: Board, noise: random.Random) -> None:
    """A client that waits for leave to send gets none, in ESP-IDF neither."""
    body = noise.randbytes(5000)
    with board.connect() as connection:
        connection.head("POST", "/sum", "Expect: 100-continue", length=len(body))
        connection.send(body)
        assert_sum(connection.answer(), body)


def test_curl_form(board: Board, noise: random.Random, tmp_path: Path) -> None:
    """`curl -F` with a file so large that curl waits for leave to send it, in vain."""
    file = tmp_path / "module.so"
    file.write_bytes(noise.randbytes(1_200_000))
    host, port = board.address
    curl = ["curl", "-sSv", "--max-time", "20", "--expect100-timeout", "0.1"]
    result = subprocess.run(
        [*curl, "-F", f"file=@{file}", f"http://{host}:{port}/sum"],
        capture_output=True,
        check=False,
        timeout=30,
    )
    log = result.stderr.decode()
    assert result.returncode == 0, log
    assert b'"length":1200' in result.stdout


def test_unread_body_is_drained(board: Board, noise: random.Random) -> None:
    """What a handler leaves of a body is not taken for the next request."""
    body = b"GET /fail HTTP/1.1\r\n\r\n" * 2000
    with board.connect() as connection:
        for read in (0, 1, 10, 1000):
            assert connection.post(f"/part?bytes={read}", body).json == {"read": read}
            assert connection.get("/hello").text == "hello"


def test_rejected_upload(board: Board, noise: random.Random) -> None:
    """A handler that fails ends the connection without reading on; the next client is served."""
    with board.connect() as connection:
        connection.head("POST", "/reject", length=2_000_000)
        connection.send(noise.randbytes(1))
        answer = connection.answer()
        assert (answer.status, answer.text) == (403, "not for you")
        assert connection.closed()
    board.assert_well()


def test_request_begins_with_its_body(board: Board) -> None:
    """As in ESP-IDF: before the first byte of a body nothing is called, and nobody served."""
    with board.connect() as waiting, board.connect() as other:
        waiting.head("POST", "/reject", length=1000)
        other.head("GET", "/hello")
        assert waiting.answer().status == 408
        assert waiting.closed()
        assert other.answer().text == "hello"
    with board.connect() as connection:
        connection.head("POST", "/reject", length=1000)
        connection.send(b"x")
        assert connection.answer().status == 403


@pytest.mark.parametrize("sent", [1, 50_000, 99_999])
@pytest.mark.parametrize("way", ["close", "reset"])
def test_aborted_upload(board: Board, noise: random.Random, sent: int, way: str) -> None:
    """A client that goes in the middle of its body costs nothing that is not given back."""
    before = board.settled()
    with board.connect() as connection:
        connection.head("POST", "/sum", length=100_000)
        connection.send(noise.randbytes(sent))
        getattr(connection, way)()
    # a client that has reset its connection before it was accepted has no request
    board.wait(r"network: body of /sum ended after \d+ of 100000|httpd: error in setsockopt")
    body = noise.randbytes(10_000)
    assert_sum(board.post("/sum", body), body)
    after = board.settled()
    assert after["pbufs"] == before["pbufs"]
    assert after["heap"] == pytest.approx(before["heap"], abs=64)


def test_stalled_upload(board: Board) -> None:
    """Half a body and silence: the time limit ends it, and who waited is served."""
    with board.connect() as stalled, board.connect() as waiting:
        stalled.head("POST", "/sum", length=1000)
        stalled.send(bytes(500))
        waiting.head("GET", "/hello")
        board.wait(r"network: body of /sum ended after 500 of 1000: -3")
        assert stalled.answer().status == 408
        assert stalled.closed()
        assert waiting.answer().text == "hello"


def test_chunked_request(board: Board) -> None:
    """As in ESP-IDF a chunked body is not known as one: no body, then something malformed."""
    with board.connect() as connection:
        connection.head("POST", "/sum", "Transfer-Encoding: chunked")
        connection.send("5\r\nhello\r\n0\r\n\r\n")
        assert_sum(connection.answer(), b"")
        assert connection.answer().status == 400
        assert connection.closed()
    board.assert_well()


def test_flash_writes_under_network_load(board: Board, noise: random.Random) -> None:
    """A body that goes to flash as it arrives, while other clients keep the network busy."""
    body = noise.randbytes(700_000)
    served: list[str] = []
    finished = threading.Event()

    def keep_busy() -> None:
        while not finished.is_set():
            served.append(board.get("/hello").text)

    clients = [threading.Thread(target=keep_busy) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        for _ in range(3):
            assert_sum(board.post("/flash", body), body)
    finally:
        finished.set()
        for client in clients:
            client.join()
    assert len(served) >= len(clients)
    assert set(served) == {"hello"}
