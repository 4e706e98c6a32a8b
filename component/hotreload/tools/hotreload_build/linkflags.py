"""What the firmware is linked with, as far as a module has to be linked in the same way.

CMake has no expression for the options that come with the libraries of a target, so they are read
from the build files that it writes.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

NINJA_FILE = "build.ninja"
MAKE_FILES = "CMakeFiles/*.dir/link.txt"
# Ninja's variables with the command line of a link
VARIABLES = re.compile(r"^  (?:LINK_FLAGS|LINK_LIBRARIES) = (.*)$", re.MULTILINE)
ESCAPED = re.compile(r"\$(.)")


def wrapped_symbols(build_dir: Path, marker: Path) -> tuple[str, ...]:
    """The names X of each `--wrap=X`, of the link that has the response file `marker`."""
    arguments = list(_linker_arguments(_link_command(build_dir, marker.name), build_dir))
    names = []
    for at, argument in enumerate(arguments):
        option, equals, value = argument.partition("=")
        if option.lstrip("-") == "wrap" and option.startswith("-"):
            names.append(value if equals else "".join(arguments[at + 1 : at + 2]))
    return tuple(sorted(set(names) - {""}))


def kept_symbols(needed: Iterable[str], wrapped: Sequence[str]) -> tuple[str, ...]:
    """What the firmware has to keep for a module that needs `needed`."""
    kept = set()
    for name in needed:
        if name in wrapped:
            kept.add(f"__wrap_{name}")
        elif name.startswith("__real_") and name[len("__real_") :] in wrapped:
            kept.add(name[len("__real_") :])
        else:
            kept.add(name)
    return tuple(sorted(kept))


def _link_command(build_dir: Path, marker: str) -> list[str]:
    ninja_file = build_dir / NINJA_FILE
    if ninja_file.is_file():
        text = ninja_file.read_text(encoding="utf-8", errors="replace")
        for at in _places(text, marker):
            start, end = text.rfind("\n\n", 0, at), text.find("\n\n", at)
            values = VARIABLES.findall(text[start : end if end >= 0 else None])
            if any(marker in value for value in values):
                return [word for v in values for word in shlex.split(ESCAPED.sub(r"\1", v))]
    for file in sorted(build_dir.glob(MAKE_FILES)):
        text = file.read_text(encoding="utf-8", errors="replace")
        if marker in text:
            return shlex.split(text)
    return []


def _places(text: str, marker: str) -> Iterator[int]:
    at = text.find(marker)
    while at >= 0:
        yield at
        at = text.find(marker, at + 1)


def _linker_arguments(command: Sequence[str], folder: Path) -> Iterator[str]:
    """What the compiler's driver hands to the linker, out of response files as well."""
    words = list(command)
    for at, word in enumerate(words):
        if word.startswith("@") and (folder / word[1:]).is_file():
            text = (folder / word[1:]).read_text(encoding="utf-8", errors="replace")
            words[at + 1 : at + 1] = shlex.split(text)
        elif word.startswith("-Wl,"):
            yield from word.split(",")[1:]
        elif word == "-Xlinker":
            yield from words[at + 1 : at + 2]
