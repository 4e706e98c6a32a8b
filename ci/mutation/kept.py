"""What people have written down about mutants: which functions are critical, what is equivalent."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from ci.mutation.mutants import Mutant

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Equivalent:
    """A mutant that no test can tell from the source, and why."""

    why: str
    file: str
    function: str
    before: str  #: the line, without the white space around it
    after: str  #: also without; "*": whatever it becomes

    def is_about(self, mutant: Mutant) -> bool:
        """Whether it is this one."""
        return (
            (mutant.file, mutant.function) == (self.file, self.function)
            and mutant.before.strip() == self.before
            and self.after in ("*", _spaced(mutant.after))
        )


@dataclass(frozen=True)
class Kind:
    """The same for all mutants of some files that come about in one way."""

    why: str
    files: list[str]
    replaced: str
    by: str

    def is_about(self, mutant: Mutant) -> bool:
        """Whether it is of this kind."""
        if mutant.file not in self.files:
            return False
        parts = mutant.before.split(self.replaced)
        return _spaced(mutant.after) in (
            _spaced(self.replaced.join(parts[:i]) + self.by + self.replaced.join(parts[i:]))
            for i in range(1, len(parts))
        )


def _spaced(text: str) -> str:
    return " ".join(text.split())


def equivalents() -> list[Equivalent | Kind]:
    """Of equivalent.toml."""
    read = tomllib.loads((HERE / "equivalent.toml").read_text(encoding="utf-8"))
    return [
        *(Kind(**each) for each in read["kind"]),
        *(Equivalent(**each) for each in read["mutant"]),
    ]


def critical() -> dict[str, list[str]]:
    """Of critical.toml: the functions by file."""
    read = tomllib.loads((HERE / "critical.toml").read_text(encoding="utf-8"))
    found: dict[str, list[str]] = {}
    for part in read.values():
        for file, names in part.items():
            found.setdefault(file, []).extend(names)
    return found
