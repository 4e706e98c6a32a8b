"""The component's trace, version 1: one console line for each thing it does.

    HR <sequence> <microseconds> <event> key=value ...

The sequence counts from 1 since boot and has no gaps. A line that is broken or missing is an
error of the device or of the console, and whatever reads the trace afterwards says so.
"""

import re
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from pytest_embedded_hotreload.console import Console, ConsoleLine
from pytest_embedded_hotreload.errors import ConditionNotMet, UnknownNameError
from pytest_embedded_hotreload.sentences import nearest

VERSION = 1
EVENTS = frozenset(
    {
        *("trace", "request", "validate", "place", "relocate", "resolve", "hook_enter"),
        *(
            "hook_leave",
            "switch",
            "retire",
            "free",
            "construct",
            "destruct",
            "fallback",
            "store",
            "done",
            "error",
        ),
        *("pass", "abort"),
    }
)
WAIT_SECONDS = 20.0
#: numbers from here on are addresses
ADDRESSES = 0x10000000

_LINE = re.compile(r"HR (\d+) (\d+) ([a-z_]+)((?: [a-z_0-9]+=\S*)*)")
#: a line that is an event, or has one in it because two outputs were mixed
_SUSPECT = re.compile(r"^HR |HR \d+ \d+ [a-z]")


class TraceError(ConditionNotMet):
    """The trace is not what its format promises."""


class TraceTimeout(ConditionNotMet):
    """An event did not come."""


@dataclass(frozen=True)
class TraceEvent:
    """One event; numbers are ints, everything else is str."""

    boot: int
    sequence: int
    microseconds: int
    name: str
    fields: dict[str, int | str] = field(default_factory=dict)
    at: float = 0.0

    def __getitem__(self, key: str) -> Any:
        if key not in self.fields:
            hint = nearest(key, self.fields)
            raise UnknownNameError(f"the event {self.name} has no field {key!r}{hint}")
        return self.fields[key]

    def number(self, key: str) -> int:
        """A field that has to be a number."""
        value = self[key]
        if not isinstance(value, int):
            raise TraceError(f"{key} is no number in the event: {self}")
        return value

    def matches(self, name: str, fields: dict[str, Any]) -> bool:
        """Whether this is event `name` with at least these fields."""
        return self.name == name and all(self.fields.get(k) == v for k, v in fields.items())

    def __str__(self) -> str:
        fields = " ".join(f"{key}={_shown(value)}" for key, value in self.fields.items())
        return f"{self.sequence} {self.name} {fields}".rstrip()


