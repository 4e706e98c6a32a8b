"""The order of a module's dynamic symbols: by name, like the functions that the firmware calls.

So the loader finds these one behind the other. The linker's own order is that of a table of hashes.
"""

from __future__ import annotations

import struct

from .elf import SHN_ABS, SHN_UNDEF, SHT_DYNSYM, SHT_HASH, SHT_RELA, STB_LOCAL, SYMBOL, Image

_WORD = struct.Struct("<I")
_RELOCATION = struct.Struct("<IIi")  # Elf32_Rela


def sort_symbols(image: Image) -> bytes:
    """A linked module with its dynamic symbols by name: first local ones, as ELF wants it, then the
    module's own, then those of others. What names one of them by its number follows."""
    elf = bytearray(image.data)
    headers = [header for _, header in image.headers]
    (number,) = (i for i, header in enumerate(headers) if header.type == SHT_DYNSYM)
    table = headers[number]
    strings = headers[table.link]
    symbols = list(SYMBOL.iter_unpack(image.data[table.offset : table.offset + table.size]))

    def key(index: int) -> tuple[bool, bool, bytes]:
        name, _, _, info, _, section = symbols[index]
        if info >> 4 == STB_LOCAL:
            return False, False, b""
        start = strings.offset + name
        text = image.data[start : image.data.index(b"\0", start)]
        return True, section in (SHN_UNDEF, SHN_ABS), text

    order = sorted(range(len(symbols)), key=key)
    new = {old: at for at, old in enumerate(order)}
    for at, old in enumerate(order):
        SYMBOL.pack_into(elf, table.offset + at * SYMBOL.size, *symbols[old])
    for header in headers:
        if header.link == number and header.type == SHT_HASH:
            _renumber_hash(elf, header.offset, new)
        elif header.link == number and header.type == SHT_RELA:
            for at in range(header.offset, header.offset + header.size, _RELOCATION.size):
                place, info, addend = _RELOCATION.unpack_from(elf, at)
                _RELOCATION.pack_into(elf, at, place, new[info >> 8] << 8 | info & 0xFF, addend)
    return bytes(elf)


def _renumber_hash(elf: bytearray, offset: int, new: dict[int, int]) -> None:
    """Two counts, the first symbol of each bucket, the next one of each symbol (System V ABI)."""
    buckets, count = struct.unpack_from("<II", elf, offset)
    first = offset + 2 * _WORD.size
    chains = first + buckets * _WORD.size
    words = struct.unpack_from(f"<{buckets + count}I", elf, first)
    for at, symbol in enumerate(words[:buckets]):
        _WORD.pack_into(elf, first + at * _WORD.size, new[symbol])
    for old, symbol in enumerate(words[buckets:]):
        _WORD.pack_into(elf, chains + new[old] * _WORD.size, new[symbol])
