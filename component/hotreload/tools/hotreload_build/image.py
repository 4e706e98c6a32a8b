"""From the linker's output to the image that goes to the device."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .elf import EHDR, PHDR, PT_LOAD, Image, read_image
from .errors import ModuleError
from .interface import (
    is_exported_function,
    is_exported_variable,
    thread_local_error,
    thread_local_names,
)

PT_NULL = 0
PF_X = 1

# The linker script marks the segment of the metadata with a flag out of PF_MASKOS: as far as the
# linker is concerned it has to be a PT_LOAD. In the finished module it is a type out of
# PT_LOOS..PT_HIOS, so that no loader spends RAM on it.
PF_META = 0x00100000
PT_HOTRELOAD_META = 0x68720001

# what executables run before all else, as the linker script names it: no part of a shared object
EARLY_SECTION = ".hotreload_preinit"
# GNU ld names them in DT_INIT and DT_FINI, which a loader runs in addition to the tables
INIT_FUNCTIONS = ("_init", "_fini")


def strip(elf: bytes) -> bytes:
    """Keep headers and segments only, and give the metadata its own segment type."""
    stripped = bytearray(mark_metadata(elf))
    header = list(EHDR.unpack_from(elf))
    end = EHDR.size
    for at in _segment_headers(elf):
        segment = PHDR.unpack_from(stripped, at)
        end = max(end, at + header[9], segment[1] + segment[4])  # p_offset, p_filesz
    header[6] = header[11] = header[12] = header[13] = 0  # e_shoff, e_sh*: no section headers
    EHDR.pack_into(stripped, 0, *header)
    return bytes(stripped[:end])


def mark_metadata(elf: bytes) -> bytes:
    """Give the metadata its own segment type, and segments without content none."""
    marked = bytearray(elf)
    for at in _segment_headers(elf):
        segment = list(PHDR.unpack_from(elf, at))
        p_type, p_memsz, p_flags = (segment[i] for i in (0, 5, 6))
        if p_type == PT_LOAD and p_memsz == 0:
            segment = [PT_NULL, 0, 0, 0, 0, 0, 0, 0]  # of the linker script, but not needed
        elif p_type == PT_LOAD and p_flags & PF_META:
            segment[0], segment[6] = PT_HOTRELOAD_META, p_flags & ~PF_META
        PHDR.pack_into(marked, at, *segment)
    return bytes(marked)


class Part(NamedTuple):
    """A segment as a device loads it."""

    link: int
    size: int  # in memory
    executable: bool


def loaded_parts(stripped: bytes) -> Iterator[Part]:
    """The segments that take memory of a device."""
    for at in _segment_headers(stripped):
        kind, _, link, _, _, size, flags, _ = PHDR.unpack_from(stripped, at)
        if kind == PT_LOAD and size:
            yield Part(link, size, bool(flags & PF_X))


def _segment_headers(elf: bytes) -> range:
    header = EHDR.unpack_from(elf)
    phoff, phentsize, phnum = header[5], header[9], header[10]
    return range(phoff, phoff + phentsize * phnum, phentsize)


def check(path: Path) -> Image:
    """Refuse a linked module that needs something which the loader does not do."""
    image = read_image(path, (EARLY_SECTION,))
    thread_locals = sorted(thread_local_names(image.symbols))
    if thread_locals:
        raise ModuleError(thread_local_error(thread_locals))
    early = _functions(image)
    if early:
        raise ModuleError(
            f"only executables have a .preinit_array, for {', '.join(early)}: make it a constructor"
        )
    for name in INIT_FUNCTIONS:
        if any(s.name == name and s.is_global and s.defined for s in image.symbols):
            raise ModuleError(
                f"function '{name}' of the module has the name of what the linker lets run by "
                "itself: make it static or rename it"
            )
    return image


def exported_functions(image: Image) -> tuple[str, ...]:
    return tuple(sorted(s.name for s in image.symbols if is_exported_function(s)))


def exported_variables(image: Image) -> tuple[str, ...]:
    return tuple(sorted(s.name for s in image.symbols if is_exported_variable(s)))


def _functions(image: Image) -> list[str]:
    names = {symbol.value: symbol.name for symbol in image.symbols if symbol.name}
    found = []
    for section in image.sections:
        for (address,) in struct.iter_unpack("<I", section.data):
            found.append(names.get(address, f"the function at 0x{address:08x}"))
    return found
