"""The power of the chip, switched over HTTP as by a relay on the network.

`GET /on` and `GET /off` switch, as `/1` and `/0` do, and `GET /` tells the state: labgrid's model
`simplerest`.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from pytest_embedded_hotreload.board.bridge.circuit import Chip

SWITCHES = {"/on": True, "/1": True, "/off": False, "/0": False}


class PowerSwitch:
    """A chip whose power can be off; EN and IO0 mean nothing to it meanwhile."""

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self._lock = threading.Lock()
        self._powered = True
        self._enabled = False

    @property
    def powered(self) -> bool:
        """Whether it has power."""
        return self._powered

    def start(self, download: bool) -> None:
        """EN rises."""
        with self._lock:
            self._enabled = True
            if self._powered:
                self._chip.start(download)

    def stop(self) -> None:
        """EN falls."""
        with self._lock:
            self._enabled = False
            self._chip.stop()

    def write(self, data: bytes) -> None:
        """What its serial port receives; nothing hears it without power."""
        with self._lock:
            self._chip.write(data)

    def switch(self, on: bool) -> None:
        """Switch the power."""
        with self._lock:
            if on == self._powered:
                return
            self._powered = on
            if not on:
                self._chip.stop()
            elif self._enabled:
                self._chip.start(download=False)


@contextmanager
def serve_power(switch: PowerSwitch) -> Iterator[int]:
    """Serve the switch on 127.0.0.1, on a port that the kernel chooses; gives the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = SWITCHES.get(self.path)
            if wanted is None and self.path != "/":
                self.send_error(404)
                return
            if wanted is not None:
                switch.switch(wanted)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"1" if switch.powered else b"0")

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    # one thread, for good: an emulator ends with the thread that has started it
    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
