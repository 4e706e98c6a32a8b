"""The flash of a board, while its firmware runs and while it is halted."""

import struct
from pathlib import Path
from typing import Any

import pytest

from pytest_embedded_hotreload.board.memory import BoardFlash
from pytest_embedded_hotreload.errors import HarnessError
from pytest_embedded_hotreload.flashimage import PARTITION_TABLE_OFFSET
from pytest_embedded_hotreload.memory import Flash

TABLE = struct.pack("<2sBBII16sI", b"\xaa\x50", 0, 0x40, 0x120000, 0x80000, b"hotreload", 0)


class FakeLink:
    """A board in either state."""

    def __init__(self, halted: bool) -> None:
        self.halted = halted
        self.written: list[tuple[int, bytes]] = []

    def __str__(self) -> str:
        return "board desk (/dev/a)"

    def read_flash(self, offset: int, size: int) -> bytes:
        return b"c" * size

    def update_flash(self, regions: list[tuple[int, bytes]]) -> None:
        self.written += regions


class FakeProbe:
    """The probe of a running firmware."""

    def __init__(self, url: object) -> None:
        self.asked: list[tuple[str, int, int]] = []

    def read_partition(self, label: str, offset: int, size: int) -> bytes:
        self.asked.append((label, offset, size))
        return b"p" * size


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "flash_image.bin"
    path.write_bytes(b"\xff" * PARTITION_TABLE_OFFSET + TABLE.ljust(0x1000, b"\xff"))
    return path


def flash_of(link: Any, image: Path, monkeypatch: pytest.MonkeyPatch) -> BoardFlash:
    monkeypatch.setattr("pytest_embedded_hotreload.board.memory.Probe", FakeProbe)
    return BoardFlash(link, image, lambda: "http://127.0.0.1:1")


def test_a_running_device_reads_for_us(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    access = flash_of(FakeLink(halted=False), image, monkeypatch)

    assert Flash(access).partition("hotreload").size == 0x80000
    assert access.read(0x120010, 3) == b"ppp"
    assert access._probe.asked == [("hotreload", 0x10, 3)]  # type: ignore[attr-defined]
    with pytest.raises(HarnessError, match=r"0x80001 bytes .* from 0x120000 on are in no partit"):
        access.read(0x120000, 0x80001)
    with pytest.raises(HarnessError, match=r"can be written only while it is halted"):
        access.write(0x120000, b"x")


def test_a_halted_device_is_read_by_esptool(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = FakeLink(halted=True)
    access = flash_of(link, image, monkeypatch)

    assert access.read(0x120010, 3) == b"ccc"
    access.write(0x120000, b"x")

    assert link.written == [(0x120000, b"x")]
