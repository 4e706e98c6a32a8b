"""What a module has to fit to."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from hotreload_build import identity
from hotreload_build.elf import Image, read_image
from pytest_embedded_hotreload.cli.elf.reading import usable
from pytest_embedded_hotreload.cli.errors import CommandError

NAMES = "hotreload_symbol_names"  # of the generated table, which ends with NULL


@dataclass(frozen=True)
class Firmware:
    """A firmware with the hotreload component."""

    path: Path
    identity: str
    called: tuple[str, ...]  # functions that it has stubs for
    symbols: dict[str, int]  # what a module can be linked to, with its address


def read_firmware(path: Path) -> Firmware:
    """Read the ELF of a firmware."""
    image = read_image(path)
    if not image.symbols:
        raise CommandError(f"{path} has no symbols: name the ELF that the build has linked")
    with usable(path):
        own = identity.read(path).hex()
        symbols = {s.name: s.value for s in image.symbols if s.defined and s.is_global}
        return Firmware(path, own, tuple(_called(image)), symbols)


def _called(image: Image) -> list[str]:
    table = [symbol for symbol in image.symbols if symbol.name == NAMES and symbol.defined]
    if not table:
        raise CommandError(f"{image.path} has no {NAMES}: no reloadable component is linked to it")
    pointers = _content(image, table[0].value, table[0].size)
    return [_text(image, address) for (address,) in struct.iter_unpack("<I", pointers) if address]


def _text(image: Image, address: int) -> str:
    data = _content(image, address)
    return data[: data.index(b"\0")].decode()


def _content(image: Image, address: int, size: int | None = None) -> bytes:
    """The bytes at an address, to the end of its segment if no size is given."""
    for segment in image.segments:
        at = address - segment.address
        if 0 <= at < segment.file_size:
            end = segment.file_size if size is None else at + size
            return image.data[segment.offset + at : segment.offset + end]
    raise ValueError(f"nothing is loaded to 0x{address:08x}")
