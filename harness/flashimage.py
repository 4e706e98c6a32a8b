"""The flash of a device as one file, and what its partition table says."""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError
from harness.lock import locked

FLASH_SIZE = 4 * 1024 * 1024
ERASED = b"\xff"

PARTITION_TABLE_OFFSET = 0x8000
# ESP-IDF partition table: 32 bytes an entry, magic 0x50AA
_ENTRY = struct.Struct("<2sBBII16sI")
_ENTRY_MAGIC = b"\xaa\x50"


@dataclass(frozen=True)
class Partition:
    """One entry of the partition table."""

    label: str
    type: int
    subtype: int
    offset: int
    size: int


def merge_flash_image(build_dir: Path) -> Path:
    """Return `flash_image.bin` of a build: all parts of `flasher_args.json` in a full flash."""
    image = build_dir / "flash_image.bin"
    with locked(build_dir / ".flash_image.lock"):
        parts = list(_parts(build_dir))
        newest = max(path.stat().st_mtime_ns for _, path in parts)
        if image.exists() and image.stat().st_mtime_ns > newest:
            return image
        flash = bytearray(ERASED * FLASH_SIZE)
        for offset, path in parts:
            data = path.read_bytes()
            if offset + len(data) > FLASH_SIZE:
                raise HarnessError(
                    f"{path} does not fit: it would end at {offset + len(data):#x} of a flash "
                    f"of {FLASH_SIZE:#x} bytes"
                )
            flash[offset : offset + len(data)] = data
        scratch = image.with_suffix(".new")
        scratch.write_bytes(flash)
        scratch.replace(image)
    return image


def read_partitions(flash: bytes) -> dict[str, Partition]:
    """The partition table of a flash image, by label."""
    partitions = {}
    position = PARTITION_TABLE_OFFSET
    while flash[position : position + 2] == _ENTRY_MAGIC:
        _, kind, subtype, offset, size, label, _ = _ENTRY.unpack_from(flash, position)
        name = label.rstrip(b"\0").decode()
        partitions[name] = Partition(name, kind, subtype, offset, size)
        position += _ENTRY.size
    return partitions


def _parts(build_dir: Path) -> Iterator[tuple[int, Path]]:
    arguments = build_dir / "flasher_args.json"
    try:
        files = json.loads(arguments.read_text())["flash_files"]
    except FileNotFoundError as error:
        raise HarnessError(f"{build_dir} holds no build: {arguments.name} is missing") from error
    for offset, name in files.items():
        yield int(offset, 0), build_dir / name
