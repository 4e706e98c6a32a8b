"""The flash of a device as one file, and what its partition table says."""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_embedded_hotreload.errors import HarnessError
from pytest_embedded_hotreload.lock import locked

MEGABYTE = 1024 * 1024
#: what the emulators have flash chips of, by the names of CONFIG_ESPTOOLPY_FLASHSIZE
SIZES = {f"{megabytes}MB": megabytes * MEGABYTE for megabytes in (2, 4, 8, 16)}
ERASED = b"\xff"

PARTITION_TABLE_OFFSET = 0x8000
PARTITION_TABLE_SIZE = 0xC00
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
        arguments = _flasher_args(build_dir)
        parts = list(_parts(arguments, build_dir))
        newest = max(path.stat().st_mtime_ns for _, path in parts)
        if image.exists() and image.stat().st_mtime_ns > newest:
            return image
        size = _flash_size(arguments, parts)
        flash = bytearray(ERASED * size)
        for offset, path in parts:
            data = path.read_bytes()
            if offset + len(data) > size:
                raise HarnessError(
                    f"{path} does not fit: it would end at {offset + len(data):#x} of a flash "
                    f"of {size:#x} bytes"
                )
            flash[offset : offset + len(data)] = data
        scratch = image.with_suffix(".new")
        scratch.write_bytes(flash)
        scratch.replace(image)
    return image


def read_partitions(table: bytes) -> dict[str, Partition]:
    """The partitions of a partition table, by label."""
    partitions = {}
    position = 0
    while table[position : position + 2] == _ENTRY_MAGIC:
        _, kind, subtype, offset, size, label, _ = _ENTRY.unpack_from(table, position)
        name = label.rstrip(b"\0").decode()
        partitions[name] = Partition(name, kind, subtype, offset, size)
        position += _ENTRY.size
    return partitions


def _flasher_args(build_dir: Path) -> dict[str, Any]:
    file = build_dir / "flasher_args.json"
    try:
        arguments: dict[str, Any] = json.loads(file.read_text())
    except FileNotFoundError as error:
        raise HarnessError(f"{build_dir} holds no build: {file.name} is missing") from error
    return arguments


def _parts(arguments: dict[str, Any], build_dir: Path) -> Iterator[tuple[int, Path]]:
    for offset, name in arguments["flash_files"].items():
        yield int(offset, 0), build_dir / name


def _flash_size(arguments: dict[str, Any], parts: list[tuple[int, Path]]) -> int:
    """What the build says, or the smallest that holds it when the build leaves that to esptool."""
    name = arguments["flash_settings"]["flash_size"]
    if name == "detect":
        end = max(offset + path.stat().st_size for offset, path in parts)
        return min((size for size in SIZES.values() if size >= end), default=max(SIZES.values()))
    if name not in SIZES:
        raise HarnessError(
            f"the firmware wants a flash of {name}, and the emulators have {', '.join(SIZES)}: "
            "choose one of these by CONFIG_ESPTOOLPY_FLASHSIZE"
        )
    return SIZES[name]
