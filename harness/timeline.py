"""What happened in a test, in order, for the report."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from harness.console import Console
from harness.watch import Watch


@dataclass(frozen=True)
class Moment:
    """Something that happened; `kind` is `console`, `trace`, `http` or `power`."""

    at: float
    kind: str
    text: str


@dataclass
class Timeline:
    """The console lines of the devices of one test, and what the test did to them."""

    moments: list[Moment] = field(default_factory=list)
    consoles: list[Console] = field(default_factory=list)
    watches: list[Watch] = field(default_factory=list)
    #: puts names to the addresses in a line of the trace or in an answer, as they were then
    annotate: Callable[[str, float], str] = lambda line, at: line

    def add(self, kind: str, text: str) -> None:
        """Something happened just now."""
        self.moments.append(Moment(time.monotonic(), kind, text))

    def add_exchange(self, request: str, answer: str, seconds: float) -> None:
        """A request was answered just now."""
        self.add("http", f"{request} -> {answer} ({seconds * 1000:.0f} ms)")

    def ordered(self) -> list[Moment]:
        """Everything by time, in seconds since the first of it."""
        moments = [Moment(m.at, m.kind, self.annotate(m.text, m.at)) for m in self.moments]
        for console in self.consoles:
            for line in console.lines:
                if line.text.startswith("HR "):
                    moments.append(Moment(line.at, "trace", self.annotate(line.text, line.at)))
                else:
                    moments.append(Moment(line.at, "console", line.text))
        moments.sort(key=lambda moment: moment.at)
        return [Moment(m.at - moments[0].at, m.kind, m.text) for m in moments]
