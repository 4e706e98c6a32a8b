"""A device as its clients see it: it takes modules, and tells what it runs."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from hotreload_build.identity import module_identity


class Device(ThreadingHTTPServer):
    """Its state is what `/status` answers."""

    def __init__(self, firmware: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.refuses = False
        self.state: dict[str, Any] = {
            "status": "ok",
            "firmware": firmware,
            "loaded": False,
            "module": 0,
            "loads": 0,
            "hash": "",
            "size": 0,
            "confirmed": True,
            "confirm_ms": 0,
            "uptime_s": 7,
            "slots": [],
            "passed_over": [],
            "last_error": None,
            "reset_reason": "POWERON",
        }

    @property
    def url(self) -> str:
        """The address of its server."""
        return f"http://127.0.0.1:{self.server_port}"

    def take(self, elf: bytes) -> dict[str, Any]:
        """Load a module."""
        assert module_identity(elf).hex() == self.state["firmware"]
        digest = hashlib.sha256(elf).hexdigest()
        slot = {"slot": 0, "state": "confirmed", "hash": digest, "size": len(elf), "running": True}
        number = self.state["module"] + 1
        self.state.update(loaded=True, module=number, loads=number, hash=digest, size=len(elf))
        self.state["slots"] = [{**slot, "starts": 1}]
        return {"status": "ok", "module": number}


class Handler(BaseHTTPRequestHandler):
    """Requests as the component's server has them."""

    server: Device

    def do_GET(self) -> None:
        """Its state; there is no nonce, as the firmware wants no signatures."""
        found = self.path == "/status"
        self._answer(200 if found else 404, self.server.state if found else {"error": "NOT_FOUND"})

    def do_POST(self) -> None:
        """A module, or a refusal."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.refuses:
            refusal = {"error": "HOTRELOAD_ERR_BUSY", "message": "it is busy"}
            self._answer(409, refusal)
        else:
            self._answer(200, self.server.take(body))

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """It has no log."""


@contextmanager
def running(firmware: str) -> Iterator[Device]:
    """A device that is on."""
    with Device(firmware) as device:
        thread = threading.Thread(target=device.serve_forever)
        thread.start()
        try:
            yield device
        finally:
            device.shutdown()
            thread.join()