class Trace:
    """The events of one device, in order, over all its boots.

    `wait` goes forward: it returns the next matching event behind the last one that a wait
    returned. `mark` and `since` cut out what happened in between.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._events: list[TraceEvent] = []
        self._boot = 0
        self._cursor = 0
        self._errors: list[str] = []
        self._torn: str | None = None
        self._restart_expected = False
        self._changed = threading.Condition()
        self._console = console
        if console is not None:
            console.follow(self.add_line)

    def add_line(self, line: ConsoleLine) -> None:
        """Take one line of the console."""
        if not line.complete or not _SUSPECT.search(line.text):
            return
        match = _LINE.fullmatch(line.text)
        with self._changed:
            if match is None or match.group(3) not in EVENTS:
                self._add_broken(line.text)
            else:
                self._add_event(line, match)
            self._changed.notify_all()

    def expect_restart(self) -> None:
        """The device is about to be reset or cut off: its last line may be torn."""
        with self._changed:
            self._restart_expected = True

    def check(self) -> None:
        """Raise `TraceError` when a line was broken or is missing."""
        self._catch_up()
        self._crashed()
        with self._changed:
            self._check()

    @property
    def events(self) -> list[TraceEvent]:
        """Everything so far."""
        return self.since(0)

    @property
    def seen(self) -> list[TraceEvent]:
        """What has been read so far, whether or not the trace is in order."""
        with self._changed:
            return list(self._events)

    @property
    def boots(self) -> int:
        """How often the trace has begun."""
        with self._changed:
            return self._boot

    @property
    def restarting(self) -> bool:
        """Whether a restart was announced that has not come yet."""
        with self._changed:
            return self._restart_expected

    def mark(self) -> int:
        """A place in the trace for `since`; later waits look behind it."""
        self._catch_up()
        self._crashed()
        with self._changed:
            self._check()
            self._cursor = len(self._events)
            return self._cursor

    def since(self, mark: int) -> list[TraceEvent]:
        """The events behind `mark`."""
        self._catch_up()
        self._crashed()
        with self._changed:
            self._check()
            return self._events[mark:]

    def wait(self, name: str, timeout: float = WAIT_SECONDS, **fields: Any) -> TraceEvent:
        """Return the next event `name` whose fields have these values."""
        if name not in EVENTS:
            raise UnknownNameError(f"the trace has no event {name!r}{nearest(name, EVENTS)}")
        deadline = time.monotonic() + self._limit(timeout)
        wanted = " ".join([name, *(f"{key}={_shown(value)}" for key, value in fields.items())])
        patient = timeout != WAIT_SECONDS
        with self._waiting(f"the event {wanted!r} in the trace", patient), self._changed:
            position = self._cursor
            while True:
                while position < len(self._events):
                    event = self._events[position]
                    position += 1
                    if event.matches(name, fields):
                        self._cursor = position
                        self._check()
                        return event
                if self._console is not None and self._console.ended():
                    break
                self._check()
                if not self._changed.wait(deadline - time.monotonic()):
                    raise TraceTimeout(self._describe_wait(wanted, timeout))
        self._crashed()
        raise TraceTimeout(f"no event {wanted!r}: the device has ended")

    def _catch_up(self) -> None:
        if self._console is not None:
            self._console.catch_up()

    def _add_event(self, line: ConsoleLine, match: re.Match[str]) -> None:
        sequence, microseconds, name, rest = match.groups()
        pairs = (pair.partition("=") for pair in rest.split())
        event = TraceEvent(
            boot=self._boot + (int(sequence) == 1),
            sequence=int(sequence),
            microseconds=int(microseconds),
            name=name,
            fields={key: _value(text) for key, _, text in pairs},
            at=line.at,
        )
        if event.sequence == 1:
            self._begin_boot(event, line.text)
        else:
            self._keep_torn()
            previous = self._events[-1].sequence if self._events else 0
            if event.sequence != previous + 1:
                self._errors.append(f"sequence goes from {previous} to {event.sequence}")
        self._events.append(event)

    def _begin_boot(self, event: TraceEvent, text: str) -> None:
        if not event.matches("trace", {"version": VERSION}):
            self._errors.append(f"the trace begins with: {text}")
        if not self._restart_expected:
            self._keep_torn()
        self._torn = None
        self._restart_expected = False
        self._boot = event.boot

    def _add_broken(self, text: str) -> None:
        self._keep_torn()
        self._torn = text

    def _keep_torn(self) -> None:
        """A broken line is an error unless a restart that we caused comes next."""
        if self._torn is not None:
            self._errors.append(f"broken line: {self._torn}")
            self._torn = None

    def _check(self) -> None:
        if self._torn is not None and not self._restart_expected:
            self._keep_torn()
        if self._errors:
            raise TraceError("the trace is broken: " + "; ".join(self._errors))

    def wake(self) -> None:
        """Make what waits look whether the device still is what it waits for."""
        with self._changed:
            self._changed.notify_all()

    def _crashed(self) -> None:
        if self._console is not None:
            self._console.check()

    def _limit(self, seconds: float) -> float:
        return seconds if self._console is None else self._console.limit(seconds)

    def _waiting(self, what: str, patient: bool) -> AbstractContextManager[None]:
        if self._console is None:
            return nullcontext()
        return self._console.waiting(what, patient, WAIT_SECONDS)

    def _describe_wait(self, wanted: str, timeout: float) -> str:
        seen = "\n  ".join(str(event) for event in self._events[-12:]) or "nothing"
        return f"no event {wanted!r} within {timeout:g} s; the trace ends with\n  {seen}"


def _shown(value: object) -> object:
    """Addresses as everywhere else in hexadecimal."""
    return f"{value:#x}" if isinstance(value, int) and value >= ADDRESSES else value


class Address(int):
    """A number that is hexadecimal wherever it is shown."""

    def __repr__(self) -> str:
        return f"{int(self):#010x}"

    __str__ = __repr__


def _value(text: str) -> int | str:
    try:
        return Address(text, 16) if text.startswith("0x") else int(text, 0)
    except ValueError:
        return text
