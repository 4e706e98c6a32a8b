"""The serial port of a board, as pyserial opens it."""

import socket
from typing import cast

import serial
import serial.rfc2217

from pytest_embedded_hotreload.board.errors import BoardError
from pytest_embedded_hotreload.board.inventory import RFC2217, Board

CONSOLE_BAUD = 115200


class RemotePort(serial.rfc2217.Serial):
    """A port on another machine.

    Its server is not told of timeouts: pyserial negotiates all settings anew, a quarter of a
    second, whenever one changes, which esptool does several times for each command. A timeout is
    the reader's own business.

    Nor is the server waited for until it has confirmed a line: two lines that belong together would
    be 50 ms apart, which no board's reset circuit bridges, and `esp_rfc2217_server` confirms none,
    since it makes the whole reset by itself.
    """

    def rfc2217_set_control(self, value: bytes) -> None:
        """Set a line, or the flow control."""
        self._rfc2217_options["control"].set(value)  # type: ignore[attr-defined] # no stub

    @property
    def timeout(self) -> float | None:
        """Seconds that `read` waits."""
        return self._timeout

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._timeout = seconds

    def close(self) -> None:
        """Close the port; pyserial leaves its socket open when the other end has gone."""
        connection: socket.socket | None = self._socket  # type: ignore[attr-defined] # no stub
        super().close()
        if connection is not None:
            connection.close()


def open_port(board: Board) -> serial.Serial:
    """Open the board's port without a reset; raises `BoardError`."""
    remote = board.port.startswith(RFC2217)
    # both have the interface of a local one
    port = cast(serial.Serial, RemotePort()) if remote else serial.Serial()
    port.port = board.port
    port.baudrate = CONSOLE_BAUD
    port.timeout = 3
    if not remote:
        port.exclusive = True
    try:
        port.open()
    except (serial.SerialException, OSError) as error:
        hint = "; has somebody else opened it?" if remote else ""
        raise BoardError(board, f"its port cannot be opened: {_cause(error)}{hint}") from error
    return port


def _cause(error: Exception) -> str:
    return " ".join(str(error).split())
