"""Memory and flash of a board."""

from collections.abc import Callable

from harness.board.link import Link
from harness.probe import Probe


class ProbeMemory:
    """Memory of the running device, by the probe of the scenario firmware."""

    def __init__(self, url: Callable[[], str]) -> None:
        self._probe = Probe(url)

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes from `address` on."""
        return self._probe.read(address, size) if size else b""


class ChipFlash:
    """The flash of a halted device, by esptool."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def read(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset` on."""
        return self._link.read_flash(offset, size)

    def write(self, offset: int, data: bytes) -> None:
        """Replace bytes from `offset` on."""
        self._link.update_flash([(offset, data)])
