"""What is drawn of a test: bars in lanes, lines through all of them, and the modules in memory.

The load's events say when a phase has ended. Their lines come to the host in bursts, so that within
one operation the device's own clock tells how long each phase took.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pytest_embedded_hotreload.timeline import Moment

#: modules that a map of the memory shows, the newest ones
MODULES = 8

_TRACE = re.compile(r"HR (\d+) (\d+) ([a-z_]+)(.*)")
_PLACE = re.compile(r"place module=(\d+) .*\bkind=(\w+) .*\bsize=(\d+) .*\baddr=(0x[0-9a-f]+)")
_FIELD = re.compile(r"\b(\w+)=(\S+)")
#: events that end an operation
_ENDS = ("done", "error", "abort")


@dataclass
class Bar:
    """Something that took time, in seconds; `lane` is as the reader sees it."""

    lane: str
    at: float
    seconds: float
    text: str
    failed: bool = False
    #: an operation, with its phases in front of it
    whole: bool = False
    device: int = 0


@dataclass
class Line:
    """An instant that divides a device's life; `kind` is `switch`, `crash` or `power`."""

    at: float
    kind: str
    text: str
    device: int = 0


@dataclass
class Place:
    """A segment of a module in the device's memory."""

    module: int
    kind: str
    address: int
    size: int
    #: `placed`, `running`, `retired` or `freed`
    state: str = "placed"
    device: int = 0


@dataclass
class Picture:
    """All that is drawn of one test."""

    bars: list[Bar] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    memory: list[Place] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """As plain values; what is as usual is left out."""
        return {
            kind: [{k: v for k, v in asdict(one).items() if v} for one in drawn]
            for kind, drawn in vars(self).items()
        }


@dataclass(frozen=True)
class _Event:
    at: float
    sequence: int
    #: of the device's clock
    clock: float
    name: str
    text: str
    fields: dict[str, str]


def draw(timeline: Sequence[Moment], failed: bool = False) -> Picture:
    """The picture of a timeline; the memory of one that `failed` as the crash left it."""
    picture = Picture()
    for device in sorted({moment.device for moment in timeline}):
        moments = [moment for moment in timeline if moment.device == device]
        crashes = [moment.at for moment in moments if moment.kind == "crash"]
        events = list(_events(moments))
        picture.bars += [bar for m in moments if (bar := _host_bar(m)) is not None]
        picture.lines += [
            Line(m.at, m.kind, m.text, device) for m in moments if m.kind in ("crash", "power")
        ]
        for operation in _operations(events):
            picture.bars += _operation_bars(operation, device)
            picture.lines += _switches(operation, device)
        picture.memory += _memory(events, crashes[-1] if crashes and failed else None, device)
    return picture


def _host_bar(moment: Moment) -> Bar | None:
    """What the test did."""
    if moment.kind == "flash":
        return Bar("flash", moment.at, moment.seconds, moment.text, device=moment.device)
    if moment.kind != "http":
        return None
    lane = "calls" if " /probe/call?" in moment.text else "requests"
    failed = re.search(r" -> (\d+) ", moment.text) is None
    return Bar(lane, moment.at, moment.seconds, moment.text, failed, device=moment.device)


def _events(moments: Sequence[Moment]) -> Iterator[_Event]:
    for moment in moments:
        found = _TRACE.match(moment.text) if moment.kind == "trace" else None
        if found is not None:
            yield _Event(
                moment.at,
                int(found[1]),
                int(found[2]) / 1e6,
                found[3],
                f"{found[3]}{found[4]}",
                dict(_FIELD.findall(found[4])),
            )


def _operations(events: Sequence[_Event]) -> Iterator[list[_Event]]:
    """What belongs together: from a request to its end, or to where the trace breaks off."""
    operation: list[_Event] = []
    for event in events:
        if event.name == "request" or (operation and event.sequence == 1):
            if operation:
                yield operation
            operation = []
        if event.name == "request" or operation:
            operation.append(event)
        if event.name in _ENDS and operation:
            yield operation
            operation = []
    if operation:
        yield operation


def _begun(operation: Sequence[_Event]) -> float:
    """When the device's clock was 0."""
    return min(event.at - event.clock for event in operation)


def _switches(operation: Sequence[_Event], device: int) -> Iterator[Line]:
    for event in operation:
        if event.name == "switch":
            module = event.fields.get("module", "0")
            text = f"module {module}" if module != "0" else "no module"
            yield Line(_begun(operation) + event.clock, "switch", text, device)


def _operation_bars(operation: Sequence[_Event], device: int) -> Iterator[Bar]:
    begun = _begun(operation)
    first, last = operation[0], operation[-1]
    yield Bar(
        "load",
        begun + first.clock,
        last.clock - first.clock,
        f"{first.fields.get('op', 'load')}: {last.text if last.name in _ENDS else 'no end'}",
        failed=last.name != "done",
        whole=True,
        device=device,
    )
    for before, event in itertools.pairwise(operation):
        lane = {"hook_leave": "hooks", "store": "flash"}.get(event.name, "load")
        if event.name == "hook_enter":
            continue
        failed = event.name in (*_ENDS[1:], "fallback", "pass")
        seconds = event.clock - before.clock
        yield Bar(lane, begun + before.clock, seconds, event.text, failed, device=device)
    if last.name == "hook_enter":  # what it called has never returned
        yield Bar("hooks", begun + last.clock, 0.0, last.text, True, device=device)


def _memory(events: Sequence[_Event], until: float | None, device: int) -> list[Place]:
    """The modules since the last start, or since the last one that was before `until`."""
    places: list[Place] = []
    for event in events:
        if until is not None and event.at > until:
            break
        if event.sequence == 1:
            places = []
        if found := _PLACE.fullmatch(event.text):
            module, kind, size, address = found.groups()
            places.append(Place(int(module), kind, int(address, 16), int(size), device=device))
        for place in places:
            concerned = event.fields.get("module") == str(place.module)
            if event.name == "switch" and (concerned or place.state == "running"):
                place.state = "running" if concerned else "retired"
            elif event.name == "free" and concerned:
                place.state = "freed"
    shown = sorted({place.module for place in places})[-MODULES:]
    return [place for place in places if place.module in shown]
