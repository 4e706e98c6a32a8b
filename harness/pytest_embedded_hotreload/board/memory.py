"""Memory and flash of a board."""

from collections.abc import Callable
from pathlib import Path

from pytest_embedded_hotreload.board.link import Link
from pytest_embedded_hotreload.errors import HarnessError
from pytest_embedded_hotreload.flashimage import (
    PARTITION_TABLE_OFFSET,
    PARTITION_TABLE_SIZE,
    read_partitions,
)
from pytest_embedded_hotreload.probe import Probe


class ProbeMemory:
    """Memory of the running device, by the probe of the scenario firmware."""

    def __init__(self, url: Callable[[], str]) -> None:
        self._probe = Probe(url)

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes from `address` on."""
        return self._probe.read(address, size) if size else b""


class BoardFlash:
    """The flash: of a halted device by esptool, of a running one by the probe."""

    def __init__(self, link: Link, image: Path, url: Callable[[], str]) -> None:
        """`image` is what was flashed, whose partition table no firmware changes."""
        self._link = link
        self._image = image
        self._probe = Probe(url)

    def read(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset` on."""
        table = self._image.read_bytes()[PARTITION_TABLE_OFFSET:][:PARTITION_TABLE_SIZE]
        if offset == PARTITION_TABLE_OFFSET:
            return table[:size]
        if self._link.halted:
            return self._link.read_flash(offset, size)
        for partition in read_partitions(table).values():
            start = offset - partition.offset
            if start >= 0 and start + size <= partition.size:
                return self._probe.read_partition(partition.label, start, size)
        raise HarnessError(
            f"{self._link}: {size:#x} bytes of its flash from {offset:#x} on are in no partition: "
            "halt the device to read them"
        )

    def write(self, offset: int, data: bytes) -> None:
        """Replace bytes from `offset` on; the device has to be halted."""
        if not self._link.halted:
            raise HarnessError(f"{self._link}: its flash can be written only while it is halted")
        self._link.update_flash([(offset, data)])
