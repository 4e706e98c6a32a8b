"""Building variants of a firmware's module: one compiler run each, cached by content."""

import contextlib
import hashlib
import json
import os
import shutil
import struct
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from elftools.elf.elffile import ELFFile

import hotreload_build
from hotreload_build.errors import ModuleError
from hotreload_build.image import mark_metadata
from hotreload_build.manifest import Manifest
from hotreload_build.variant import build_module
from pytest_embedded_hotreload.dynamic import DynamicTable
from pytest_embedded_hotreload.errors import BuildError
from pytest_embedded_hotreload.firmware import FirmwareBuild
from pytest_embedded_hotreload.lock import locked

PT_LOAD = "PT_LOAD"


@dataclass(frozen=True)
class Loadable:
    """One PT_LOAD program header."""

    link: int
    file_size: int
    size: int
    executable: bool


@dataclass(frozen=True)
class Module:
    """A module that has been built; `path` is what the device gets."""

    name: str
    path: Path
    unstripped: Path
    seconds: float = 0.0

    @cached_property
    def data(self) -> bytes:
        """The ELF."""
        return self.path.read_bytes()

    @cached_property
    def exports(self) -> list[str]:
        """The functions that the module defines."""
        with self._elf() as elf:
            table = elf.get_section_by_name(".dynsym") or elf.get_section_by_name(".symtab")
            return sorted(
                symbol.name
                for symbol in (table.iter_symbols() if table else [])
                if symbol["st_info"]["type"] == "STT_FUNC"
                and symbol["st_info"]["bind"] != "STB_LOCAL"
                and symbol["st_shndx"] not in ("SHN_UNDEF", "SHN_ABS")
            )

    @cached_property
    def segments(self) -> list[Loadable]:
        """What is loaded."""
        with self._elf() as elf:
            return [
                Loadable(s["p_vaddr"], s["p_filesz"], s["p_memsz"], bool(s["p_flags"] & 1))
                for s in elf.iter_segments()
                if s["p_type"] == PT_LOAD
            ]

    @cached_property
    def relocations(self) -> Counter[int]:
        """How many dynamic relocations there are of each type."""
        return Counter(relocation.type for relocation in DynamicTable(self.data).relocations())

    @contextlib.contextmanager
    def _elf(self):  # type: ignore[no-untyped-def]
        with self.unstripped.open("rb") as file:
            yield ELFFile(file)


@dataclass(frozen=True)
class Edited:
    """A source file with another text; what lies beside the file is found as before."""

    file: Path
    text: str


#: a file, the text of one, or an edited file
Source = Path | str | Edited

#: the first definition of a function counts, also for calls in the source of a later one
FIRST_COUNTS = ("-fsemantic-interposition", "-Wl,-z,muldefs")


@dataclass(frozen=True)
class Recipe:
    """What a module is made of.

    With `first_counts` a function may be in several sources, the first of which counts.
    `own_script=False` leaves everything to the linker, as in an ordinary shared object;
    `allow_undefined` lets symbols be that nobody defines.
    """

    sources: tuple[Source, ...]
    name: str
    cflags: tuple[str, ...] = ()
    first_counts: bool = False
    own_script: bool = True
    allow_undefined: bool = False

    @property
    def foreign(self) -> bool:
        """Whether the component's own build would not make such a module."""
        return not self.own_script or self.allow_undefined


