"""How CMake compiles the module, from the files that it writes for that."""

from __future__ import annotations

import shlex
from pathlib import Path

from .manifest import Toolset


def read_flags(path: Path) -> Toolset:
    """Read the file of `key=value` lines that CMake generates for one language.

    CMake's lists are written one item a line; equal folders and definitions count once, as in
    CMake's own command lines. `shell` values, and items that start with CMake's `SHELL:`, are
    command lines of several arguments. CMake writes `compiler` and `shell` for all languages into
    each of the files, as it has no expression that tells them apart safely.
    """
    values: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition("=")
        if value:
            values.setdefault(key, []).append(value)
    language = values["language"][0]
    return Toolset(
        compiler=values[f"compiler.{language}"][0],
        flags=(*_split(values.get(f"shell.{language}", [])), *_expanded(values.get("flag", []))),
        includes=tuple(dict.fromkeys(values.get("include", []))),
        defines=tuple(
            dict.fromkeys(_without_prefix(item, "-D") for item in values.get("define", []))
        ),
    )


def _split(lines: list[str]) -> list[str]:
    return [argument for line in lines for argument in shlex.split(line)]


def _expanded(options: list[str]) -> list[str]:
    prefix = "SHELL:"
    return [
        argument
        for option in options
        for argument in (
            shlex.split(option[len(prefix) :]) if option.startswith(prefix) else [option]
        )
    ]


def _without_prefix(text: str, prefix: str) -> str:
    return text[len(prefix) :] if text.startswith(prefix) else text
