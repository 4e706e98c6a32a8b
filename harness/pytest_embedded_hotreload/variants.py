"""Variants of the module of a test's firmware: other functions, or an edit of its sources."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from pytest_embedded_hotreload.errors import HarnessError, UnknownNameError
from pytest_embedded_hotreload.modules import Edited, Module, Source
from pytest_embedded_hotreload.sentences import nearest

#: beside a test, or in a folder above it
FOLDER = "modules"
SUFFIXES = (".c", ".cpp")


class Variant(Protocol):
    """The fixture `variant`."""

    def __call__(
        self,
        *names: str,
        text: str = "",
        replace: Mapping[str, str] | None = None,
        base: bool = True,
        **options: Any,
    ) -> Module:
        """Build one; `options` are those of `build_module`."""


def find_source(name: str, test: Path, root: Path) -> Path:
    """The file `modules/name.c` or `.cpp` in the folder of the test or in the nearest above it."""
    folders = []
    for above in test.parents:
        folders += [above / FOLDER] if (above / FOLDER).is_dir() else []
        if above == root:
            break
    for folder in folders:
        for suffix in SUFFIXES:
            if (folder / f"{name}{suffix}").exists():
                return folder / f"{name}{suffix}"
    known = {
        str(path.relative_to(folder).with_suffix(""))
        for folder in folders
        for suffix in SUFFIXES
        for path in folder.rglob(f"*{suffix}")
    }
    searched = ", ".join(map(str, folders)) or f"a folder {FOLDER} beside {test}: there is none"
    raise UnknownNameError(f"no variant {name!r} in {searched}{nearest(name, known)}")


def edit(sources: Sequence[Path], replace: Mapping[str, str]) -> list[Source]:
    """The sources with each of the texts replaced, which has to be there once."""
    texts = {source: source.read_text() for source in sources}
    edited = dict(texts)
    for old, new in replace.items():
        found = sum(text.count(old) for text in edited.values())
        if found != 1:
            names = ", ".join(source.name for source in sources)
            raise HarnessError(f"{old!r} is {found} times in {names}: it has to be there once")
        edited = {source: text.replace(old, new) for source, text in edited.items()}
    return [
        source if edited[source] == texts[source] else Edited(source, edited[source])
        for source in sources
    ]
