"""What people have written down about mutants: which functions are critical, what is equivalent."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from ci.mutation.mutants import Mutant

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Equivalent:
    """Mutants that no test can tell from the source, and why."""

    file: str
    function: str
    before: str  #: the line, without the white space around it
    after: str  #: also without; "*": whatever it becomes
    why: str

    def is_about(self, mutant: Mutant) -> bool:
        """Whether it is one of them."""
        return (
            (mutant.file, mutant.function) == (self.file, self.function)
            and mutant.before.strip() == self.before
            and self.after in ("*", " ".join(mutant.after.split()))
        )


def equivalents() -> list[Equivalent]:
    """Of equivalent.toml."""
    read = tomllib.loads((HERE / "equivalent.toml").read_text())
    return [Equivalent(**each) for each in read.get("mutant", [])]


def critical() -> dict[str, list[str]]:
    """Of critical.toml: the functions by file."""
    read = tomllib.loads((HERE / "critical.toml").read_text())
    return {file: names for part in read.values() for file, names in part.items()}
