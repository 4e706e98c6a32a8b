"""How CMake compiles the module, from its list of all compiler runs (`compile_commands.json`).

That has what no expression of CMake tells: the option for the language standard and its extensions,
and the properties of single sources.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import NamedTuple

from .errors import ModuleError
from .manifest import Toolset

# a target of these, never built, has one source of each language
ANY_SOURCE = "hotreload_flags"
LANGUAGES = {"any.c": "C", "any.cpp": "CXX"}
LAUNCHERS = ("ccache", "sccache", "distcc", "icecc")


class Commands(NamedTuple):
    languages: dict[str, Toolset]
    sources: dict[str, Toolset]  # of sources that are compiled differently from their language


def read_commands(path: Path, objects: str) -> Commands:
    """Read `path` for the sources of the CMake target `objects`."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModuleError(
            f"cannot read how CMake compiles, {path}: {error}; it writes that file with "
            "CMAKE_EXPORT_COMPILE_COMMANDS"
        ) from error
    languages: dict[str, Toolset] = {}
    sources: dict[str, Toolset] = {}
    for entry in entries:
        # most are neither: looked at before they are taken apart
        command = entry["command"]
        if f"/{ANY_SOURCE}.dir/" in command:
            languages[LANGUAGES[Path(entry["file"]).name]] = _toolset(command)
        elif f"/{objects}.dir/" in command:
            sources[entry["file"]] = _toolset(command)
    if len(languages) != len(LANGUAGES):
        raise ModuleError(f"{path} does not have the sources of {ANY_SOURCE}: run CMake again")
    usual = list(languages.values())
    return Commands(languages, {file: t for file, t in sources.items() if t not in usual})


def _toolset(command: str) -> Toolset:
    words = shlex.split(command)
    while len(words) > 1 and Path(words[0]).stem in LAUNCHERS:
        del words[0]
    flags: list[str] = []
    includes: list[str] = []
    defines: list[str] = []
    at = 1
    while at < len(words):
        word = words[at]
        if word in ("-o", "-c"):
            at += 1  # and its value
        elif word in ("-I", "-D"):
            at += 1
            (includes if word == "-I" else defines).append(words[at])
        elif word.startswith("-I"):
            includes.append(word[2:])
        elif word.startswith("-D"):
            defines.append(word[2:])
        else:
            flags.append(word)
        at += 1
    return Toolset(words[0], tuple(flags), tuple(includes), tuple(defines))
