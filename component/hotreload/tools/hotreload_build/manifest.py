"""The manifest: everything that building a module for one firmware takes, as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from .errors import ModuleError
from .files import write_if_changed
from .slot import HEADER_SIZE

VERSION = 1

C_SUFFIXES = (".c", ".s", ".S")
CXX_SUFFIXES = (".cc", ".cpp", ".cxx", ".C")


# of the flash of all chips
ERASE_BLOCK = 4096


class Toolset(NamedTuple):
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


class Partition(NamedTuple):
    label: str
    offset: int
    size: int

    @property
    def capacity(self) -> int:
        """Bytes of the largest module: there are two slots of whole erase blocks."""
        return max(0, self.size // 2 // ERASE_BLOCK * ERASE_BLOCK - HEADER_SIZE)


class Manifest(NamedTuple):
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
    exports_only: bool = False  # the module exports `exports` and nothing else, as EXPORTS says
    wrapped: tuple[str, ...] = ()  # the names of --wrap in the firmware's link
    max_size: int | None = None  # bytes of the largest ELF that the server takes
    build_number: int = 0  # of the module, signed with it
    build_floor: int = 0  # the lowest that the firmware takes
    exit_library: str | None = None  # an archive with atexit() of the module
    own_flags: dict[str, Toolset] = {}  # noqa: RUF012 - of sources with properties of their own

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
        content = {
            "version": VERSION,
            **self._asdict(),
            "languages": {name: toolset._asdict() for name, toolset in self.languages.items()},
            "own_flags": {source: toolset._asdict() for source, toolset in self.own_flags.items()},
            "partition": self.partition and self.partition._asdict(),
        }
        write_if_changed(path, json.dumps(content, indent=2) + "\n")

    def toolset(self, source: Path) -> Toolset:
        """How `source` is compiled: as in the firmware's build, otherwise by its suffix."""
        own = self.own_flags.get(str(source.resolve()))
        if own:
            return own
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


def _from_json(content: dict[str, Any]) -> Manifest:
    if content["version"] != VERSION:
        raise KeyError(f"it has version {content['version']}")
    partition = content["partition"]
    return Manifest(
        component=content["component"],
        sources=tuple(content["sources"]),
        languages=_toolsets(content["languages"]),
        linker_script=content["linker_script"],
        firmware_elf=content["firmware_elf"],
        firmware_symbols=content["firmware_symbols"],
        exports=tuple(content["exports"]),
        output=content["output"],
        partition=None if partition is None else Partition(**partition),
        auth_key=content.get("auth_key"),
        exports_only=content.get("exports_only", False),
        wrapped=tuple(content.get("wrapped", ())),
        max_size=content.get("max_size"),
        build_number=content.get("build_number", 0),
        build_floor=content.get("build_floor", 0),
        exit_library=content.get("exit_library"),
        own_flags=_toolsets(content.get("own_flags", {})),
    )


def _toolsets(content: dict[str, Any]) -> dict[str, Toolset]:
    return {
        name: Toolset(
            compiler=item["compiler"],
            flags=tuple(item["flags"]),
            includes=tuple(item["includes"]),
            defines=tuple(item["defines"]),
        )
        for name, item in content.items()
    }
