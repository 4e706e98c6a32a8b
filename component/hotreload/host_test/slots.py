"""What a slot of the partition holds, byte by byte: as src/flash/hr_slot.h says, written anew."""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass, replace

from elf_builder import IDENTITY

HEADER_SIZE = 128
LIVES = 4
FLASHED = 0xFFFFFFFF
ONES = 0xFFFFFFFF
# these bits changed at any place, and the CRC-32 is the same: its polynomial
SAME_CRC = (1 | 0xEDB88320 << 1).to_bytes(5, "little")


@dataclass(frozen=True)
class Slot:
    """A module with its record, and what is known of it."""

    elf: bytes
    sequence: int = FLASHED
    flashed: bool = False  # by the build: `sequence` is FLASHED, or 0 when it is superseded
    firmware: bytes = IDENTITY
    life: int = 0
    starts: int = 0
    confirmed: bool = False
    bad: bool = False
    crc: int | None = None  # other than that of the ELF

    def record(self) -> bytes:
        magic = b"HRR3"
        sequence = struct.pack("<I", self.sequence)
        fields = struct.pack("<I", len(self.elf)) + hashlib.sha256(self.elf).digest()
        fields += self.firmware
        covered = magic + fields + (b"" if self.flashed else sequence)
        return magic + sequence + fields + struct.pack("<I", zlib.crc32(covered))

    def state(self) -> bytes:
        words = [ONES] * 4 * LIVES
        for life in range(self.life):
            words[4 * life + 3] = 0
        begun, confirmed, bad = (4 * self.life + word for word in range(3))
        words[begun] = ONES & ~((1 << self.starts) - 1)
        words[confirmed] = 0 if self.confirmed else ONES
        words[bad] = 0 if self.bad else ONES
        words[-1] = zlib.crc32(self.elf) if self.crc is None else self.crc
        return struct.pack(f"<{len(words)}I", *words)

    def image(self) -> bytes:
        return self.record() + self.state() + self.elf

    def damaged(self, at: int = 200, bits: bytes = b"\x10") -> bytes:
        """These bits of the ELF, from byte `at` on, are others."""
        image = bytearray(self.image())
        for i, mask in enumerate(bits):
            image[HEADER_SIZE + at + i] ^= mask
        return bytes(image)

    def torn(self) -> bytes:
        """The record was not written to its end."""
        image = bytearray(self.image())
        image[40:64] = b"\xff" * 24
        return bytes(image)

    def at(self, sequence: int) -> Slot:
        return replace(self, sequence=sequence)


def before(elf: bytes, sequence: int) -> bytes:
    """As the component before this one has written it."""
    fields = struct.pack("<4sII", b"HRR2", sequence, len(elf)) + hashlib.sha256(elf).digest()
    return (fields + struct.pack("<I", zlib.crc32(fields))).ljust(64, b"\xff") + elf


def raw_superseded(elf: bytes) -> bytes:
    return elf[:36] + bytes(4) + elf[40:]


def raw_bad(elf: bytes) -> bytes:
    return bytes(4) + elf[4:]
