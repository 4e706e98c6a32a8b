"""Whatever a request looks like, it gets the status that it deserves, and the device goes on."""

import json
import random
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from pytest_embedded_hotreload.api import Device
from scenarios.test_server import MAXIMUM

COMMANDS = ["/reload", "/confirm", "/rollback", "/retry"]
UPLOADS = ["/upload", "/upload-and-reload"]
QUESTIONS = ["/status", "/pending"]

#: what a damaged request may get; one whose headers have no end gets none, when its client leaves
ANY = {200, 400, 404, 405, 408, 409, 411, 413, 414, 422, 431, 501, 503, 505}


@dataclass
class Request:
    """One request, and the statuses that it may get; None: no answer."""

    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    version: str = "HTTP/1.1"
    may_get: set[int | None] = field(default_factory=set)

    def encode(self) -> bytes:
        lines = [f"{self.method} {self.path} {self.version}", "Host: device"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def make_request(dice: random.Random) -> Request:
    """A request that is well-formed; nothing that it uploads is a module."""
    path = dice.choice([*COMMANDS, *UPLOADS, *QUESTIONS])
    if path in QUESTIONS:
        return Request("GET", path, may_get={200})
    if path in COMMANDS:
        return Request("POST", path, may_get={200, 404, 409})
    body = dice.randbytes(dice.randint(1, 2000))
    headers = {"Content-Length": str(len(body))}
    # the client of the one before may still hold a connection
    return Request("POST", path, body, headers, may_get={422, 409, 503})


def other_method(request: Request, dice: random.Random) -> None:
    request.method = "GET" if request.method == "POST" else dice.choice(["POST", "PUT", "DELETE"])
    request.may_get = {405}


def unknown_method(request: Request, dice: random.Random) -> None:
    request.method = dice.choice(["FETCH", "GE", "123", "get"])
    request.may_get = {400, 501}


def unknown_path(request: Request, dice: random.Random) -> None:
    request.path += dice.choice(["/", "x", "/../status", "%00"])
    request.may_get = {404}


def long_path(request: Request, dice: random.Random) -> None:
    request.path += "?" + dice.randint(520, 4000) * "q"
    request.may_get = {414}


def query(request: Request, dice: random.Random) -> None:
    request.path += f"?{dice.randint(0, 99)}={dice.randint(0, 99)}"


def other_version(request: Request, dice: random.Random) -> None:
    request.version = dice.choice(["HTTP/2.0", "HTTP/0.9", "HTTP/1.7"])
    request.may_get = {505}


def no_version(request: Request, dice: random.Random) -> None:
    request.version = dice.choice(["HTTQ/1.1", "HTTP/x.1", "1.1"])
    request.may_get = {400}


def long_headers(request: Request, dice: random.Random) -> None:
    request.headers["X"] = dice.randint(520, 9000) * "x"
    request.may_get = {431}


def upgrade(request: Request, dice: random.Random) -> None:
    request.headers |= {"Connection": "Upgrade", "Upgrade": dice.choice(["h2c", "websocket"])}
    request.may_get = {400}


def chunks(request: Request, dice: random.Random) -> None:
    request.headers.pop("Content-Length", None)
    request.headers["Transfer-Encoding"] = "chunked"
    request.body = dice.choice([b"", b"0\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n", b"xyz\r\n"])
    request.may_get = {411 if request.path in UPLOADS else 400}


def wrong_length(request: Request, dice: random.Random) -> None:
    request.headers["Content-Length"] = dice.choice(["-1", "1x", "0x10", "1, 2", "1 2", str(2**64)])
    request.may_get = {400}


def huge_length(request: Request, dice: random.Random) -> None:
    length = dice.choice([MAXIMUM + 5000, 2**31, 2**32 - 1, 2**32, 2**40])
    request.headers["Content-Length"] = str(length)
    request.may_get = {413 if request.path in UPLOADS else 400}


def cut_body(request: Request, dice: random.Random) -> None:
    more = dice.randint(1, 5000)
    request.headers["Content-Length"] = str(len(request.body) + more)
    # what has come may say enough to refuse it
    request.may_get = {400, 409, 422, 503} if request.path in UPLOADS else {400}


def no_length(request: Request, dice: random.Random) -> None:
    request.headers.pop("Content-Length", None)
    request.body = b""
    if request.path in UPLOADS:
        request.may_get = {411}


MUTATIONS: list[Callable[[Request, random.Random], None]] = [
    other_method,
    unknown_method,
    unknown_path,
    long_path,
    query,
    other_version,
    no_version,
    long_headers,
    upgrade,
    chunks,
    wrong_length,
    huge_length,
    cut_body,
    no_length,
]


def damage(text: bytes, dice: random.Random) -> bytes:
    """Some bytes changed, left out, repeated or cut off."""
    data = bytearray(text)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(data) + 1)
        end = at + dice.randint(0, 8)
        data[at:end] = dice.choice(
            [b"", dice.randbytes(end - at), bytes(data[at:end]) * 2, b"\r\n"]
        )
    return bytes(data) if dice.random() < 0.9 else bytes(data[: dice.randrange(len(data) + 1)])


def exchange(url: str, data: bytes) -> bytes:
    """All that the device says to a client that sends this and then nothing more."""
    address = urlsplit(url)
    received = b""
    with socket.create_connection((str(address.hostname), address.port), timeout=20) as client:
        try:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            while more := client.recv(65536):
                received += more
        except (ConnectionResetError, BrokenPipeError):
            pass
    return received


def status_of(answer: bytes) -> int | None:
    """Of the first answer, which is the page or has to be JSON of the length that it says."""
    if not answer:
        return None
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    if headers["Content-Type"] != "text/html":
        assert headers["Content-Type"] == "application/json"
        assert isinstance(json.loads(body[: int(headers["Content-Length"])]), dict)
    return int(first.split()[1])


@pytest.mark.parametrize(
    "count", [150, pytest.param(2200, marks=[pytest.mark.nightly, pytest.mark.timeout(600)])]
)
def test_mutated_requests(device: Device, count: int) -> None:
    """A third as they are but for one thing, whose status is known; a third damaged anywhere."""
    dice = random.Random(count)
    for number in range(count):
        request = make_request(dice)
        kind = number % 3
        if kind == 1:
            dice.choice(MUTATIONS)(request, dice)
        data = request.encode()
        if kind == 2:
            data = damage(data, dice)
            request.may_get = {None, *ANY}

        status = status_of(exchange(device.client.url, data))

        assert status in request.may_get, (number, data[:700])

    status_now = device.client.status()
    assert status_now["pending"] is None
    assert device.probe.call("answer") == 42
