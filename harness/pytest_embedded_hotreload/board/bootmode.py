"""What a board does when esptool finds it not in download mode."""

import contextlib
import re
import time

from esptool.reset import ClassicReset

from pytest_embedded_hotreload.board.errors import BoardError
from pytest_embedded_hotreload.board.inventory import RFC2217, Board
from pytest_embedded_hotreload.board.port import open_port
from pytest_embedded_hotreload.board.remote import RemotePort

#: the strapping pins, of which 0x10 is IO0 (esptool's documentation, "Boot Log")
BOOT_LOG = re.compile(rb"boot:0x([0-9a-f]+) ")
IO0 = 0x10
#: how long a server may take for a reset, and the ROM to tell of it
BOOT_SECONDS = 3.0


def check_lines(board: Board) -> None:
    """Raise `BoardError` when the server of the board's port is too slow for its reset circuit."""
    if not board.port.startswith(RFC2217):
        return
    port = open_port(board)
    assert isinstance(port, RemotePort)
    with contextlib.closing(port):
        ClassicReset(port)()
        mode = _boot_mode(port)
        if mode is not None and mode & IO0 and port.hands_on_lines:
            raise BoardError(
                board,
                "it starts its firmware instead of download mode, since DTR and RTS reach it too "
                f"far apart: {port.remedy} in place of the server there: it makes the reset by "
                "itself",
            )


def _boot_mode(port: RemotePort) -> int | None:
    port.timeout = 0.1
    log = b""
    end = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < end:
        log += port.read(max(1, port.in_waiting))
        if found := BOOT_LOG.search(log):
            return int(found[1], 16)
    return None
