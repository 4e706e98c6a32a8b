"""What happened in a test, in order, for the report."""

import time
from dataclasses import dataclass, field

from harness.console import Console


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

    def add(self, kind: str, text: str) -> None:
        """Something happened just now."""
        self.moments.append(Moment(time.monotonic(), kind, text))

    def add_exchange(self, request: str, answer: str, seconds: float) -> None:
        """A request was answered just now."""
        self.add("http", f"{request} -> {answer} ({seconds * 1000:.0f} ms)")

    def ordered(self) -> list[Moment]:
        """Everything by time, in seconds since the first of it."""
        moments = list(self.moments)
        for console in self.consoles:
            for line in console.lines:
                kind = "trace" if line.text.startswith("HR ") else "console"
                moments.append(Moment(line.at, kind, line.text))
        moments.sort(key=lambda moment: moment.at)
        return [Moment(m.at - moments[0].at, m.kind, m.text) for m in moments]
