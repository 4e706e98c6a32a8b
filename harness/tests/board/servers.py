"""Servers in front of a bridge, or in place of one, that are not as good as esptool's."""

import contextlib
import ctypes
import re
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil

#: IAC SB COM-PORT-OPTION SET-CONTROL (DTR or RTS) IAC SE, as a client sends it (RFC 2217)
LINE = re.compile(rb"(\xff\xfa\x2c\x05[\x08\x09\x0b\x0c]\xff\xf0)")

#: socket(7); a filter of `ret #0` takes nothing
_SO_ATTACH_FILTER = 26

SER2NET = """%YAML 1.1
---
connection: &board
    accepter: telnet(rfc2217),tcp,127.0.0.1,0
    connector: telnet(rfc2217),tcp,{host},{port}
"""


@contextlib.contextmanager
def ser2net(port: str, folder: Path) -> Iterator[str]:
    """Serve the port of a bridge by ser2net; gives its URL."""
    host, number = _address(port)
    settings = folder / "ser2net.yaml"
    settings.write_text(SER2NET.format(host=host, port=number))
    with subprocess.Popen(
        ["ser2net", "-n", "-d", "-c", settings], stderr=subprocess.PIPE
    ) as server:
        try:
            yield f"rfc2217://127.0.0.1:{_listening(server)}"
        finally:
            server.kill()


class Relay:
    """Hands the port of a bridge on, to one client after the other."""

    def __init__(self, port: str, delay: float = 0.0) -> None:
        """`delay` is how many seconds each change of a line takes."""
        self._port = port
        self._delay = delay
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = [self._listener]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> "Relay":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for connection in self._sockets:
            _end(connection)
        self._thread.join()
        for connection in self._sockets:
            connection.close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"rfc2217://127.0.0.1:{self._listener.getsockname()[1]}"

    def switch_off(self) -> None:
        """Confirm nothing any more that comes on any connection, as a host that is off."""
        ret_0 = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
        program = struct.pack("HP", 1, ctypes.addressof(ret_0))
        for connection in self._sockets:
            connection.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                board = socket.create_connection(_address(self._port))
                self._sockets += [client, board]
                back = threading.Thread(target=self._hand_on, args=(board, client))
                back.start()
                self._hand_on(client, board)
                back.join()

    def _hand_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                for part in LINE.split(data):
                    if LINE.match(part):
                        self._ended.wait(self._delay)
                    target.sendall(part)
        _end(target)


@contextlib.contextmanager
def says(greeting: bytes, closes: bool) -> Iterator[str]:
    """Something else listens there: says this and perhaps closes the connection; gives its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener, contextlib.ExitStack() as connections:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client = connections.enter_context(listener.accept()[0])
                    client.sendall(greeting)
                    if closes:
                        client.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"rfc2217://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _address(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("rfc2217://").rpartition(":")
    return host, int(port)


def _listening(server: subprocess.Popen[bytes]) -> int:
    while server.poll() is None:
        for connection in psutil.Process(server.pid).net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN:
                return int(connection.laddr.port)
    assert server.stderr is not None
    raise AssertionError(server.stderr.read())
