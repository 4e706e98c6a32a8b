"""What a module takes of the device, and what there is: told by the build, not by the device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .elf import EHDR, PHDR, PT_LOAD, Image
from .errors import ModuleError
from .image import PF_META
from .manifest import Manifest

PF_X = 1
RELOCATIONS = (".rela.dyn", ".rela.plt")
RELA_SIZE = 12  # Elf32_Rela
POINTER_SIZE = 4
FUNCTIONS = (("constructors", ".init_array"), ("destructors", ".fini_array"))


class Limit(NamedTuple):
    """Bytes of the largest ELF, for whom, and what is to be changed to have more."""

    size: int
    owner: str
    remedy: str


def summary(manifest: Manifest, linked: Image, stripped: bytes, exports: int) -> str:
    """One line about a module. Raises ModuleError when it is too large for the device."""
    limits = sorted(_limits(manifest))
    for limit in limits:
        if len(stripped) > limit.size:
            raise ModuleError(
                f"module '{manifest.component}' has {len(stripped)} bytes, {limit.owner} takes "
                f"{limit.size}: {limit.remedy}"
            )
    text = data = zeroed = 0
    for flags, file_size, size in _segments(linked.data):
        if flags & PF_X:
            text += size
        elif not flags & PF_META:
            data += file_size
            zeroed += size - file_size
    counted = (
        (what, sum(h.size // POINTER_SIZE for name, h in linked.headers if name == section))
        for what, section in FUNCTIONS
    )
    functions = "".join(f"{what} {count}, " for what, count in counted if count)
    relocations = sum(h.size // RELA_SIZE for name, h in linked.headers if name in RELOCATIONS)
    most = f" of the {limits[0].size} that {limits[0].owner} takes" if limits else ""
    return (
        f"module '{manifest.component}': text {text}, data {data}, bss {zeroed}, "
        f"{functions}{exports} exports, {relocations} relocations, {len(stripped)} bytes{most}"
    )


def _limits(manifest: Manifest) -> Iterator[Limit]:
    partition = manifest.partition
    if partition:
        owner = f"partition '{partition.label}'"
        yield Limit(partition.capacity, owner, "enlarge it in partitions.csv")
    if manifest.max_size:
        yield Limit(manifest.max_size, "the server", "raise CONFIG_HOTRELOAD_MAX_ELF_SIZE")


def _segments(elf: bytes) -> Iterator[tuple[int, int, int]]:
    """Flags, bytes in the file and bytes in memory of each loaded segment."""
    header = EHDR.unpack_from(elf)
    phoff, phentsize, phnum = header[5], header[9], header[10]
    for index in range(phnum):
        kind, _, _, _, file_size, size, flags, _ = PHDR.unpack_from(elf, phoff + index * phentsize)
        if kind == PT_LOAD:
            yield flags, file_size, size
