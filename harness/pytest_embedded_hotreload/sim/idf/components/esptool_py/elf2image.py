#!/usr/bin/env python3
"""Makes the image that the boot loader copies to RAM from an application's ELF file.

The format is the one of ESP-IDF's "App Image Format": a header of 24 bytes, segments with load
address and length, a checksum at the end of a 16-byte line, the SHA-256 of all that.
"""

import argparse
import hashlib
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

HEADER = struct.Struct("<BBBBIB3sHBHH4sB")
SEGMENT = struct.Struct("<II")
MAGIC = 0xE9
CHECKSUM_SEED = 0xEF
MAX_SEGMENTS = 16
# flash mode DIO, 4 MB at 40 MHz: what the flasher arguments say
FLASH_MODE_DIO = 2
FLASH_4MB_40M = 0x20
# place of app_elf_sha256 in esp_app_desc_t
APP_DESC_ELF_SHA256 = 144


class ImageError(Exception):
    """An ELF file that no image can be made of; the text is for the user."""


@dataclass
class Segment:
    address: int
    data: bytes

    def patched(self, address: int, value: bytes) -> "Segment":
        start = address - self.address
        return Segment(self.address, self.data[:start] + value + self.data[start + len(value) :])

    def covers(self, address: int, size: int) -> bool:
        return self.address <= address and address + size <= self.address + len(self.data)


def load_segments(elf: ELFFile) -> list[Segment]:
    segments = []
    for header in elf.iter_segments("PT_LOAD"):
        data = header.data()
        if data:
            segments.append(Segment(header["p_paddr"], data + bytes(-len(data) % 4)))
    if not segments:
        raise ImageError("it has nothing to load")
    if len(segments) > MAX_SEGMENTS:
        raise ImageError(f"it has {len(segments)} segments, an image takes {MAX_SEGMENTS}")
    for segment in segments:
        if segment.address % 4:
            raise ImageError(f"its segment at {segment.address:#x} is not aligned to 4 bytes")
    return sorted(segments, key=lambda segment: segment.address)


def symbol_address(elf: ELFFile, name: str) -> int | None:
    table = elf.get_section_by_name(".symtab")
    if not isinstance(table, SymbolTableSection):
        return None
    symbols = table.get_symbol_by_name(name) or []
    return next((symbol["st_value"] for symbol in symbols), None)


def build_image(elf_path: Path) -> bytes:
    content = elf_path.read_bytes()
    with elf_path.open("rb") as stream:
        elf = ELFFile(stream)
        if elf["e_machine"] != "EM_XTENSA" or elf["e_type"] != "ET_EXEC":
            raise ImageError("it is not an Xtensa executable")
        segments = load_segments(elf)
        entry = elf["e_entry"]
        description = symbol_address(elf, "esp_app_desc")
    if description is not None:
        # tells a running device which ELF file decodes its addresses
        where = description + APP_DESC_ELF_SHA256
        digest = hashlib.sha256(content).digest()
        segments = [
            segment.patched(where, digest) if segment.covers(where, 32) else segment
            for segment in segments
        ]

    image = HEADER.pack(
        MAGIC,
        len(segments),
        FLASH_MODE_DIO,
        FLASH_4MB_40M,
        entry,
        0xEE,
        bytes(3),
        0,
        0,
        0,
        0xFFFF,
        bytes(4),
        1,
    )
    checksum = CHECKSUM_SEED
    for segment in segments:
        image += SEGMENT.pack(segment.address, len(segment.data)) + segment.data
        for byte in segment.data:
            checksum ^= byte
    image += bytes(15 - len(image) % 16) + bytes([checksum])
    return image + hashlib.sha256(image).digest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("elf", type=Path)
    parser.add_argument("image", type=Path)
    args = parser.parse_args()
    try:
        args.image.write_bytes(build_image(args.elf))
    except (ImageError, ELFError, OSError) as error:
        print(f"No image can be made of {args.elf}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
