"""The serial port of a board, as pyserial opens it."""

from typing import cast

import serial

from pytest_embedded_hotreload.board.errors import BoardError
from pytest_embedded_hotreload.board.inventory import RFC2217, Board
from pytest_embedded_hotreload.board.remote import RemotePort, first_line

CONSOLE_BAUD = 115200


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
    except OSError as error:
        raise BoardError(board, f"its port cannot be opened: {first_line(error)}") from error
    return port


def explain(port: serial.Serial, error: BaseException) -> str:
    """One line about what a port has raised, or esptool about it."""
    return port.explain(error) if isinstance(port, RemotePort) else first_line(error)
