"""Servers in front of a bridge, or in place of one, that are not as good as esptool's."""

import contextlib
import re
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil

#: IAC SB COM-PORT-OPTION SET-CONTROL (DTR or RTS) IAC SE, as a client sends it (RFC 2217)
LINE = re.compile(rb"(\xff\xfa\x2c\x05[\x08\x09\x0b\x0c]\xff\xf0)")

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


@contextlib.contextmanager
def slow_lines(port: str, seconds: float) -> Iterator[str]:
    """Hand the port of a bridge on, each change of a line after `seconds`; gives its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener, contextlib.ExitStack() as connections:
        ended = threading.Event()

        def hand_on(client: socket.socket, board: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while data := client.recv(65536):
                    for part in LINE.split(data):
                        if LINE.match(part):
                            ended.wait(seconds)
                        board.sendall(part)
            with contextlib.suppress(OSError):
                board.shutdown(socket.SHUT_RDWR)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client = connections.enter_context(listener.accept()[0])
                    board = connections.enter_context(socket.create_connection(_address(port)))
                    back = threading.Thread(target=hand_on, args=(board, client))
                    back.start()
                    hand_on(client, board)
                    back.join()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"rfc2217://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            ended.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


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
