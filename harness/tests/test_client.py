"""The client against a server that is played by the test."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from pytest_embedded_hotreload.client import HotReloadClient, HotReloadHTTPError
from pytest_embedded_hotreload.errors import NoAnswer
from pytest_embedded_hotreload.probe import Probe, ProbeError, Task


class Server(ThreadingHTTPServer):
    """Answers each request with what the test prepared, and keeps what it got."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 200
        self.answer = b'{"status":"ok"}'
        self.got: list[tuple[str, str, bytes]] = []
        self.ended = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        try:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
        except ConnectionResetError:
            self.server.ended.set()
            raise
        self.server.got.append((self.command, self.path, body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def client(server: Server) -> Iterator[HotReloadClient]:
    client = HotReloadClient(lambda: server.url)
    yield client
    client.close()


@pytest.fixture
def probe(server: Server) -> Iterator[Probe]:
    probe = Probe(lambda: server.url)
    yield probe
    probe.close()


def test_requests(client: HotReloadClient, server: Server) -> None:
    assert client.upload(b"elf") == {"status": "ok"}
    client.upload_and_reload(b"elf2")
    client.reload()
    client.status()

    assert server.got == [
        ("POST", "/upload", b"elf"),
        ("POST", "/upload-and-reload", b"elf2"),
        ("POST", "/reload", b""),
        ("GET", "/status", b""),
    ]


def test_form(client: HotReloadClient, server: Server) -> None:
    client.upload_form(b"\x7fELF")
    client.upload_and_reload_form(b"\x7fELF")

    for (method, path, body), expected in zip(
        server.got, ["/upload", "/upload-and-reload"], strict=True
    ):
        assert (method, path) == ("POST", expected)
        assert b'name="file"; filename="module.so"' in body
        assert b"\r\n\r\n\x7fELF\r\n--" in body


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 500, 503, 507])
def test_no_refusal_is_a_success(client: HotReloadClient, server: Server, status: int) -> None:
    server.status = status
    for call in (client.reload, client.status, lambda: client.upload(b"elf")):
        with pytest.raises(HotReloadHTTPError) as refused:
            call()
        assert refused.value.status == status


def test_error_of_the_server(client: HotReloadClient, server: Server) -> None:
    server.status = 422
    error = {"error": "HOTRELOAD_ERR_MAGIC", "code": 0x48004, "message": "This is no ELF."}
    server.answer = json.dumps(error).encode()

    with pytest.raises(HotReloadHTTPError) as raised:
        client.upload(b"text")

    assert raised.value.status == 422
    assert raised.value.name == "HOTRELOAD_ERR_MAGIC"
    assert raised.value.code == 0x48004
    assert raised.value.message == "This is no ELF."
    assert json.loads(raised.value.body) == error
    assert str(raised.value) == "HTTP 422: HOTRELOAD_ERR_MAGIC: This is no ELF."


def test_error_that_is_no_json(client: HotReloadClient, server: Server) -> None:
    server.status, server.answer = 500, b"oops"

    with pytest.raises(HotReloadHTTPError, match="HTTP 500: no error name: 'oops'"):
        client.reload()


def test_every_exchange_is_recorded(server: Server) -> None:
    seen: list[tuple[str, str]] = []
    client = HotReloadClient(lambda: server.url, lambda *moment: seen.append(moment[:2]))

    client.upload(b"12345")
    with client.raw("/upload", length=3) as upload:
        upload.send(b"abc")
        upload.answer()
    with client.raw("/upload", length=100) as upload:
        upload.send(b"abc")
        upload.cut()
    client.close()

    assert seen == [
        ("POST /upload (5 bytes)", '200 {"status":"ok"}'),
        ("POST /upload (3 bytes)", '200 {"status":"ok"}'),
        ("POST /upload (3 bytes)", "cut off"),
    ]


def test_upload_in_pieces(client: HotReloadClient, server: Server) -> None:
    with client.raw("/upload", length=6) as upload:
        upload.send(b"abc")
        upload.send(b"def")
        answer = upload.answer()

    assert (answer.status, answer.body) == (200, b'{"status":"ok"}')
    assert server.got == [("POST", "/upload", b"abcdef")]


def test_upload_that_is_cut(client: HotReloadClient, server: Server) -> None:
    with client.raw("/upload", length=100) as upload:
        upload.send(b"abc")
        upload.cut()

    assert server.ended.wait(5), "the server saw no reset"
    assert server.got == []


def test_upload_that_ends_early(client: HotReloadClient, server: Server) -> None:
    with client.raw("/upload", length=100) as upload:
        upload.send(b"abc")
        upload.finish()
        upload.answer()

    assert server.got == [("POST", "/upload", b"abc")]


def test_device_that_is_not_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        seen: list[tuple[str, str]] = []
        client = HotReloadClient(
            lambda: f"http://127.0.0.1:{unused.getsockname()[1]}",
            lambda *moment: seen.append(moment[:2]),
        )
        with pytest.raises(NoAnswer, match=r"GET /status: .*refused"):
            client.status()
        client.close()

    assert seen == [("GET /status", "no answer: Connection refused")]


@pytest.mark.parametrize(
    ("kind", "wire", "result", "value"),
    [
        ("u32", "u32", 0xFFFFFFFF, 0xFFFFFFFF),
        ("i32", "u32", 0xFFFFFFFF, -1),
        ("i32", "u32", 5, 5),
        ("i64", "u64", 1 << 63, -(1 << 63)),
        ("u64", "u64", 1 << 63, 1 << 63),
        ("void", "void", 0, 0),
    ],
)
def test_call(probe: Probe, server: Server, kind: str, wire: str, result: int, value: int) -> None:
    server.answer = json.dumps({"result": result}).encode()

    assert probe.call("add", 1, -2, ret=kind) == value

    assert server.got == [("GET", f"/probe/call?name=add&args=1,4294967294&ret={wire}", b"")]


def test_read_and_tasks(probe: Probe, server: Server) -> None:
    server.answer = b"\x00\x01\xff"
    assert probe.read(0x3FFE0000, 3) == b"\x00\x01\xff"
    server.answer = b'[{"name":"main","stack_free":512,"priority":1}]'
    assert probe.tasks() == [Task("main", 512, 1)]

    assert [path for _, path, _ in server.got] == [
        "/probe/read?addr=0x3ffe0000&size=3",
        "/probe/tasks",
    ]


def test_refusal_of_the_probe(probe: Probe, server: Server) -> None:
    server.status, server.answer = 404, b"no such function"

    with pytest.raises(ProbeError, match="404 no such function"):
        probe.call("gone")
