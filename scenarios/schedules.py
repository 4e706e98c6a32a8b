"""Finds the moments at which a task can be stopped at each instruction of some functions, once."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, permutations
from pathlib import Path

from elftools.elf.elffile import ELFFile

from pytest_embedded_hotreload.sim.observer.lines import lines_of_component
from pytest_embedded_hotreload.sim.observer.record import Mark, Observation
from scenarios.bench import Bench, Moment, Outcome, Schedule

#: what `answer()` gives: the first module, the second one, none
OLD, NEW, NONE = 42, 43, 0
ESP_OK, ESP_ERR_INVALID_STATE = 0, 0x103

#: cycles to where the first task has not begun, and what its beginning takes at most
BEFORE, BEGINNING = 700, 120
#: cycles to where it has long ended
NEVER = 400_000
#: of an instruction: 32 ns of the virtual clock, of which a cycle takes 25
CYCLES = 32 / 25
#: the instructions (ISA manual)
RETW, RETW_N, J = 0x000090, 0xF01D, 0x06
#: cycles between the first points that are tried
STEP = 8
#: times that points nearby are tried again
RETRIES = 6
#: points of one request
BATCH = 200


@dataclass(frozen=True)
class Window:
    """From the beginning of a function to that of another one; only some cycles of it, if given."""

    begin: str
    end: str
    first: int = 0
    last: int = 0


@dataclass(frozen=True)
class Span:
    """Addresses of a function."""

    start: int
    end: int


class Symbols:
    """The functions of a firmware."""

    def __init__(self, elf: Path) -> None:
        self._lines = lines_of_component(elf)
        self._functions: dict[str, list[Span]] = {}
        with elf.open("rb") as file:
            image = ELFFile(file)
            table = image.get_section_by_name(".symtab")
            symbols = list(table.iter_symbols())  # type: ignore[union-attr]
            text = image.get_section_by_name(".text")
            assert text is not None
            self._base, self._code = text["sh_addr"], text.data()
        for symbol in symbols:
            if symbol["st_info"]["type"] == "STT_FUNC":
                start = symbol["st_value"]
                span = Span(start, start + symbol["st_size"])
                self._functions.setdefault(symbol.name, []).append(span)

    def spans(self, names: Iterable[str]) -> list[Span]:
        """Functions by their names, as far as the compiler has left them; `x.c:name` for those of a
        source file."""
        found = []
        for wanted in names:
            source, _, name = wanted.rpartition(":")
            lines = [one.start for one in self._lines if one.file.endswith(f"/{source}")]
            for span in self._functions.get(name, []):
                if not source or any(span.start <= at < span.end for at in lines):
                    found.append(span)
        return found

    def address(self, name: str) -> int:
        """Where a function begins."""
        return self._functions[name][0].start

    def executed(self, spans: Sequence[Span], run: Observation) -> Counter[int]:
        """How often each instruction in `spans` was executed."""
        found: Counter[int] = Counter()
        for block in run.blocks:
            if any(span.start <= block.address < span.end for span in spans):
                for at, _ in self._instructions(block.address, block.address + block.size):
                    found[at] += block.times
        return found

    def masked(self, span: Span) -> Iterator[int]:
        """The instructions of a function with interrupts masked, as far as its own calls do that.

        Behind a return or a jump comes another branch, which still may have to unmask them.
        """
        code = list(self._instructions(span.start, span.end))
        enter, leave = self.address("vPortEnterCritical"), self.address("vPortExitCritical")
        masked = False
        for index, (at, word) in enumerate(code):
            if masked:
                yield at
            calls = (_called(*later) for later in code[index + 1 :])
            next_one = next((to for to in calls if to in (enter, leave)), None)
            if _called(at, word) == enter:
                masked = True
            elif _called(at, word) == leave:
                masked = False
            elif word & 0xFFFF == RETW_N or word == RETW or word & 0x3F == J:
                masked = next_one == leave

    def _instructions(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Address and code of each; those of two bytes have a first digit from 8 on."""
        at = start
        while at < end:
            code = self._code[at - self._base : at - self._base + 3]
            yield at, int.from_bytes(code, "little")
            at += 2 if code[0] & 15 >= 8 else 3


def _called(at: int, code: int) -> int | None:
    """Where a CALL4, CALL8 or CALL12 leads (ISA manual)."""
    if code & 15 != 5 or not code >> 4 & 3:
        return None
    offset = code >> 6
    return (at & ~3) + ((offset - (1 << 18) if offset >> 17 else offset) << 2) + 4


