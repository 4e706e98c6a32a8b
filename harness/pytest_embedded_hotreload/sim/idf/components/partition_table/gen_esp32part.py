#!/usr/bin/env python3
"""Converts partition tables between CSV and the binary form that lies in flash.

The formats are those of ESP-IDF's "Partition Tables" guide: 32-byte entries that begin with AA 50,
an MD5 row that begins with EB EB, 0xFF up to 0xC00 bytes.
"""

import argparse
import hashlib
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ENTRY = struct.Struct("<2sBBII16sI")
ENTRY_MAGIC = b"\xaa\x50"
MD5_MAGIC = b"\xeb\xeb" + b"\xff" * 14
TABLE_BYTES = 0xC00
TABLE_SECTOR = 0x1000
# one entry is for the MD5 row, one for the end marker
MAX_ENTRIES = TABLE_BYTES // ENTRY.size - 1
NAME_BYTES = 16

APP_TYPE = 0x00
DATA_TYPE = 0x01
TYPES = {"app": APP_TYPE, "data": DATA_TYPE}
SUBTYPES: dict[int, dict[str, int]] = {
    APP_TYPE: {"factory": 0x00, "test": 0x20, **{f"ota_{i}": 0x10 + i for i in range(16)}},
    DATA_TYPE: {
        "ota": 0x00,
        "phy": 0x01,
        "nvs": 0x02,
        "coredump": 0x03,
        "nvs_keys": 0x04,
        "efuse": 0x05,
        "undefined": 0x06,
        "esphttpd": 0x80,
        "fat": 0x81,
        "spiffs": 0x82,
        "littlefs": 0x83,
    },
}
FLAGS = {"encrypted": 1 << 0}
ALIGNMENT = {APP_TYPE: 0x10000}
DEFAULT_ALIGNMENT = 0x1000


class PartitionError(Exception):
    """A table that cannot be used; the text is for the user."""


@dataclass
class Partition:
    name: str
    type: int
    subtype: int
    offset: int
    size: int
    flags: int = 0

    @property
    def end(self) -> int:
        return self.offset + self.size

    @property
    def alignment(self) -> int:
        return ALIGNMENT.get(self.type, DEFAULT_ALIGNMENT)

    @property
    def type_name(self) -> str:
        return next((name for name, value in TYPES.items() if value == self.type), str(self.type))

    @property
    def subtype_name(self) -> str:
        names = SUBTYPES.get(self.type, {})
        return next(
            (name for name, value in names.items() if value == self.subtype), str(self.subtype)
        )

    def to_binary(self) -> bytes:
        return ENTRY.pack(
            ENTRY_MAGIC,
            self.type,
            self.subtype,
            self.offset,
            self.size,
            self.name.encode(),
            self.flags,
        )

    def to_csv(self) -> str:
        flags = ":".join(name for name, bit in FLAGS.items() if self.flags & bit)
        return (
            f"{self.name},{self.type_name},{self.subtype_name},{self.offset:#x},"
            f"{format_size(self.size)},{flags}"
        )


def format_size(size: int) -> str:
    for unit, letter in ((1 << 20, "M"), (1 << 10, "K")):
        if size and size % unit == 0:
            return f"{size // unit}{letter}"
    return str(size)


def parse_number(text: str, names: dict[str, int] | None = None) -> int:
    """A number (decimal, hex, with K or M) or one of the names."""
    word = text.strip().lower()
    if names and word in names:
        return names[word]
    scale = 1
    if word and word[-1] in "km":
        scale = {"k": 1 << 10, "m": 1 << 20}[word[-1]]
        word = word[:-1].strip()
    try:
        return int(word, 0) * scale
    except ValueError:
        known = f" (known names: {', '.join(names)})" if names else ""
        raise PartitionError(f"'{text.strip()}' is not a number{known}") from None