class ModuleBuilder:
    """Builds modules for one firmware from the manifest that its build has left."""

    def __init__(self, firmware: FirmwareBuild, cache: Path) -> None:
        self._firmware = firmware
        self._cache = cache / "modules"
        self._manifest = Manifest.load(firmware.manifest)
        self._built: dict[str, Module] = {}

    @property
    def sources(self) -> list[Path]:
        """What the module of the firmware's own build is made of."""
        return [Path(source) for source in self._manifest.sources]

    def build(self, recipe: Recipe) -> Module:
        """Return the module, from the cache when it was built before."""
        key = self._key(recipe)
        if key not in self._built:
            started = time.monotonic()
            folder = self._cache / key
            with locked(self._cache / f"{key}.lock"):
                if not folder.exists():
                    self._build_into(folder, recipe)
            seconds = time.monotonic() - started
            path, unstripped = folder / "module.so", folder / "module.unstripped.so"
            self._built[key] = Module(recipe.name, path, unstripped, seconds)
        return self._built[key]

    def build_all(self, recipes: Sequence[Recipe]) -> list[Module]:
        """Build several at once."""
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            return list(pool.map(self.build, recipes))

    def _key(self, recipe: Recipe) -> str:
        digest = hashlib.sha256(self._context)
        for source in recipe.sources:
            name, text = _content(source)
            digest.update(f"{name}\0{len(text)}\0".encode() + text)
        options: list[object] = [recipe.cflags, recipe.own_script, recipe.allow_undefined]
        options += [recipe.first_counts] if recipe.first_counts else []
        digest.update(json.dumps(options).encode())
        return digest.hexdigest()[:24]

    @cached_property
    def _context(self) -> bytes:
        """A digest of all that modules depend on besides their sources."""
        digest = hashlib.sha256(self._firmware.elf.read_bytes())
        digest.update(self._firmware.manifest.read_bytes())
        tool = Path(hotreload_build.__file__).parent
        folders = {
            Path(folder)
            for toolset in self._manifest.languages.values()
            for folder in toolset.includes
        }
        files = [Path(__file__), Path(self._manifest.linker_script), *sorted(tool.glob("*.py"))]
        files += [Path(self._manifest.exit_library)] if self._manifest.exit_library else []
        files += sorted(header for folder in folders for header in folder.rglob("*.h"))
        for file in files:
            digest.update(f"{file}\0".encode() + file.read_bytes())
        return digest.digest()

    def _build_into(self, folder: Path, recipe: Recipe) -> None:
        self._cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._cache, prefix="building-") as scratch:
            output = Path(scratch) / "result"
            output.mkdir()
            sources = self._write_sources(output, recipe)
            try:
                if recipe.foreign:
                    self._link_foreign(sources, output, recipe)
                else:
                    self._link(sources, output, folder, recipe)
            except ModuleError as error:
                raise BuildError(f"module {recipe.name}", str(error)) from error
            shutil.move(output, folder)

    @staticmethod
    def _write_sources(output: Path, recipe: Recipe) -> list[Path]:
        """The files of the sources; those that are texts stay beside the module, for a debugger."""
        sources = []
        for index, source in enumerate(recipe.sources):
            if isinstance(source, Path):
                sources.append(source)
                continue
            name = source.file.name if isinstance(source, Edited) else f"{recipe.name}_{index}.c"
            file = output / name
            file.write_bytes(_content(source)[1])
            sources.append(file)
        return sources

    def _link(self, sources: list[Path], output: Path, folder: Path, recipe: Recipe) -> None:
        """Make it in `output`, which is going to be `folder`."""
        build_module(
            self._manifest,
            sources,
            output / "module.so",
            unstripped=output / "module.unstripped.so",
            compile_options=(*_options(recipe), f"-ffile-prefix-map={output}={folder}"),
            link_options=FIRST_COUNTS if recipe.first_counts else (),
        )

    def _link_foreign(self, sources: list[Path], output: Path, recipe: Recipe) -> None:
        """Make a shared object that the component's build would not make."""
        toolset = self._manifest.toolset(sources[0])
        module = output / "module.so"
        command = [toolset.compiler, *toolset.arguments(), *_options(recipe), *map(str, sources)]
        command += ["-shared", "-nostdlib", "-Wl,-Bsymbolic", "-Wl,--hash-style=sysv"]
        if recipe.own_script:
            command += ["-T", self._manifest.linker_script]
        else:
            command.append(str(self._write_note(output)))
        command += [self._manifest.firmware_symbols, "-o", str(module)]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode != 0:
            raise BuildError(f"module {recipe.name}", result.stdout + result.stderr)
        if recipe.own_script:
            module.write_bytes(mark_metadata(module.read_bytes()))
        shutil.copy(module, output / "module.unstripped.so")

    def _write_note(self, folder: Path) -> Path:
        """The note that the component's linker script makes, for a link without it."""
        note = struct.pack("<III12s", 10, 16, 1, b"hotreload") + self._firmware.identity
        file = folder / "note.S"
        file.write_text(f'.section .note.hotreload,"a",@note\n.byte {",".join(map(str, note))}\n')
        return file


def _content(source: Source) -> tuple[str, bytes]:
    """Name and text of a source."""
    if isinstance(source, Path):
        return source.name, source.read_bytes()
    if isinstance(source, Edited):
        return source.file.name, source.text.encode()
    return "", source.encode()


def _options(recipe: Recipe) -> list[str]:
    """The options of the compiler's driver, besides those of the firmware's build."""
    beside = [f"-iquote{s.file.parent}" for s in recipe.sources if isinstance(s, Edited)]
    return [*recipe.cflags, *beside, *(FIRST_COUNTS if recipe.first_counts else ())]
