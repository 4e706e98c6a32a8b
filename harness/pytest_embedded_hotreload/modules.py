"""Building variants of a firmware's module, cached by content.

What is compiled knows the firmware by its headers alone, so another build of the firmware, such as
after an edit of the loader, takes the same objects: its modules are only linked again.
"""

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
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from elftools.elf.elffile import ELFFile

import hotreload_build
from hotreload_build.errors import ModuleError
from hotreload_build.image import mark_metadata
from hotreload_build.link import link, run
from hotreload_build.manifest import Manifest
from pytest_embedded_hotreload.dynamic import DynamicTable
from pytest_embedded_hotreload.errors import BuildError
from pytest_embedded_hotreload.firmware import FirmwareBuild
from pytest_embedded_hotreload.lock import locked
from pytest_embedded_hotreload.spent import BUILDS, spent

PT_LOAD = "PT_LOAD"
OBJECT = "object.o"


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
        self._modules = cache / "modules"
        self._objects = cache / "objects"
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
            folder = self._modules / key
            try:
                _fill(folder, partial(self._link, recipe))
            except ModuleError as error:
                raise BuildError(f"module {recipe.name}", str(error)) from error
            seconds = time.monotonic() - started
            path, unstripped = folder / "module.so", folder / "module.unstripped.so"
            self._built[key] = Module(recipe.name, path, unstripped, seconds)
        return self._built[key]

    def build_all(self, recipes: Sequence[Recipe]) -> list[Module]:
        """Build several at once."""
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            return list(pool.map(self.build, recipes))

    def _key(self, recipe: Recipe) -> str:
        digest = hashlib.sha256(self._headers + self._firmware_side)
        for source in recipe.sources:
            name, text = _content(source)
            digest.update(f"{name}\0{len(text)}\0".encode() + text)
        options: list[object] = [recipe.cflags, recipe.own_script, recipe.allow_undefined]
        options += [recipe.first_counts] if recipe.first_counts else []
        digest.update(json.dumps(options).encode())
        return digest.hexdigest()[:24]

    @cached_property
    def _headers(self) -> bytes:
        """A digest of all that sources may include, and of how they are compiled."""
        folders = {
            Path(folder)
            for toolset in self._manifest.languages.values()
            for folder in toolset.includes
        }
        headers = (header for folder in folders for header in folder.rglob("*.h"))
        return _digest([Path(__file__), *sorted(headers)])

    @cached_property
    def _firmware_side(self) -> bytes:
        """A digest of what modules are linked with: its addresses, its identity, its tools."""
        tool = Path(hotreload_build.__file__).parent
        files = [self._firmware.manifest, Path(self._manifest.firmware_symbols)]
        files += [Path(self._manifest.linker_script), *sorted(tool.glob("*.py"))]
        files += [Path(self._manifest.exit_library)] if self._manifest.exit_library else []
        return _digest(files)

    def _link(self, recipe: Recipe, output: Path) -> None:
        """Make the module in the folder `output`."""
        objects = [str(self._object(recipe, index)) for index in range(len(recipe.sources))]
        inputs = [*self._manifest.languages["C"].flags, *_options(recipe), *objects]
        with spent(BUILDS):
            if recipe.foreign:
                self._link_foreign(inputs, output, recipe)
            else:
                unstripped = output / "module.unstripped.so"
                options = FIRST_COUNTS if recipe.first_counts else ()
                link(self._manifest, inputs, output / "module.so", unstripped, options, None)

    def _object(self, recipe: Recipe, index: int) -> Path:
        """A compiled source, from the cache unless it has changed or what it may include.

        A text is a file beside it, which stays there for a debugger.
        """
        source = recipe.sources[index]
        name, text = _content(source)
        name = name or f"{recipe.name}_{index}.c"
        toolset = self._manifest.toolset(source if isinstance(source, Path) else Path(name))
        command = [toolset.compiler, *toolset.arguments(), *_options(recipe), "-c"]
        place = str(source) if isinstance(source, Path) else name
        digest = hashlib.sha256(self._headers + json.dumps([command, place]).encode() + text)
        folder = self._objects / digest.hexdigest()[:24]

        def compile_source(output: Path) -> None:
            if isinstance(source, Path):
                file = source
            else:
                file = output / name
                file.write_bytes(text)
            files = [f"-ffile-prefix-map={output}={folder}", str(file), "-o", f"{output}/{OBJECT}"]
            with spent(BUILDS):
                run([*command, *files], self._manifest)

        return _fill(folder, compile_source) / OBJECT

    def _link_foreign(self, inputs: Sequence[str], output: Path, recipe: Recipe) -> None:
        """Make a shared object that the component's build would not make."""
        module = output / "module.so"
        command = [self._manifest.languages["C"].compiler, *inputs]
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


def _fill(folder: Path, make: Callable[[Path], None]) -> Path:
    """Have `make` fill a folder of the cache, unless it was filled before."""
    with locked(folder.with_name(f"{folder.name}.lock")):
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix="building-") as scratch:
                output = Path(scratch) / "result"
                output.mkdir()
                make(output)
                shutil.move(output, folder)
    return folder


def _digest(files: Iterable[Path]) -> bytes:
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file}\0".encode() + file.read_bytes())
    return digest.digest()


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
