"""The identity of a firmware: the device takes only modules that were linked against it.

It is made after the link from what the firmware is made of, so that a build of the same sources has
the same, and is written into a variable of the firmware.
"""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

from .elf import EHDR, PHDR, PT_NOTE, STT_FUNC, STT_NOTYPE, STT_OBJECT, Image, read_image
from .errors import ModuleError

VARIABLE = "hotreload_firmware_identity"
SIZE = 16
WORDS = struct.Struct("<4I")
NOTE = struct.Struct("<III12s16s")  # the component's first note, as its linker script makes it
NOTE_TYPE, OWNER = 1, b"hotreload\0\0\0"
SEGMENT = struct.Struct("<III")  # address, bytes in the file, bytes in memory

# What differs between builds of the same sources: version, date and hash in ESP-IDF's description
# of the application, the secret for uploads, the lowest number of a module that is taken, and the
# identity itself.
LEFT_OUT = ("esp_app_desc", "hotreload_auth_key", "hotreload_build_floor", VARIABLE)


def stamp(firmware: Path) -> bytes:
    """Compute the identity of `firmware`, write it into its variable, and return it."""
    image = read_image(firmware)
    at = _variable(image)
    identity = compute(image)
    firmware.write_bytes(image.data[:at] + identity + image.data[at + SIZE :])
    return identity


def read(firmware: Path) -> bytes:
    """The identity with which `firmware` was stamped."""
    image = read_image(firmware)
    at = _variable(image)
    identity = image.data[at : at + SIZE]
    if identity == bytes(SIZE):
        raise ModuleError(
            f"{firmware} has no identity yet: stamp it with `hotreload_module.py identity` after "
            "the link"
        )
    return identity


def module_identity(elf: bytes) -> bytes:
    """The identity of the firmware that a module was linked against."""
    try:
        header = EHDR.unpack_from(elf)
        start, size, count = header[5], header[9], header[10]
        for at in range(start, start + size * count, size):
            kind, offset = PHDR.unpack_from(elf, at)[:2]
            if kind != PT_NOTE:
                continue
            _, _, kind, owner, identity = NOTE.unpack_from(elf, offset)
            if (kind, owner) == (NOTE_TYPE, OWNER):
                return bytes(identity)
    except (struct.error, ValueError) as error:
        raise ModuleError("it names no firmware") from error
    raise ModuleError("it names no firmware")


def compute(image: Image) -> bytes:
    """Digest the loaded contents and the symbols that a module can be linked to."""
    content = bytearray(image.data)
    # the headers may lie in the first segment, and tell where things are in the file
    content[: image.headers_end] = bytes(image.headers_end)
    for symbol in image.symbols:
        if symbol.name in LEFT_OUT and symbol.defined:
            at = _file_offset(image, symbol.value, symbol.size)
            content[at : at + symbol.size] = bytes(symbol.size)
    digest = hashlib.sha256()
    for address, offset, file_size, size in image.segments:
        digest.update(SEGMENT.pack(address, file_size, size))
        digest.update(content[offset : offset + file_size])
    for line in sorted(
        f"{symbol.name} {symbol.value:x} {symbol.size:x}\n"
        for symbol in image.symbols
        if symbol.defined and symbol.is_global and symbol.type in (STT_NOTYPE, STT_OBJECT, STT_FUNC)
    ):
        digest.update(line.encode())
    return digest.digest()[:SIZE]


def link_script(identity: bytes) -> str:
    """The symbols from which ld/hotreload_module.ld makes the note of a module."""
    words = WORDS.unpack(identity)
    # hidden: not exported by the module
    return "".join(f"HIDDEN(hotreload_identity_{i} = 0x{w:08x});\n" for i, w in enumerate(words))


def _variable(image: Image) -> int:
    """Offset of the variable in the file."""
    found = [symbol for symbol in image.symbols if symbol.name == VARIABLE and symbol.defined]
    if not found:
        raise ModuleError(
            f"{image.path} has no variable {VARIABLE}: the hotreload component is not linked to it"
        )
    return _file_offset(image, found[0].value, SIZE)


def _file_offset(image: Image, address: int, size: int) -> int:
    for start, offset, file_size, _ in image.segments:
        if start <= address and address + size <= start + file_size:
            return offset + address - start
    raise ModuleError(f"no loaded segment of the firmware has content at 0x{address:08x}")
