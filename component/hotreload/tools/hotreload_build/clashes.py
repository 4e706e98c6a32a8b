"""Functions of the module that would take the place of others in the firmware.

A stub has the name of its function. Where the firmware has one of that name in an archive the
linker takes the stub and never looks for the other; a weak one, and one that a linker script
provides (the ROM's), yield to it. No linker says a word about that. So each name is looked for in
everything that the firmware was linked from, as the linker's map tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from .archive import members_that_define
from .elf import MAGIC, read_image
from .errors import ModuleError
from .names import demangled

STUBS = "hotreload_stubs.S"
LOADED = re.compile(r"^LOAD (.+)$", re.MULTILINE)
# `name = ...` and `PROVIDE (name = ...)` of linker scripts, whether they were needed or not
ASSIGNED = re.compile(
    r"^ +(?:0x[0-9a-f]+|\[!provide\]|\[unresolved\]) +(?:PROVIDE(?:_HIDDEN)? \()?"
    r"(?P<name>[A-Za-z_.$][\w.$]*) = (?P<value>.*?)\)?$",
    re.MULTILINE,
)


def check_clashes(map_file: Path, folder: Path, sources: Mapping[str, str], compiler: str) -> None:
    """Refuse exports that another input of the firmware's link defines too.

    `sources` has the module's source for each export; paths in the map count from `folder`.
    """
    try:
        text = map_file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ModuleError(
            f"cannot read the linker's map of the firmware, {map_file}: {error.strerror}; the "
            "names of the module are looked up in it: link the firmware with -Wl,-Map"
        ) from error
    others: dict[str, list[str]] = {}
    for name, place in (*_defined_by_scripts(text, sources), *_defined(text, folder, sources)):
        if place not in others.setdefault(name, []):
            others[name].append(place)
    if others:
        readable = demangled(compiler, others)
        raise ModuleError(
            "\n".join(
                f"'{readable[name]}' of {sources[name]} would take the place of the one in "
                f"{', '.join(places)}, in the whole firmware: make it static or rename it, or list "
                "the functions that the firmware calls in EXPORTS of hotreload_setup()"
                for name, places in sorted(others.items())
            )
        )


def _defined_by_scripts(text: str, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for match in ASSIGNED.finditer(text):
        if match["name"] in names:
            yield match["name"], f"a linker script ({match['name']} = {match['value']})"


def _defined(text: str, folder: Path, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for loaded in dict.fromkeys(LOADED.findall(text)):
        path = folder / loaded
        if not path.is_file():
            continue
        with path.open("rb") as file:
            is_object = file.read(len(MAGIC)) == MAGIC
        if is_object:
            for symbol in read_image(path).symbols:
                if symbol.defined and symbol.is_global and symbol.name in names:
                    yield symbol.name, path.name
            continue
        for name, member in members_that_define(path, names):
            if not member.startswith(STUBS):
                yield name, f"{path.name}({member})"
