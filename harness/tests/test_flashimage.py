"""The flash of a device is made of all the parts of a build."""

import json
import struct
from pathlib import Path

import pytest

from pytest_embedded_hotreload.errors import HarnessError, UnknownNameError
from pytest_embedded_hotreload.flashimage import (
    MEGABYTE,
    SIZES,
    Partition,
    merge_flash_image,
    read_partitions,
)
from pytest_embedded_hotreload.memory import Flash


@pytest.fixture
def build(tmp_path: Path) -> Path:
    (tmp_path / "boot.bin").write_bytes(b"boot")
    (tmp_path / "app.bin").write_bytes(b"application")
    files = {"0x0": "boot.bin", "0x10000": "app.bin"}
    describe(tmp_path, files)
    return tmp_path


def describe(build: Path, files: dict[str, str], size: str = "4MB") -> None:
    arguments = {"flash_files": files, "flash_settings": {"flash_size": size}}
    (build / "flasher_args.json").write_text(json.dumps(arguments))


def entry(label: str, kind: int, subtype: int, offset: int, size: int) -> bytes:
    return struct.pack("<2sBBII16sI", b"\xaa\x50", kind, subtype, offset, size, label.encode(), 0)


def test_all_parts_in_a_full_flash(build: Path) -> None:
    flash = merge_flash_image(build).read_bytes()

    assert len(flash) == 4 * MEGABYTE
    assert flash[:5] == b"boot\xff"
    assert flash[0x10000:0x1000C] == b"application\xff"
    assert flash.count(0xFF) == 4 * MEGABYTE - len(b"bootapplication")


def test_made_again_when_a_part_changes(build: Path) -> None:
    image = merge_flash_image(build)
    before = image.stat().st_mtime_ns
    assert merge_flash_image(build).stat().st_mtime_ns == before

    (build / "app.bin").write_bytes(b"another")

    assert merge_flash_image(build).read_bytes()[0x10000:0x10007] == b"another"


def test_part_beyond_the_end(build: Path) -> None:
    describe(build, {hex(4 * MEGABYTE - 4): "app.bin"})

    with pytest.raises(HarnessError, match=r"app.bin does not fit: it would end at 0x400007"):
        merge_flash_image(build)


@pytest.mark.parametrize("name", SIZES)
def test_flash_of_the_size_that_the_build_says(build: Path, name: str) -> None:
    describe(build, {"0x0": "app.bin"}, name)

    assert len(merge_flash_image(build).read_bytes()) == int(name.removesuffix("MB")) * MEGABYTE


def test_smallest_flash_when_the_build_does_not_say(build: Path) -> None:
    describe(build, {hex(4 * MEGABYTE - 4): "app.bin"}, "detect")

    assert len(merge_flash_image(build).read_bytes()) == 8 * MEGABYTE


def test_flash_that_no_emulator_has(build: Path) -> None:
    describe(build, {"0x0": "app.bin"}, "32MB")

    with pytest.raises(HarnessError, match=r"flash of 32MB.*have 2MB, 4MB, 8MB, 16MB.*FLASHSIZE"):
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
    flash = Flash(Bytes(b"\xff" * 0x8000 + table + b"\xff" * (4 * MEGABYTE - 0x8040)))

    assert read_partitions(table)["nvs"].size == 0x6000
    assert flash.partition("hotreload") == Partition("hotreload", 0, 0x40, 0x110000, 0x80000)
    flash.write(0x110000, b"module")
    assert flash.read_partition("hotreload")[:7] == b"module\xff"
    with pytest.raises(UnknownNameError, match=r"no partition 'ota': it has nvs, hotreload"):
        flash.partition("ota")
