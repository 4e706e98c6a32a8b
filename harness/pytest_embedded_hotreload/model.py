"""What is in a device's flash and what runs, as a small state machine.

A random walk does the same to this model and to a device, and they have to agree after each step.
The rules are those of the component's README ("The flash partition"), written down a second time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

SLOTS = 2
#: starts that a module may end without being confirmed (CONFIG_HOTRELOAD_TRIAL_STARTS)
TRIAL_STARTS = 3
#: how often a mark can be taken back for each written slot
UNDOS = 3


class Kind(Enum):
    """What becomes of a module."""

    WORKS = "works"
    CRASHES = "crashes the device at its start"
    HANGS = "keeps the device from starting"
    LARGE = "is complete and fits no heap"
    REFUSED = "is refused by its first bytes"
    REFUSED_LATE = "is refused when all of it has arrived"


class End(Enum):
    """How a boot ended."""

    POWER = "power"
    RESET = "reset"
    RESTART = "esp_restart()"
    CRASH = "crash in the module"


class Mark(Enum):
    """What is known of the last start that was marked in a slot."""

    COUNTS = "counts"
    RUNS = "is not over"
    LEFT = "was left for another module"


@dataclass(frozen=True)
class Body:
    """What is uploaded; `error` is what it is refused with, by an upload or by a load."""

    name: str
    elf: bytes
    kind: Kind = Kind.WORKS
    answer: int = 0
    error: str = ""


@dataclass
class Slot:
    """A module in flash."""

    body: Body
    age: int
    starts: int = 0
    confirmed: bool = False
    bad: bool = False
    undone: int = 0
    mark: Mark = Mark.COUNTS

    @property
    def counted(self) -> int:
        """The starts that count against it."""
        return self.starts - (self.mark is not Mark.COUNTS)

    @property
    def state(self) -> str:
        """As `/status` names it."""
        if self.bad:
            return "bad"
        if self.confirmed:
            return "confirmed"
        return "yielded" if self.counted >= TRIAL_STARTS else "written"


@dataclass
class Model:
    """A device whose partition was flashed with `flashed`, which has run since and is unproven."""

    slots: list[Slot | None] = field(default_factory=lambda: [None] * SLOTS)
    running: Body | None = None
    origin: Slot | None = None
    age: int = 0
    #: whether a module was confirmed since the firmware was flashed
    confirmed_once: bool = False

    def newest_first(self) -> list[Slot]:
        """The modules in flash."""
        return sorted((slot for slot in self.slots if slot), key=lambda slot: -slot.age)

    def states(self) -> list[tuple[str, int]]:
        """State and starts of each slot with a module, the newest first."""
        return [(slot.state, slot.starts) for slot in self.newest_first()]

    # uploads

    def upload(self, body: Body) -> str:
        """Write a module; the name of the error, or ""."""
        if body.kind is Kind.REFUSED:
            return body.error
        if body.kind is Kind.REFUSED_LATE:
            self.slots[self._victim()] = None  # what was there is erased by then
            return body.error
        self.age += 1
        self.slots[self._victim()] = Slot(body, self.age)
        return ""

    def _last_confirmed(self) -> Slot | None:
        return next((s for s in self.newest_first() if s.state == "confirmed"), None)

    def _victim(self) -> int:
        last_confirmed = self._last_confirmed()

        def worth(index: int) -> tuple[int, int]:
            slot = self.slots[index]
            if slot is None:
                return 0, -index
            if slot.state == "written":
                return 3, -slot.age
            if slot is last_confirmed:
                return 5, slot.age
            return {"bad": 1, "yielded": 2, "confirmed": 4}[slot.state], slot.age

        return min(range(SLOTS), key=worth)

    # loads

    def reload(self) -> str:
        """Take the newest; the one that runs goes on when that fails."""
        for slot in self._takeable():
            if slot.body.kind is not Kind.LARGE:
                self._take(slot)
                return ""
            if self.running is not None:
                return slot.body.error
        return self._nothing_to_take()

    def unload(self) -> str:
        """No module runs any more."""
        if self.running is None:
            return "ESP_ERR_INVALID_STATE"
        self._leave()
        self.running = self.origin = None
        return ""

    def confirm(self) -> str:
        """What runs is proven, if it is still in flash."""
        if self.running is None:
            return "ESP_ERR_INVALID_STATE"
        if not any(self.origin is slot for slot in self.slots):
            return "HOTRELOAD_ERR_STORE"
        assert self.origin is not None
        self.origin.confirmed = True
        self.confirmed_once = True
        return ""

    def rollback(self) -> str:
        """What runs, or else the newest, is bad; the next one is taken."""
        slots = self.newest_first()
        given_up = next((slot for slot in slots if slot is self.origin), None)
        if self.running is None:
            given_up = next(iter(self._takeable()), None)
        others = [slot for slot in self._takeable() if slot is not given_up]
        loadable = [slot for slot in others if slot.body.kind is not Kind.LARGE]
        if not others or (given_up is not None and given_up is self._last_confirmed()):
            return "HOTRELOAD_ERR_NO_MODULE"
        if self.running is not None and others[0].body.kind is Kind.LARGE:
            return others[0].body.error
        if not loadable:
            return "HOTRELOAD_ERR_NO_MODULE"
        if given_up:
            given_up.bad = True
        self._take(loadable[0])
        return ""

    def retry(self) -> str:
        """The newest that was given up or gave way is unproven again."""
        for slot in self.newest_first():
            if slot.state in ("bad", "yielded"):
                if slot.undone == UNDOS:
                    return "HOTRELOAD_ERR_UNDO_USED_UP"
                slot.undone += 1
                slot.starts, slot.bad, slot.confirmed = 0, False, False
                slot.mark = Mark.COUNTS
                return ""
        return "HOTRELOAD_ERR_NOTHING_TO_UNDO"

    # starts

    def start(self, end: End) -> Iterator[Body | None]:
        """What the device takes after a boot that ended so; each one that hangs or crashes is
        followed by the next start, a hang by a power cut."""
        while True:
            self._judge(end)
            self.running = self.origin = None
            for slot in self._takeable():
                if slot.body.kind is not Kind.LARGE:
                    self._take(slot)
                    break
            yield self.running
            if self.running is None or self.running.kind is Kind.WORKS:
                return
            end = End.CRASH if self.running.kind is Kind.CRASHES else End.POWER

    def _judge(self, end: End) -> None:
        for slot in filter(None, self.slots):
            kept = {
                End.POWER: (),
                End.RESET: (Mark.LEFT,),
                End.RESTART: (Mark.LEFT, Mark.RUNS),
                End.CRASH: (),  # a task may still have been in one that was left
            }[end]
            if slot.mark not in kept:
                slot.mark = Mark.COUNTS

    # what the above has in common

    def _takeable(self) -> Sequence[Slot]:
        return [slot for slot in self.newest_first() if slot.state in ("written", "confirmed")]

    def _take(self, slot: Slot) -> None:
        if self.origin is not slot:
            self._leave()
        if not slot.confirmed:
            slot.starts += slot.mark is Mark.COUNTS
            slot.mark = Mark.RUNS
        self.running, self.origin = slot.body, slot

    def _leave(self) -> None:
        if self.origin is not None and self.origin.mark is Mark.RUNS:
            self.origin.mark = Mark.LEFT

    def _nothing_to_take(self) -> str:
        """What is wrong with the newest one."""
        newest = next(iter(self.newest_first()), None)
        if newest is None:
            return "HOTRELOAD_ERR_NO_MODULE"
        wrong = {"bad": "HOTRELOAD_ERR_MARKED_BAD", "yielded": "HOTRELOAD_ERR_YIELDED"}
        return wrong.get(newest.state, newest.body.error)
