"""What became of mutants: a file of JSON lines, so that a run goes on where the last one ended."""

import json
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ci.mutation.mutants import Mutant

#: an assertion of a test has failed
KILLED = "killed"
#: something has failed that says nothing of a promise: KeyError, a time-out, a crash
ACCIDENT = "accident"
SURVIVED = "survived"


@dataclass(frozen=True)
class Outcome:
    """Of one mutant."""

    kind: str
    test: str = ""  #: that has noticed
    message: str = ""  #: its first line
    seconds: float = 0
    tests: int = 0  #: that were run


@dataclass(frozen=True)
class Result:
    """A mutant and what became of it."""

    mutant: Mutant
    outcome: Outcome
    tests: str  #: of which tests this is said: with others what is not killed is tried again


@dataclass
class Results:
    """The file; the last line about a mutant counts."""

    path: Path
    of: dict[str, Result] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def load(cls, path: Path) -> "Results":
        """What earlier runs have left."""
        results = cls(path)
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                read = json.loads(line)
                mutant = Mutant(**read["mutant"])
                outcome = Outcome(**read["outcome"])
                results.of[mutant.id] = Result(mutant, outcome, read["tests"])
        return results

    def add(self, result: Result) -> None:
        """Written at once."""
        with self._lock:
            self.of[result.mutant.id] = result
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(result)) + "\n")