def unexpected(
    found: Schedule, actions: Sequence[str], loaded: bool = True
) -> dict[Outcome, tuple[Moment, int]]:
    """The outcomes that no order of the actions has, if each is done as a whole."""
    expected = set(outcomes_of(actions, loaded))
    return {outcome: first for outcome, first in found.outcomes.items() if outcome not in expected}


def outcomes_of(actions: Sequence[str], loaded: bool) -> Iterator[Outcome]:
    """Of each order: the second and the third are of one task, one after the other."""
    for order in permutations(range(len(actions))):
        if order.index(1) <= order.index(len(actions) - 1):
            state = OLD if loaded else NONE
            gave = [0, 0, 0]
            for number in order:
                gave[number], state = _step(actions[number], state)
            yield Outcome(gave[0], gave[1], gave[2], state)
            if "delete" in actions:
                yield Outcome(0, gave[1], gave[2], state)  # before it has given anything


def _step(action: str, state: int) -> tuple[int, int]:
    """What an action gives, and `answer()` after it."""
    if action == "call":
        return state, state
    if action == "unload":
        return (ESP_OK if state != NONE else ESP_ERR_INVALID_STATE), NONE
    return ESP_OK, NEW


def windows(wanted: Iterable[Window], symbols: Symbols, marks: Sequence[Mark]) -> Iterator[range]:
    """The points in cycles, by when the functions have begun in the last run."""
    began = max(i for i, m in enumerate(marks) if m.address == symbols.address("observed_begin"))
    first = {
        mark.address: round((mark.instructions - marks[began].instructions) * CYCLES)
        for mark in reversed(marks[began:])
    }
    for window in wanted:
        begin, end = (first[symbols.address(name)] for name in (window.begin, window.end))
        if window.first:
            end = min(end, begin + window.first)
        if window.last:
            begin = max(begin, end - window.last)
        yield range(BEFORE + begin, BEFORE + BEGINNING + end)


@dataclass
class Exploration:
    """Stops a task at moments that it chooses by what the moments before have shown."""

    bench: Bench
    modules: Sequence[bytes]
    actions: Sequence[str]
    loaded: bool
    spans: Sequence[Span]
    stopped: dict[int, int] = field(default_factory=dict)
    instructions: set[int] = field(default_factory=set)
    schedules: int = 0

    def measure(
        self, symbols: Symbols, observe: Callable[[], Sequence[Observation]]
    ) -> tuple[set[int], Sequence[Mark]]:
        """Have it run unstopped: which instructions of the functions it executes where it can be
        stopped, and when functions have begun."""
        counts = []
        for first in ("nothing", "nothing", self.actions[0]):
            actions = (first, *self.actions[1:])
            self.bench.schedule(self.modules, actions, [Moment(NEVER)], self.loaded)
            counts.append(symbols.executed(self.spans, observe()[-1]))
        before, without, behind = counts
        executed = {at for at in behind if behind[at] - without[at] > without[at] - before[at]}
        masked = {at for span in self.spans for at in symbols.masked(span)}
        return executed - masked, observe()[-1].marks

    def run(self, points: Iterable[int]) -> None:
        """Stop it at these, and look at what comes of it."""
        wanted = list(dict.fromkeys(points))
        for start in range(0, len(wanted), BATCH):
            moments = [Moment(at) for at in wanted[start : start + BATCH]]
            found = self.bench.schedule(self.modules, self.actions, moments, self.loaded)
            self.stopped |= {moment.at: pc for moment, pc in found.stopped.items()}
            self.instructions |= set(found.stopped.values())
            self.schedules += len(moments)
            assert not unexpected(found, self.actions, self.loaded)

    def explore(self, window: range) -> None:
        """Everywhere in the functions, as far as they run in the window.

        Between two points with the same instruction there is none: interrupts were masked.
        """
        self.run([*window[::STEP], window[-1]])
        while points := list(self._between(window)):
            self.run(points)

    def retry(self, wanted: set[int]) -> set[int]:
        """Around points nearby, again: the beginning of a cycle is now earlier, now later in an
        instruction. Which instructions of the wanted ones are left."""
        for _ in range(RETRIES):
            missing = wanted - self.instructions
            points = [at for at, pc in self.stopped.items() for m in missing if abs(pc - m) < 12]
            if not points:
                break
            self.run(at + by for at in points for by in range(-2, 3))
        return wanted - self.instructions

    def _between(self, window: range) -> Iterator[int]:
        known = sorted(at for at in self.stopped if at in window)
        for a, b in pairwise(known):
            differ = self.stopped[a] != self.stopped[b]
            if b - a > 1 and differ and (self._is_wanted(a) or self._is_wanted(b)):
                yield (a + b) // 2

    def _is_wanted(self, at: int) -> bool:
        return any(span.start <= self.stopped[at] < span.end for span in self.spans)
