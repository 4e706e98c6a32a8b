"""Where a module lies in the device's memory, as the trace reports it."""

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_embedded_hotreload.errors import ConditionNotMet
from pytest_embedded_hotreload.trace import TraceEvent


@dataclass(frozen=True)
class Segment:
    """One segment: linked for `link`, running at `address`."""

    index: int
    kind: str
    link: int
    size: int
    file_size: int
    address: int


@dataclass(frozen=True)
class Placement:
    """The segments of one loaded module."""

    module: int
    segments: tuple[Segment, ...]

    @property
    def text(self) -> Segment:
        """The segment that holds the code."""
        return self._only("text")

    @property
    def data(self) -> Segment:
        """The segment that holds everything else."""
        return self._only("data")

    def _only(self, kind: str) -> Segment:
        found = [segment for segment in self.segments if segment.kind == kind]
        if len(found) != 1:
            raise ConditionNotMet(f"module {self.module} has {len(found)} {kind} segments")
        return found[0]


def current_placement(events: Sequence[TraceEvent]) -> Placement:
    """The placement of the module that calls reach, from all events so far."""
    boot = events[-1].boot if events else 0
    events = [event for event in events if event.boot == boot]
    switches = [event.number("module") for event in events if event.name == "switch"]
    if not switches or switches[-1] == 0:
        raise ConditionNotMet("the device has no module loaded")
    return _placement(
        switches[-1], [e for e in events if e.matches("place", {"module": switches[-1]})]
    )


def placements(events: Sequence[TraceEvent]) -> list[Placement]:
    """All that was placed, in any boot."""
    found: dict[tuple[int, int], list[TraceEvent]] = {}
    for event in events:
        if event.name == "place":
            found.setdefault((event.boot, event.number("module")), []).append(event)
    return [_placement(number, placed) for (_, number), placed in found.items()]


def _placement(module: int, events: Sequence[TraceEvent]) -> Placement:
    return Placement(
        module,
        tuple(
            Segment(
                index=event.number("seg"),
                kind=str(event["kind"]),
                link=event.number("link"),
                size=event.number("size"),
                file_size=event.number("filesz"),
                address=event.number("addr"),
            )
            for event in events
        ),
    )
