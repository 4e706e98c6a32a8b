"""pytest-embedded's `serial` in lane `board`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import AnyStr

from pytest_embedded.utils import to_bytes

from pytest_embedded_hotreload.board.inventory import wifi_credentials
from pytest_embedded_hotreload.board.link import Link, Region
from pytest_embedded_hotreload.board.secrets import Redactor, answer_prompt
from pytest_embedded_hotreload.console import Console
from pytest_embedded_hotreload.emulator.app import EmulatedApp
from pytest_embedded_hotreload.flashimage import (
    PARTITION_TABLE_OFFSET,
    PARTITION_TABLE_SIZE,
    Partition,
    read_partitions,
)

APP = 0
#: subtypes of the partitions that the bootloader starts
BOOTED = range(0x21)


class BoardSerial:
    """Flashes a board and starts it.

    It has the interface of `pytest_embedded_idf.IdfSerial`, and differs where that one remembers
    or polls: what the flash holds is asked of the chip each time, and only one thread reads.
    """

    def __init__(self, app: EmulatedApp, link: Link, console: Console) -> None:
        self.app = app
        self.link = link
        self.target = link.board.chip
        link.console = console
        credentials = wifi_credentials(link.board)
        if credentials is not None:
            link.redact = Redactor(credentials)
            answer_prompt(console, credentials, link.write)
        #: bytes that had to be written
        self.written = link.update_flash(list(regions(app.image_path)))
        link.run()

    @property
    def proc(self) -> "BoardSerial":
        """What `dut.write` writes to."""
        return self

    @property
    def port(self) -> str:
        """The board's port."""
        return self.link.board.port

    def write(self, data: AnyStr) -> None:
        """Send to the console; a `str` gets a line end, as everywhere in pytest-embedded."""
        self.link.write(to_bytes(data, "\n"))

    def hard_reset(self) -> None:
        """Reset by the board's lines."""
        self.link.run()

    def halt(self) -> None:
        """Stop the firmware, in the middle of whatever it is doing: into download mode."""
        self.link.enter_download_mode()

    def close(self) -> None:
        """Let go of the port; the board runs on."""
        self.link.close()


def regions(image: Path) -> Iterator[Region]:
    """What has to be in the flash for the firmware to find it newly written.

    That is all of each partition, erased where nothing is written; of a firmware's partition only
    the firmware, since nobody reads what is behind it.
    """
    flash = image.read_bytes()
    table = PARTITION_TABLE_OFFSET + PARTITION_TABLE_SIZE
    yield 0, _used(flash[:PARTITION_TABLE_OFFSET])
    yield PARTITION_TABLE_OFFSET, flash[PARTITION_TABLE_OFFSET:table]
    partitions: Mapping[str, Partition] = read_partitions(flash[PARTITION_TABLE_OFFSET:table])
    for partition in partitions.values():
        content = flash[partition.offset : partition.offset + partition.size]
        if partition.type == APP and partition.subtype in BOOTED:
            content = _used(content)
        if content:
            yield partition.offset, content


def _used(content: bytes) -> bytes:
    sector = 4096
    size = len(content.rstrip(b"\xff"))
    return content[: -(-size // sector) * sector]
