"""A module as it is flashed: as src/flash/hr_slot.h of the component describes a slot.

128 bytes precede the ELF: what the slot holds, words that the device clears one by one to keep what
it has learned of it, and a checksum that is enough for what has proven itself.
"""

from __future__ import annotations

import hashlib
import struct
import zlib

HEADER_SIZE = 128
MAGIC = 0x33525248  # "HRR3"
#: newer than all, until an update programs the word to 0: older than all
NEWEST = 0xFFFFFFFF
FIELDS = struct.Struct("<II32s16s")  # magic, size of the ELF, its SHA-256, firmware's identity


def flash_image(elf: bytes, identity: bytes) -> bytes:
    """What is written to the start of the partition; `identity`: of the module's firmware."""
    fields = FIELDS.pack(MAGIC, len(elf), hashlib.sha256(elf).digest(), identity)
    # the sequence is no part of the check: it changes in flash
    check = struct.pack("<I", zlib.crc32(fields))
    record = fields[:4] + struct.pack("<I", NEWEST) + fields[4:] + check
    crc = struct.pack("<I", zlib.crc32(elf))
    return record.ljust(HEADER_SIZE - len(crc), b"\xff") + crc + elf
