"""What a module is made of."""

from __future__ import annotations

import hashlib
import io
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from hotreload_build import identity, mac
from hotreload_build.elf import STT_FUNC, read_image
from hotreload_build.errors import ModuleError
from hotreload_build.image import mark_metadata, strip
from hotreload_build.manifest import Manifest
from pytest_embedded_hotreload.cli.elf.reading import usable
from pytest_embedded_hotreload.cli.errors import CommandError
from pytest_embedded_hotreload.dynamic import SHN_ABS, SHN_UNDEF, DynamicTable, Symbol

#: of the Xtensa processor supplement
RELOCATIONS = {
    0: "NONE",
    1: "32",
    2: "RTLD",
    3: "GLOB_DAT",
    4: "JMP_SLOT",
    5: "RELATIVE",
    6: "PLT",
}
MANIFEST = "module_manifest.json"
WRITABLE, EXECUTABLE = 2, 1  # PF_W, PF_X


@dataclass(frozen=True)
class Segment:
    """A part of the module that takes memory of a device; sizes in bytes."""

    kind: str  # "text", "data"
    link: int
    file_size: int
    size: int


@dataclass(frozen=True)
class Module:
    """A module, as it is linked or as it is sent."""

    path: Path
    data: bytes  # what a device gets
    identity: str  # of its firmware
    build: int | None  # its number; None: it has no note for that
    has_mac: bool
    segments: tuple[Segment, ...]
    exports: tuple[Symbol, ...]
    imports: tuple[Symbol, ...]
    relocations: Counter[tuple[str, str]]  # by type and the kind of segment
    constructors: tuple[int, ...]  # link addresses, in the order in which they run
    destructors: tuple[int, ...]

    @property
    def hash(self) -> str:
        """As /status has it."""
        return hashlib.sha256(self.data).hexdigest()


def read_module(path: Path) -> Module:
    """Read a module, with or without its symbols."""
    image = read_image(path)
    with usable(path):
        if not any(segment.size for segment in image.segments):
            raise CommandError(f"{path} is no module: nothing of it is loaded")
        content = mark_metadata(image.data)
        try:
            return _read(path, content)
        except ModuleError as error:
            raise CommandError(f"{path} is no module: {error}") from error


def _read(path: Path, content: bytes) -> Module:
    firmware = identity.module_identity(content)
    elf = ELFFile(io.BytesIO(content))
    if not any(segment["p_type"] == "PT_DYNAMIC" for segment in elf.iter_segments()):
        raise CommandError(f"{path} is no module: it has no dynamic table")
    table = DynamicTable(content)
    symbols = list(table.symbols())
    segments = tuple(_segments(elf))
    stripped = strip(content)
    number, has_mac = mac.read(stripped) or (None, False)

    def kind_at(link: int) -> str:
        found = (s.kind for s in segments if s.link <= link < s.link + s.size)
        return next(found, "nowhere")

    return Module(
        path,
        stripped,
        firmware.hex(),
        number,
        has_mac,
        segments,
        tuple(s for s in symbols if s.section not in (SHN_ABS, SHN_UNDEF) and s.kind == STT_FUNC),
        tuple(s for s in symbols if s.section in (SHN_ABS, SHN_UNDEF)),
        Counter(
            (RELOCATIONS.get(entry.type, str(entry.type)), kind_at(entry.place))
            for entry in table.relocations()
        ),
        tuple(_words(elf, table.constructors())),
        tuple(_words(elf, table.destructors())),
    )


def _segments(elf: ELFFile) -> Iterator[Segment]:
    for segment in elf.iter_segments():
        if segment["p_type"] == "PT_LOAD" and segment["p_memsz"]:
            kind = "text" if segment["p_flags"] & EXECUTABLE else "data"
            yield Segment(kind, segment["p_vaddr"], segment["p_filesz"], segment["p_memsz"])


def _words(elf: ELFFile, places: range) -> Iterator[int]:
    for place in places:
        for segment in elf.iter_segments():
            at = place - segment["p_vaddr"]
            if segment["p_type"] == "PT_LOAD" and at >= 0 and at + 4 <= segment["p_filesz"]:
                yield struct.unpack_from("<I", segment.data(), at)[0]


def with_symbols(module: Module) -> Path | None:
    """The file that a module was stripped of, itself if it was not; None: it is not there."""
    if read_image(module.path).symbols:
        return module.path
    folder = module.path.parent / "hotreload"
    for candidate in (*sorted(folder.glob("*.so")), *sorted(folder.glob("modules/*.so"))):
        if hashlib.sha256(strip(candidate.read_bytes())).hexdigest() == module.hash:
            return candidate
    return None


def manifest_of(path: Path) -> Manifest | None:
    """The manifest of the build directory that a module lies in."""
    folder = path.resolve().parent
    for place in (folder / "hotreload", folder, folder.parent):
        if (place / MANIFEST).exists():
            return Manifest.load(place / MANIFEST)
    return None