def align_up(value: int, alignment: int) -> int:
    return -(-value // alignment) * alignment


def parse_row(row: str, next_offset: int) -> Partition:
    fields = [field.strip() for field in row.split(",")]
    if len(fields) < 5 or len(fields) > 6:
        raise PartitionError(
            "expected 'name, type, subtype, offset, size[, flags]', "
            f"found {len(fields)} field{'s' if len(fields) != 1 else ''}"
        )
    name, type_text, subtype_text, offset_text, size_text = fields[:5]
    if not name:
        raise PartitionError("the name is empty")
    if len(name.encode()) > NAME_BYTES:
        raise PartitionError(f"name '{name}' is longer than {NAME_BYTES} bytes")
    if not type_text:
        raise PartitionError(f"partition '{name}' has no type")
    if not size_text:
        raise PartitionError(f"partition '{name}' has no size")

    kind = parse_number(type_text, TYPES)
    default_subtype = 0x06 if kind == DATA_TYPE else 0
    subtype = parse_number(subtype_text, SUBTYPES.get(kind)) if subtype_text else default_subtype
    for what, value in (("type", kind), ("subtype", subtype)):
        if not 0 <= value <= 0xFE:
            raise PartitionError(f"{what} {value:#x} of partition '{name}' is not within 0..0xfe")

    partition = Partition(name, kind, subtype, 0, parse_number(size_text))
    if partition.size <= 0:
        raise PartitionError(f"size '{size_text}' of partition '{name}' is not positive")
    if offset_text:
        partition.offset = parse_number(offset_text)
        if partition.offset % partition.alignment:
            raise PartitionError(
                f"offset {partition.offset:#x} of partition '{name}' is not aligned to "
                f"{partition.alignment:#x}"
            )
        if partition.offset < next_offset:
            raise PartitionError(
                f"partition '{name}' at {partition.offset:#x} overlaps what lies before it, "
                f"which ends at {next_offset:#x}"
            )
    else:
        partition.offset = align_up(next_offset, partition.alignment)

    for flag in filter(None, (fields[5].split(":") if len(fields) == 6 else [])):
        if flag.strip() not in FLAGS:
            raise PartitionError(
                f"unknown flag '{flag.strip()}' of partition '{name}' (known: {', '.join(FLAGS)})"
            )
        partition.flags |= FLAGS[flag.strip()]
    return partition


def table_from_csv(text: str, table_offset: int) -> list[Partition]:
    partitions: list[Partition] = []
    next_offset = table_offset + TABLE_SECTOR
    for number, line in enumerate(text.splitlines(), start=1):
        row = line.split("#", 1)[0].strip()
        if not row:
            continue
        try:
            partition = parse_row(row, next_offset)
            if any(other.name == partition.name for other in partitions):
                raise PartitionError(f"the name '{partition.name}' is used twice")
        except PartitionError as error:
            raise PartitionError(f"line {number}: {error}") from error
        partitions.append(partition)
        next_offset = partition.end
    if len(partitions) > MAX_ENTRIES:
        raise PartitionError(f"{len(partitions)} partitions, the table has room for {MAX_ENTRIES}")
    return partitions


def table_from_binary(data: bytes) -> list[Partition]:
    partitions: list[Partition] = []
    for offset in range(0, len(data) - ENTRY.size + 1, ENTRY.size):
        row = data[offset : offset + ENTRY.size]
        if row == b"\xff" * ENTRY.size:
            return partitions
        if row.startswith(MD5_MAGIC):
            if row[16:] != hashlib.md5(data[:offset]).digest():
                raise PartitionError("the MD5 row does not match the table")
            continue
        magic, kind, subtype, start, size, name, flags = ENTRY.unpack(row)
        if magic != ENTRY_MAGIC:
            raise PartitionError(f"entry at {offset:#x} does not begin with {ENTRY_MAGIC.hex()}")
        label = name.split(b"\0", 1)[0].decode(errors="replace")
        partitions.append(Partition(label, kind, subtype, start, size, flags))
    raise PartitionError("the table has no end")


def table_to_binary(partitions: list[Partition], md5: bool = True) -> bytes:
    data = b"".join(partition.to_binary() for partition in partitions)
    if md5:
        data += MD5_MAGIC + hashlib.md5(data).digest()
    return data + b"\xff" * (TABLE_BYTES - len(data))


def table_to_csv(partitions: list[Partition]) -> str:
    rows = ["# ESP-IDF Partition Table", "# Name, Type, SubType, Offset, Size, Flags"]
    rows += [partition.to_csv() for partition in partitions]
    return "\n".join(rows) + "\n"


def check_flash_size(partitions: list[Partition], flash_size: int) -> None:
    for partition in partitions:
        if partition.end > flash_size:
            raise PartitionError(
                f"partition '{partition.name}' ends at {partition.end:#x}, beyond the flash of "
                f"{format_size(flash_size)}B: make it smaller or change "
                "CONFIG_ESPTOOLPY_FLASHSIZE"
            )


def load_table(path: Path, table_offset: int) -> list[Partition]:
    """Reads CSV or binary."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PartitionError(f"{path}: {error.strerror}") from error
    try:
        if data.startswith((ENTRY_MAGIC, MD5_MAGIC[:2])):
            return table_from_binary(data)
        return table_from_csv(data.decode(), table_offset)
    except UnicodeDecodeError as error:
        raise PartitionError(f"{path}: neither a partition table nor text") from error
    except PartitionError as error:
        raise PartitionError(f"{path}: {error}") from error


def find_partitions(
    partitions: list[Partition],
    name: str | None = None,
    type_text: str | None = None,
    subtype_text: str | None = None,
) -> Iterator[Partition]:
    kind = parse_number(type_text, TYPES) if type_text else None
    subtype = (
        parse_number(subtype_text, SUBTYPES.get(kind if kind is not None else DATA_TYPE))
        if subtype_text
        else None
    )
    for partition in partitions:
        if name is not None and partition.name != name:
            continue
        if kind is not None and partition.type != kind:
            continue
        if subtype is not None and partition.subtype != subtype:
            continue
        yield partition


def main() -> int:
    parser = argparse.ArgumentParser(description="Converts partition tables.")
    parser.add_argument("-q", "--quiet", action="store_true", help="accepted, has no effect")
    parser.add_argument("-o", "--offset", default="0x8000", help="offset of the table in flash")
    parser.add_argument("--flash-size", help="refuse partitions beyond this size, for example 4MB")
    parser.add_argument("--disable-md5sum", action="store_true", help="write no MD5 row")
    parser.add_argument("input", type=Path, help="CSV or binary table")
    parser.add_argument("output", nargs="?", help="file for the other form; CSV goes to stdout")
    args = parser.parse_args()
    try:
        from_csv = not args.input.is_file() or not args.input.read_bytes().startswith(ENTRY_MAGIC)
        partitions = load_table(args.input, parse_number(args.offset))
        if args.flash_size:
            try:
                check_flash_size(partitions, parse_number(args.flash_size.upper().rstrip("B")))
            except PartitionError as error:
                raise PartitionError(f"{args.input}: {error}") from error
    except PartitionError as error:
        print(error, file=sys.stderr)
        return 2
    if from_csv and args.output not in (None, "-"):
        Path(args.output).write_bytes(table_to_binary(partitions, md5=not args.disable_md5sum))
    elif args.output not in (None, "-"):
        Path(args.output).write_text(table_to_csv(partitions))
    else:
        print(table_to_csv(partitions), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
