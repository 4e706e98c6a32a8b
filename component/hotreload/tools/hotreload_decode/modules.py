"""The modules of a build directory: the last one, and those before it that are still there."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hotreload_build.elf import SHF_ALLOC, read_image
from hotreload_build.errors import ModuleError
from hotreload_build.image import Part, loaded_parts, strip
from hotreload_build.kept import kept_in


class Section(NamedTuple):
    """A section of a module that is loaded."""

    name: str
    link: int


class ModuleFile(NamedTuple):
    """A module with its symbols; `hash` is of what the device gets of it, `size` its bytes."""

    path: Path
    name: str
    hash: str
    size: int
    parts: tuple[Part, ...]
    sections: tuple[Section, ...]

    def first(self, *, executable: bool) -> Part | None:
        """The text, or the data, of which a module of the component's linker script has one."""
        return next((part for part in self.parts if part.executable == executable), None)

    def is_linked_for(self, parts: Sequence[tuple[int, int]]) -> bool:
        """Whether these are the link addresses and sizes of its segments."""
        return sorted((part.link, part.size) for part in self.parts) == sorted(parts)


def read_module(path: Path, name: str = "") -> ModuleFile:
    """Read a module that has its symbols: what `hotreload_setup()` links before it strips it."""
    image = read_image(path)
    if not image.symbols:
        raise ModuleError(
            f"{path} has no symbols: name the module as it was linked, hotreload/<component>.so of "
            "the build directory"
        )
    stripped = strip(image.data)
    sections = tuple(
        Section(section, header.address)
        for section, header in image.headers
        if header.flags & SHF_ALLOC and header.size
    )
    digest = hashlib.sha256(stripped).hexdigest()
    parts = tuple(loaded_parts(stripped))
    return ModuleFile(path, name or path.stem, digest, len(stripped), parts, sections)


def modules_of(folder: Path, component: str, further: Sequence[Path] = ()) -> list[ModuleFile]:
    """Those of a build directory, the newest first, behind `further` ones."""
    current = folder / "hotreload" / f"{component}.so"
    own = [current] if current.exists() else []
    if not own and not further:
        raise ModuleError(f"{folder} has no module {current.name}: run `idf.py build`")
    return [
        *(read_module(path) for path in further),
        *(read_module(path, component) for path in [*own, *kept_in(current)]),
    ]
