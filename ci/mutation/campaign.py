"""One run: mutants are tried, several at the same time, until there are no more or time is over."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from ci.mutation.distinct import Distinct
from ci.mutation.mutants import Mutant
from ci.mutation.results import KILLED, Outcome, Result, Results


class Worker(Protocol):
    """Tries one mutant at a time."""

    def digests(self, mutants: list[Mutant]) -> Iterable[str]:
        """See `distinct`; of one file."""

    def try_mutant(self, mutant: Mutant, first: list[str]) -> Outcome:
        """By its tests, `first` in front of the others."""

    def close(self) -> None:
        """End what was begun."""


@dataclass
class Campaign:
    """What is tried, and what came of it."""

    queue: list[Mutant]
    distinct: Distinct
    results: Results
    state: str  #: see `Result.tests`
    at_most: int | None = None
    again: bool = False  #: also what has survived these very tests
    tried: list[Result] = field(default_factory=list)
    untried: list[Mutant] = field(default_factory=list)
    _next: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _kills: dict[str, Counter[str]] = field(default_factory=dict)

    def run(
        self, begin: Callable[[str], Worker], jobs: int, end: float, say: Callable[[str], None]
    ) -> None:
        """With `jobs` workers, which `begin` makes, until `end` (of time.monotonic())."""
        for result in self.results.of.values():
            self._count(result)

        def work(name: str) -> None:
            worker = begin(name)
            while time.monotonic() < end and (mutant := self._take()) is not None:
                self._try(mutant, worker, say)
            worker.close()

        threads = [threading.Thread(target=work, args=(str(i),)) for i in range(jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.untried = self.queue[self._next :]

    def _take(self) -> Mutant | None:
        with self._lock:
            if self._next == len(self.queue):
                return None
            if self.at_most is not None and len(self.tried) >= self.at_most:
                return None
            self._next += 1
            return self.queue[self._next - 1]

    def _try(self, mutant: Mutant, worker: Worker, say: Callable[[str], None]) -> None:
        known = self.results.of.get(mutant.id)
        if known and (
            known.outcome.kind == KILLED or (known.tests == self.state and not self.again)
        ):
            with self._lock:
                self.tried.append(known)
            return
        if not self.distinct.is_one(mutant, worker.digests):
            return
        result = Result(mutant, worker.try_mutant(mutant, self._first(mutant)), self.state)
        self.results.add(result)
        with self._lock:
            self.tried.append(result)
            self._count(result)
        outcome = result.outcome
        say(f"{outcome.kind:8} {outcome.seconds:5.1f} s  {mutant}")
        if outcome.kind != KILLED and outcome.message:
            say(f"{'':18}{outcome.test.rpartition('/')[2]} {outcome.message}")

    def _count(self, result: Result) -> None:
        if result.outcome.kind == KILLED:
            test = result.outcome.test.partition("[")[0]
            self._kills.setdefault(_place(result.mutant), Counter())[test] += 1

    def _first(self, mutant: Mutant) -> list[str]:
        """What has noticed most mutants of the function so far."""
        return [test for test, _ in self._kills.get(_place(mutant), Counter()).most_common(3)]


def _place(mutant: Mutant) -> str:
    return f"{mutant.file} {mutant.function}"
