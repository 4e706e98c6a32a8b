"""Which mutants do something of their own, by the code that they compile to."""

import json
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from ci.mutation.mutants import Mutant

#: of mutants of one file their code, in this order; "": it does not compile, or to the same
Digests = Callable[[list[Mutant]], Iterable[str]]


class Distinct:
    """Of the mutants of a line that compile to the same, the first; codes are kept in a file."""

    def __init__(self, mutants: Iterable[Mutant], path: Path) -> None:
        self._lines: dict[tuple[str, int], list[Mutant]] = {}
        for mutant in mutants:
            self._lines.setdefault((mutant.file, mutant.line), []).append(mutant)
        self._locks = {line: threading.Lock() for line in self._lines}
        self._writing = threading.Lock()
        self._path = path
        self._known: dict[str, str] = {}
        if path.exists():
            for text in path.read_text().splitlines():
                self._known |= json.loads(text)

    def is_one(self, mutant: Mutant, digests: Digests) -> bool:
        """Whether it is compiled to something else than the source and those in front of it."""
        line = (mutant.file, mutant.line)
        with self._locks[line]:
            (own,) = self._digests([mutant], digests)
            if own == "":
                return False
            mutants = self._lines[line]
            return own not in self._digests(mutants[: mutants.index(mutant)], digests)

    def _digests(self, mutants: list[Mutant], digests: Digests) -> list[str]:
        missing = [each for each in mutants if each.id not in self._known]
        if missing:
            found = dict(zip((m.id for m in missing), digests(missing), strict=True))
            with self._writing, self._path.open("a") as file:
                self._known |= found
                file.write(json.dumps(found) + "\n")
        return [self._known[each.id] for each in mutants]
