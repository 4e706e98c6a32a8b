"""What happened in a test, in order, for the report."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pytest_embedded_hotreload.console import Console
from pytest_embedded_hotreload.watch import Watch


@dataclass(frozen=True)
class Moment:
    """Something that happened, from `at` on for `seconds`; `device` counts from 0.

    `kind` is `console`, `trace`, `http`, `flash`, `power` or `crash`.
    """

    at: float
    kind: str
    text: str
    seconds: float = 0.0
    device: int = 0


@dataclass
class Timeline:
    """The console lines of the devices of one test, and what the test did to them."""

    moments: list[Moment] = field(default_factory=list)
    consoles: list[Console] = field(default_factory=list)
    watches: list[Watch] = field(default_factory=list)
    #: puts names to the addresses in a line of the trace or in an answer, as they were then
    annotate: Callable[[str, float], str] = lambda line, at: line

    def add(self, kind: str, text: str, seconds: float = 0.0, device: int = 0) -> None:
        """Something has come to its end just now."""
        self.moments.append(Moment(time.monotonic() - seconds, kind, text, seconds, device))

    def add_exchange(self, device: int, request: str, answer: str, seconds: float) -> None:
        """A request was answered just now, or given up."""
        self.add("http", f"{request} -> {answer} ({seconds * 1000:.0f} ms)", seconds, device)

    def ordered(self) -> list[Moment]:
        """Everything by time, in seconds since the first of it."""
        moments = [replace(m, text=self.annotate(m.text, m.at)) for m in self.moments]
        for device, console in enumerate(self.consoles):
            for line in console.lines:
                traced = line.complete and line.text.startswith("HR ")
                kind = "trace" if traced else "console"
                text = self.annotate(line.text, line.at) if traced else line.text
                moments.append(Moment(line.at, kind, text, device=device))
        for device, watch in enumerate(self.watches):
            moments += [
                Moment(crash.at, "crash", crash.headline, device=device) for crash in watch.ends
            ]
        moments.sort(key=lambda moment: moment.at)
        return [replace(moment, at=moment.at - moments[0].at) for moment in moments]
