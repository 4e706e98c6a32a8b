"""What a load costs, beside what it cannot do without.

That is to copy the bytes that come to lie in RAM, and to store one word for each relocation and for
each function that the firmware calls: a loop of the compiler, on the same board.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter

import pytest

from benchmarks.plugin import Compare
from benchmarks.results import Comparison
from pytest_embedded_hotreload.api import Device, Lane, Module, Variant
from pytest_embedded_hotreload.dynamic import DynamicTable
from scenarios.bench import Bench
from scenarios.load_modules import (
    DIGITS,
    Point,
    code,
    constants,
    firmwares,
    functions,
    literals,
    loaded,
    objects,
    pointers,
    quiet,
    slopes,
    static,
    symbols,
)


@dataclass(frozen=True)
class Kind:
    """Modules that have more and more of one thing."""

    unit: str
    source: Callable[..., str]
    counts: tuple[int, ...]
    content: Callable[[Module], bytes] = attrgetter("data")
    digits: int = DIGITS


KINDS = (
    Kind("a byte of text", code, (1_000, 10_000, 80_000)),
    Kind("a byte of data", constants, (1_000, 10_000, 80_000)),
    Kind("a relocation in data", pointers, (100, 1_000, 10_000)),
    Kind("a relocation in text", literals, (100, 1_000, 10_000)),
    Kind("a relocation of an address of the firmware", firmwares, (100, 1_000, 10_000)),
    Kind("a relocation with a symbol", symbols, (100, 1_000, 10_000)),
    Kind("a static relocation", objects, (100, 1_000, 10_000), static),
    Kind("a function that the firmware calls", functions, (10, 100, 1_000)),
    Kind("a function with a name of 32 characters", functions, (10, 100, 1_000), digits=25),
    Kind("a function with a name of 64 characters", functions, (10, 100, 1_000), digits=57),
)


@quiet
@pytest.mark.icount
def bench_load(compare: Compare, rounds: int, device: Device, lane: Lane, variant: Variant) -> None:
    bench = Bench(device)
    one_more = compare("one more", "instructions")
    modules = compare("whole modules, loaded from RAM", "instructions", "units")
    for _ in range(rounds):
        for kind in KINDS:
            add(one_more, modules, kind, list(points(bench, lane, variant, kind)))


def add(one_more: Comparison, modules: Comparison, kind: Kind, found: list[dict[str, int]]) -> None:
    for count, ways in zip(kind.counts, found, strict=True):
        for way, instructions in ways.items():
            modules.add(kind.unit.partition(" ")[2], way, instructions, count)
    for way in found[0]:
        line = [Point(n, ways[way]) for n, ways in zip(kind.counts, found, strict=True)]
        one_more.add(kind.unit, way, slopes(line)[-1])


def points(bench: Bench, lane: Lane, variant: Variant, kind: Kind) -> Iterator[dict[str, int]]:
    """Instructions of each way, for each size."""
    for count in kind.counts:
        exports, digits = (count, (kind.digits,)) if kind.source is functions else (1, ())
        module = variant(
            text=kind.source(count, *digits), base=False, name=f"{kind.source.__name__}_{count}"
        )
        cost = bench.cost(kind.content(module), exports, *digits)
        assert (cost.error, cost.wrong) == ("ESP_OK", 0)
        words = len(list(DynamicTable(module.data).relocations())) + exports
        floor = bench.copy_cycles(copied(module), words)
        yield {
            "the loader": lane.instructions(cost.cycles),
            "copy and store": lane.instructions(floor),
        }


def copied(module: Module) -> int:
    """The bytes that come to lie in RAM."""
    return sum(segment["p_filesz"] for segment in loaded(module))
