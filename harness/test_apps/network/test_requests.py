"""What the server makes of requests, and the forms of its answers: as ESP-IDF's does."""

from __future__ import annotations

import pytest

from .conftest import Board

OK = 0
NOT_FOUND = 0x105
TRUNCATED = 0xB004
MAX_URI = 512
MAX_HEADERS = 512


def test_getters(board: Board) -> None:
    """Header, query and cookie by name, whatever the case of the name."""
    request = "/request?first=1&key=value&last="
    headers = ("x-tEST:   spaced  ", "Empty:", "Cookie: a=b; taste=sweet; c=d")
    with board.connect() as connection:
        answer = connection.post(request, b"12345", *headers).json
        assert answer == {
            "method": 3,
            "content_len": 5,
            "header": "spaced  ",  # as in ESP-IDF only the spaces in front are taken away
            "header_len": len("spaced  "),
            "header_err": OK,
            "query_len": len("first=1&key=value&last="),
            "query_err": OK,
            "value": "value",
            "value_err": OK,
            "cookie": "sweet",
            "cookie_err": OK,
            "cookie_room": len("sweet") + 1,
        }
        # nothing is left over for the next request
        answer = connection.get("/request").json
        assert (answer["method"], answer["content_len"]) == (1, 0)
        assert answer["header_err"] == answer["value_err"] == answer["query_err"] == NOT_FOUND
        assert answer["cookie_err"] == NOT_FOUND
        assert answer["header_len"] == answer["query_len"] == 0


@pytest.mark.parametrize(("room", "text"), [(5, "1234"), (1, ""), (9, "12345678")])
def test_getters_truncate(board: Board, room: int, text: str) -> None:
    """A value too long for its buffer is cut, terminated and reported."""
    answer = board.get(
        f"/request?room={room}&key=123456789", "X-Test: 123456789", "Cookie: taste=123456789"
    ).json
    assert (answer["header"], answer["value"], answer["cookie"]) == (text, text, text)
    assert {answer[f"{name}_err"] for name in ("header", "value", "cookie")} == {TRUNCATED}
    assert answer["cookie_room"] == 10


def test_answer_with_status_type_and_headers(board: Board) -> None:
    """What a handler sets is what is sent."""
    answer = board.get("/headers")
    assert (answer.status, answer.text) == (202, "accepted")
    assert answer.headers == {
        "content-type": "text/plain",
        "content-length": "8",
        "x-one": "1",
        "x-two": "2",
    }


def test_answer_with_long_headers(board: Board) -> None:
    """Headers longer than the server's buffer are sent in pieces."""
    answer = board.get("/long-headers")
    assert answer.text == "long"
    assert [answer.headers[f"x-{name}"] for name in ("one", "two", "three")] == ["v" * 300] * 3


def test_empty_answer(board: Board) -> None:
    """An answer without a body leaves the connection usable."""
    with board.connect() as connection:
        assert connection.get("/empty").status == 204
        assert connection.get("/hello").text == "hello"


@pytest.mark.parametrize(("count", "size"), [(0, 1), (1, 1), (3, 10), (5, 600), (40, 4096)])
def test_chunks(board: Board, count: int, size: int) -> None:
    """A chunked answer of any number of chunks, one by one as they were sent."""
    with board.connect() as connection:
        connection.head("GET", f"/chunks?count={count}&size={size}")
        status, headers = connection.answer_head()
        assert (status, headers["transfer-encoding"]) == (200, "chunked")
        for index in range(count):
            assert connection.chunk() == bytes([ord("a") + index % 26]) * size
        assert connection.chunk() == b""
        assert connection.get("/hello").text == "hello"


def test_wildcard(board: Board) -> None:
    """A pattern takes every URI below it; the query is no part of the path."""
    assert board.get("/wild/a/b?c=d").text == "/wild/a/b?c=d"
    assert board.get("/wild").status == 404


