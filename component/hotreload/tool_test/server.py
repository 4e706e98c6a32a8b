"""A device's server as the tests of its clients play it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = bytes(range(32))
DEVICE = "0a1b2c3d4e5f"


class Server(ThreadingHTTPServer):
    """Answers with what the test has prepared, and keeps what it got."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, tuple[int, dict[str, Any]]] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.nonces = 0
        self.signs: dict[str, Any] = {  # beside the nonce
            "version": 2,
            "device": DEVICE,
            "key": hashlib.sha256(SECRET).hexdigest()[:16],
        }
        self.got: list[tuple[str, str, str, bytes]] = []
        self.when_asked: Callable[[str, bytes], None] = lambda path, body: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        header = self.headers.get("Authorization", "")
        self.server.got.append((self.command, self.path, header, body))
        self.server.when_asked(self.path, body)
        status, answer = self.server.answers.get(self.path, (200, {"status": "ok"}))
        if self.path == "/nonce" and status == 200:
            self.server.nonces += 1
            answer = {"status": "ok", **self.server.signs, "nonce": f"{self.server.nonces:048x}"}
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        for name, value in self.server.headers.get(self.path, {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        pass
