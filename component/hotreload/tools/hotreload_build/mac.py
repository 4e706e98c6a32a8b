"""The number of a module's build and its MAC, as src/elf/hr_image_mac.h of the component says."""

from __future__ import annotations

import hashlib
import hmac
import struct

from .elf import EHDR, PHDR, PT_NOTE
from .errors import ModuleError

HEADER = struct.Struct("<III12s")  # of a note of ours: sizes, type, owner
CONTENT = struct.Struct("<I32s")  # build number, MAC
NOTE_TYPE, OWNER = 2, b"hotreload\0\0\0"
LARGEST = 0xFFFFFFFF


def sign(elf: bytes, build: int, key: bytes | None) -> bytes:
    """A stripped module with its build number and, of a firmware with a key, its MAC.

    A module without room for them, made with a linker script of its own, stays as it is; a
    firmware with a key would not load it: ModuleError.
    """
    at = _content(elf)
    if at is None:
        if key is not None:
            raise ModuleError(
                "the module has no note for the MAC that its firmware asks for: link it with the "
                "component's linker script"
            )
        return elf
    unsigned = elf[:at] + CONTENT.pack(build, bytes(32)) + elf[at + CONTENT.size :]
    if key is None:
        return unsigned
    text = f"hotreload-module-1\n{hashlib.sha256(unsigned).hexdigest()}\n"
    mac = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return elf[:at] + CONTENT.pack(build, mac) + elf[at + CONTENT.size :]


def read(elf: bytes) -> tuple[int, bool] | None:
    """The number of a module's build, and whether it has a MAC; None: it has no note for them."""
    at = _content(elf)
    if at is None:
        return None
    build, mac = CONTENT.unpack_from(elf, at)
    return build, any(mac)


def with_signature_of(elf: bytes, signed: bytes) -> bytes:
    """A module with its symbols that strips to the signed one, by whose hash devices tell it."""
    at, source = _content(elf), _content(signed)
    if at is None or source is None:
        return elf
    return elf[:at] + signed[source : source + CONTENT.size] + elf[at + CONTENT.size :]


def _content(elf: bytes) -> int | None:
    """Where the note's content is in the file."""
    header = EHDR.unpack_from(elf)
    start, size, count = header[5], header[9], header[10]
    for phdr in range(start, start + size * count, size):
        kind, offset, _, _, length = PHDR.unpack_from(elf, phdr)[:5]
        at, end = int(offset), int(offset) + int(length)
        while kind == PT_NOTE and at + HEADER.size + CONTENT.size <= end:
            name_size, content_size, note_type, owner = HEADER.unpack_from(elf, at)
            if (note_type, owner, content_size) == (NOTE_TYPE, OWNER, CONTENT.size):
                return at + HEADER.size
            at += 12 + (name_size + 3) // 4 * 4 + (content_size + 3) // 4 * 4
    return None
