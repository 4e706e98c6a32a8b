"""Which mutants do something of their own, by the code that they compile to."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from ci.mutation.mutants import Mutant

#: of each mutant of a line its code, in this order; "": it does not compile, or to the same
Digests = Callable[[list[Mutant]], Iterable[str]]


class Distinct:
    """Of the mutants of a line that compile to the same, the first; kept in a file."""

    def __init__(self, mutants: Iterable[Mutant], path: Path) -> None:
        self._lines: dict[tuple[str, int], list[Mutant]] = {}
        for mutant in mutants:
            self._lines.setdefault((mutant.file, mutant.line), []).append(mutant)
        self._locks = {line: threading.Lock() for line in self._lines}
        self._writing = threading.Lock()
        self._path = path
        self._known: dict[str, set[str]] = {}
        if path.exists():
            for text in path.read_text().splitlines():
                read = json.loads(text)
                self._known[read["line"]] = {*read["ids"]}

    def is_one(self, mutant: Mutant, digests: Digests) -> bool:
        """Whether it is compiled to something else than the source and those in front of it."""
        line = (mutant.file, mutant.line)
        mutants = self._lines[line]
        key = hashlib.sha256("".join(each.id for each in mutants).encode()).hexdigest()[:16]
        with self._locks[line]:
            if key not in self._known:
                seen: dict[str, str] = {}
                for each, digest in zip(mutants, digests(mutants), strict=True):
                    if digest:
                        seen.setdefault(digest, each.id)
                self._keep(key, list(seen.values()))
            return mutant.id in self._known[key]

    def _keep(self, key: str, ids: list[str]) -> None:
        self._known[key] = {*ids}
        with self._writing, self._path.open("a") as file:
            file.write(json.dumps({"line": key, "ids": ids}) + "\n")