def test_unknown_uri(board: Board) -> None:
    """The handler for the error answers, and decides about the connection."""
    with board.connect() as connection:
        answer = connection.get("/nowhere", "X-Keep: y")
        assert (answer.status, answer.json) == (404, {"error": 6, "uri": "/nowhere"})
        assert connection.get("/nowhere").status == 404
        assert connection.closed()
    board.assert_well()


def test_unknown_method(board: Board) -> None:
    """A URI that exists, but not for this method."""
    for method in ("DELETE", "HEAD", "OPTIONS"):
        with board.connect() as connection:
            connection.head(method, "/hello")
            assert connection.answer().status == 405
            assert connection.closed()


def test_failing_handler(board: Board) -> None:
    """The answer arrives, then the connection closes."""
    with board.connect() as connection:
        assert connection.get("/fail").status == 500
        assert connection.closed()
    board.assert_well()


def test_longest_uri(board: Board) -> None:
    """A URI of the length limit is served, one more is status 414, as is one without an end."""
    longest = "/wild/".ljust(MAX_URI, "x")
    assert board.get(longest).text == longest
    for uri in (longest + "x", longest * 20):
        with board.connect() as connection:
            connection.head("GET", uri)
            assert connection.answer().status == 414
            assert connection.closed()
    with board.connect() as connection:
        connection.send("GET /" + "y" * 3000)
        assert connection.answer().status == 414
    board.assert_well()


def headers_of(length: int) -> list[str]:
    """Header lines that are, with their line ends, of this length together."""
    lines = ["X-Test: value"]
    rest = length - len("X-Test: value\r\n")
    return [*lines, "X-Long: ".ljust(rest - len("\r\n"), "v")]


def test_longest_headers(board: Board) -> None:
    """Headers of the limit are served, more are status 431."""
    host = len("Host: board\r\n")
    answer = board.get("/request", *headers_of(MAX_HEADERS - host))
    assert answer.json["header"] == "value"
    for length in (MAX_HEADERS + 2, 2 * MAX_HEADERS, 20 * MAX_HEADERS):
        with board.connect() as connection:
            connection.head("GET", "/request", *headers_of(length - host))
            assert connection.answer().status == 431
            assert connection.closed()
    # many short ones
    with board.connect() as connection:
        connection.head("GET", "/request", *[f"N{index}: {index}" for index in range(100)])
        assert connection.answer().status == 431
    board.assert_well()


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        ("\0\1\2\3\r\n\r\n", 400),
        ("NONSENSE /hello HTTP/1.1\r\n\r\n", 400),
        ("get /hello HTTP/1.1\r\n\r\n", 400),
        ("GET hello HTTP/1.1\r\n\r\n", 400),
        ("GET /hel lo HTTP/1.1\r\n\r\n", 400),
        ("GET /hello HTTP/x.y\r\n\r\n", 400),
        ("GET /hello HTTP/1.1\r\nNo colon\r\n\r\n", 400),
        ("GET /hello HTTP/1.1\r\nA: b\r\nContent-Length: many\r\n\r\n", 400),
        ("POST /sum HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400),
        ("POST /sum HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        ("GET /hello HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", 400),
        ("CONNECT board:80 HTTP/1.1\r\n\r\n", 400),
        ("GET /hello HTTP/2.0\r\n\r\n", 505),
        ("GET /hello HTTP/0.9\r\n\r\n", 505),
        ("GET /hello\r\n\r\n", 505),
    ],
)
def test_malformed_request(board: Board, request_text: str, status: int) -> None:
    """What is no request gets an answer that says so, and its connection is closed."""
    with board.connect() as connection:
        connection.send(request_text)
        assert connection.answer().status == status
        assert connection.closed()
    board.assert_well()


def test_tolerated_requests(board: Board) -> None:
    """Old and sloppy, but requests."""
    for request in (
        "GET /hello HTTP/1.0\r\n\r\n",
        "GET /hello HTTP/1.1\n\n",
        "\r\n\r\nGET /hello HTTP/1.1\r\n\r\n",
        "GET http://board/hello HTTP/1.1\r\n\r\n",
    ):
        with board.connect() as connection:
            connection.send(request)
            assert connection.answer().text == "hello"
