"""The component's host tests with a mutant in their programs: a file is compiled, and linked."""

import hashlib
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ci.mutation.mutants import Mutant, Source
from host_build import build_program

#: the chip's: one of the two that the tests run with
WIDTH = "32"
SOURCES = Path("component") / "hotreload" / "src"


class DoesNotBuildError(Exception):
    """The compiler or the linker refuses the mutant."""


@dataclass(frozen=True)
class Object:
    """A compiled file of a program."""

    source: str
    path: str  #: in the build folder, as the linker is told
    command: tuple[str, ...]


@dataclass(frozen=True)
class Program:
    """What compiles its objects and links them."""

    objects: tuple[Object, ...]
    link: tuple[str, ...]


@dataclass(frozen=True)
class HostPrograms:
    """A build without mutants, whose commands and objects are used for all mutants."""

    root: Path
    folder: Path
    flags: str = ""

    def build(self) -> None:
        """Bring it up to date."""
        flags = [f"CMAKE_C_FLAGS={self.flags}"] if self.flags else []
        build_program(self.folder, "all", f"HOTRELOAD_WIDTHS={WIDTH}", *flags)

    @cached_property
    def programs(self) -> dict[str, Program]:
        """All programs there are."""
        lines = self._ninja("-t", "targets", "all").splitlines()
        names = [line.partition(":")[0] for line in lines if "C_EXECUTABLE_LINKER" in line]
        return {name: self._program(name) for name in names if name.endswith(WIDTH)}

    def _program(self, name: str) -> Program:
        lines = self._ninja("-t", "commands", name).splitlines()
        objects = []
        for line in lines:
            words = shlex.split(line)
            if "-c" in words:
                words = words[1:] if words[0].endswith("ccache") else words
                source = words[words.index("-c") + 1]
                objects.append(Object(source, words[words.index("-o") + 1], tuple(words)))
        link = shlex.split(lines[-1].removeprefix(": && ").removesuffix(" && :"))
        return Program(tuple(objects), tuple(link))

    def _ninja(self, *arguments: str) -> str:
        command = ["ninja", "-C", str(self.folder), "--quiet", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    @cached_property
    def _made_of(self) -> dict[str, set[str]]:
        """The files that each object is made of."""
        found: dict[str, set[str]] = {}
        path = ""
        for line in self._ninja("-t", "deps").splitlines():
            if line.startswith("    "):
                found[path].add(line.strip())
            elif line:
                path = line.partition(":")[0]
                found[path] = set()
        return found

    def objects(self, program: str, file: str) -> list[Object]:
        """Those of a program that a file is compiled into."""
        name = str(self.root / file)
        return [each for each in self.programs[program].objects if name in self._made_of[each.path]]

    def programs_with(self, file: str) -> list[str]:
        """The programs that a file is compiled into."""
        return [name for name in self.programs if self.objects(name, file)]

    def different_objects(self, source: Source, folder: Path) -> list[Object]:
        """Where a file is compiled to the same for several programs: once."""
        objects = [o for name in self.programs for o in self.objects(name, source.file)]
        paths = self._compile(source, None, objects, folder, plain=True)
        found = {(o.source, path.read_bytes()): o for o, path in zip(objects, paths, strict=True)}
        return list(found.values())

    def digest(
        self, source: Source, mutant: Mutant | None, objects: list[Object], folder: Path
    ) -> str:
        """Of the object code; without what sanitizers add, which has line numbers in it.

        "": it does not compile.
        """
        found = hashlib.sha256()
        try:
            for path in self._compile(source, mutant, objects, folder, plain=True):
                found.update(path.read_bytes())
        except DoesNotBuildError:
            return ""
        return found.hexdigest()[:16]

    def make(self, source: Source, mutant: Mutant, programs: list[str], folder: Path) -> None:
        """These programs with the mutant, in `folder`, and the others as they are."""
        objects = [each for name in programs for each in self.objects(name, source.file)]
        paths = self._compile(source, mutant, objects, folder / "objects", plain=False)
        made = {o.path: str(path) for o, path in zip(objects, paths, strict=True)}
        for name, program in self.programs.items():
            (folder / name).unlink(missing_ok=True)
            if name in programs:
                words = [made.get(word, word) for word in program.link]
                words[words.index("-o") + 1] = str(folder / name)
                _run(words, self.folder)
            else:
                (folder / name).symlink_to(self.folder / name)

    def _compile(
        self,
        source: Source,
        mutant: Mutant | None,
        objects: list[Object],
        folder: Path,
        *,
        plain: bool,
    ) -> Iterator[Path]:
        """The objects, each when it is asked for."""
        top = folder / "src"  # in front of where headers are looked for
        changed = top / Path(source.file).relative_to(SOURCES)
        shutil.rmtree(top, ignore_errors=True)
        changed.parent.mkdir(parents=True)
        changed.write_text(source.text(mutant), encoding="utf-8")
        for number, each in enumerate(objects):
            out = folder / f"{number}.o"
            # a warning that comes and goes with the sanitizers
            words = [*each.command, "-Wno-error=maybe-uninitialized"]
            words[1:1] = [f"-I{top}"]
            words[words.index("-o") + 1] = str(out)
            if each.source == str(self.root / source.file):
                words[words.index("-c") + 1] = str(changed)
            if plain:
                words = [word for word in words if word != "-g" and "-fsanitize" not in word]
                words = [word for word in words if "-fno-sanitize" not in word]
            _run([word for word in words if word != "-MD"], self.folder, drop=("-MT", "-MF"))
            yield out


def _run(words: list[str], folder: Path, drop: tuple[str, ...] = ()) -> None:
    for option in drop:
        at = words.index(option)
        del words[at : at + 2]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DoesNotBuildError(done.stderr)
