"""Memory and flash of an emulated board, read without the firmware's help."""

import itertools
from pathlib import Path

from pytest_embedded_hotreload.emulator.qemu import EmulatedBoard
from pytest_embedded_hotreload.errors import HarnessError


class QemuMemory:
    """Memory as the first core sees it, by QMP, while the machine runs.

    What is mapped from flash has addresses of a core: physical ones (`pmemsave`) do not lead there.
    """

    def __init__(self, board: EmulatedBoard) -> None:
        self._board = board
        self._serial_number = itertools.count()

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes from `address` on."""
        if size == 0:
            return b""
        path: Path = self._board.directory / f"memory-{next(self._serial_number)}.bin"
        arguments = {"val": address, "size": size, "filename": str(path)}
        self._board.qmp.execute("memsave", arguments)
        data = path.read_bytes()
        path.unlink()
        return data


class FlashFile:
    """The flash is a file, in which every completed operation is at once."""

    def __init__(self, board: EmulatedBoard) -> None:
        self._board = board

    def read(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset` on."""
        with self._board.flash_path.open("rb") as file:
            file.seek(offset)
            return file.read(size)

    def write(self, offset: int, data: bytes) -> None:
        """Replace bytes from `offset` on."""
        if self._board.running:
            raise HarnessError("the flash can be written only while the board is off")
        with self._board.flash_path.open("r+b") as file:
            file.seek(offset)
            file.write(data)
