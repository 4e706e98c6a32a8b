"""The flash of a device is made of all the parts of a build."""

import json
import struct
from pathlib import Path

import pytest

from harness.errors import HarnessError, UnknownNameError
from harness.flashimage import FLASH_SIZE, Partition, merge_flash_image, read_partitions
from harness.memory import Flash


@pytest.fixture
def build(tmp_path: Path) -> Path:
    (tmp_path / "boot.bin").write_bytes(b"boot")
    (tmp_path / "app.bin").write_bytes(b"application")
    files = {"0x0": "boot.bin", "0x10000": "app.bin"}
    (tmp_path / "flasher_args.json").write_text(json.dumps({"flash_files": files}))
    return tmp_path


def entry(label: str, kind: int, subtype: int, offset: int, size: int) -> bytes:
    return struct.pack("<2sBBII16sI", b"\xaa\x50", kind, subtype, offset, size, label.encode(), 0)


def test_all_parts_in_a_full_flash(build: Path) -> None:
    flash = merge_flash_image(build).read_bytes()

    assert len(flash) == FLASH_SIZE
    assert flash[:5] == b"boot\xff"
    assert flash[0x10000:0x1000C] == b"application\xff"
    assert flash.count(0xFF) == FLASH_SIZE - len(b"bootapplication")


def test_made_again_when_a_part_changes(build: Path) -> None:
    image = merge_flash_image(build)
    before = image.stat().st_mtime_ns
    assert merge_flash_image(build).stat().st_mtime_ns == before

    (build / "app.bin").write_bytes(b"another")

    assert merge_flash_image(build).read_bytes()[0x10000:0x10007] == b"another"


def test_part_beyond_the_end(build: Path) -> None:
    files = {hex(FLASH_SIZE - 4): "app.bin"}
    (build / "flasher_args.json").write_text(json.dumps({"flash_files": files}))

    with pytest.raises(HarnessError, match=r"app.bin does not fit: it would end at 0x400007"):
        merge_flash_image(build)


def test_no_build(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"holds no build: flasher_args.json is missing"):
        merge_flash_image(tmp_path)


class Bytes:
    """A flash that is a list of bytes."""

    def __init__(self, content: bytes) -> None:
        self.content = bytearray(content)

    def read(self, offset: int, size: int) -> bytes:
        return bytes(self.content[offset : offset + size])

    def write(self, offset: int, data: bytes) -> None:
        self.content[offset : offset + len(data)] = data


def test_partitions() -> None:
    table = entry("nvs", 1, 2, 0x9000, 0x6000) + entry("hotreload", 0, 0x40, 0x110000, 0x80000)
    flash = Flash(Bytes(b"\xff" * 0x8000 + table + b"\xff" * (FLASH_SIZE - 0x8040)))

    assert read_partitions(flash.read(0, FLASH_SIZE))["nvs"].size == 0x6000
    assert flash.partition("hotreload") == Partition("hotreload", 0, 0x40, 0x110000, 0x80000)
    flash.write(0x110000, b"module")
    assert flash.read_partition("hotreload")[:7] == b"module\xff"
    with pytest.raises(UnknownNameError, match=r"no partition 'ota': it has nvs, hotreload"):
        flash.partition("ota")
