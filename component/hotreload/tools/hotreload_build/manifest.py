"""The manifest: everything that building a module for one firmware takes, as JSON."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .errors import ModuleError
from .files import write_if_changed

VERSION = 1

C_SUFFIXES = (".c", ".s", ".S")
CXX_SUFFIXES = (".cc", ".cpp", ".cxx", ".C")


@dataclass(frozen=True)
class Toolset:
    """How sources of one language are compiled for the module."""

    compiler: str
    flags: tuple[str, ...]
    includes: tuple[str, ...]
    defines: tuple[str, ...]

    def arguments(self) -> list[str]:
        return [
            *self.flags,
            *(f"-I{folder}" for folder in self.includes),
            *(f"-D{definition}" for definition in self.defines),
        ]


@dataclass(frozen=True)
class Partition:
    label: str
    offset: int
    size: int

    @property
    def capacity(self) -> int:
        """Bytes of the largest module: src/hr_store.h has two slots, with a record in each."""
        return self.size // 2 - 64


@dataclass(frozen=True)
class Manifest:
    component: str
    sources: tuple[str, ...]
    languages: dict[str, Toolset]  # "C", "CXX"
    linker_script: str
    firmware_elf: str
    firmware_symbols: str  # linker script with the firmware's addresses
    exports: tuple[str, ...]  # in the order of the symbol table
    output: str  # the stripped module
    partition: Partition | None
    auth_key: str | None = None  # the file of the key, when the firmware wants signed requests

    @staticmethod
    def load(path: Path) -> Manifest:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ModuleError(f"cannot read the manifest {path}: {error.strerror}") from error
        except ValueError as error:
            raise ModuleError(f"{path} is not a manifest: {error}") from error
        try:
            return _from_json(content)
        except (KeyError, TypeError) as error:
            raise ModuleError(f"{path} is not a manifest of version {VERSION}: {error}") from error

    def save(self, path: Path) -> None:
        content = {"version": VERSION, **asdict(self)}
        write_if_changed(path, json.dumps(content, indent=2) + "\n")

    def toolset(self, source: Path) -> Toolset:
        """How `source` is compiled, by its suffix."""
        if source.suffix in C_SUFFIXES:
            language = "C"
        elif source.suffix in CXX_SUFFIXES:
            language = "CXX"
        else:
            known = " ".join(C_SUFFIXES + CXX_SUFFIXES)
            raise ModuleError(f"{source}: not a source file of a known kind ({known})")
        if language not in self.languages:
            raise ModuleError(f"{source}: the firmware's build has no compiler for {language}")
        return self.languages[language]


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


def _from_json(content: dict[str, Any]) -> Manifest:
    if content["version"] != VERSION:
        raise KeyError(f"it has version {content['version']}")
    partition = content["partition"]
    return Manifest(
        component=content["component"],
        sources=tuple(content["sources"]),
        languages={
            name: Toolset(
                compiler=item["compiler"],
                flags=tuple(item["flags"]),
                includes=tuple(item["includes"]),
                defines=tuple(item["defines"]),
            )
            for name, item in content["languages"].items()
        },
        linker_script=content["linker_script"],
        firmware_elf=content["firmware_elf"],
        firmware_symbols=content["firmware_symbols"],
        exports=tuple(content["exports"]),
        output=content["output"],
        partition=None if partition is None else Partition(**partition),
        auth_key=content.get("auth_key"),
    )
