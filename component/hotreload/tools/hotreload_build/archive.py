"""What a static library defines, from the index that the linker looks functions up in.

The format is that of System V and GNU (`ar(5)`): a header of 60 bytes before each member, whose
name is `/` for the index, `//` for the table of long names, and otherwise `name/` or `/offset`.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from pathlib import Path

MAGIC, THIN_MAGIC = b"!<arch>\n", b"!<thin>\n"
HEADER = struct.Struct("16s12s6s6s8s10s2s")


def members_that_define(path: Path, names: Collection[str]) -> Iterator[tuple[str, str]]:
    """Name and member for each definition of one of `names`, in the order of the index."""
    data = path.read_bytes()
    if data[: len(MAGIC)] not in (MAGIC, THIN_MAGIC):
        return
    at = len(MAGIC)
    index = long_names = b""
    while at + HEADER.size <= len(data):
        name, size = _header(data, at)
        content = data[at + HEADER.size : at + HEADER.size + size]
        if name == b"/":
            index = content
        elif name == b"//":
            long_names = content
        else:
            break  # index and names precede all members
        at += HEADER.size + size + size % 2
    if not index:
        return
    (count,) = struct.unpack_from(">I", index)
    offsets = struct.unpack_from(f">{count}I", index, 4)
    wanted = {name.encode(): name for name in names}
    for at, symbol in enumerate(index[4 + 4 * count :].split(b"\0")[:count]):
        if symbol in wanted:
            yield wanted[symbol], _member(_header(data, offsets[at])[0], long_names)


def _header(data: bytes, at: int) -> tuple[bytes, int]:
    name, _, _, _, _, size, _ = HEADER.unpack_from(data, at)
    return name.rstrip(b" "), int(size)


def _member(name: bytes, long_names: bytes) -> str:
    if name[:1] == b"/" and name[1:].isdigit():
        start = int(name[1:])
        name = long_names[start : long_names.index(b"\n", start)]
    return name.decode(errors="replace").rstrip("/")
