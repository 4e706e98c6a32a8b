"""What a load costs: instructions in proportion to the module, RAM for it and little more."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from operator import attrgetter

import pytest

from benchmarks.bench_calls import CALLS, SIGNATURES
from benchmarks.kept import Kept
from pytest_embedded_hotreload.api import Device, Lane, Module, Variant
from scenarios.bench import Bench, LoadCost
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

#: how much more a unit may cost in a larger module
GROWTH = 1.2
#: RAM of a loaded module beyond its segments, heap overhead included
EXTRA_RAM = 512
EXTRA_RAM_PER_EXPORT = 4

Figure = Callable[[str], None]
#: what a module is as the build makes it
LINKED = attrgetter("data")


@pytest.fixture
def load_cost(bench: Bench) -> "LoadCostOf":
    """Load a module that has to work, and leave nothing behind."""

    def load(elf: bytes, exports: int = 1, digits: int = DIGITS) -> LoadCost:
        cost = bench.cost(elf, exports, digits)
        assert cost.error == "ESP_OK"
        assert cost.wrong == 0
        assert (cost.exec_left, cost.data_left) == (0, 0)
        return cost

    return load


LoadCostOf = Callable[..., LoadCost]


def assert_linear(points: Sequence[Point]) -> None:
    """Neither the next unit nor the average one costs more in a larger module."""
    for small, large in pairwise(slopes(points)):
        assert large <= GROWTH * small, f"from {small:.1f} to {large:.1f} a unit: {points}"
    for small, large in pairwise([point.instructions / point.units for point in points]):
        assert large <= GROWTH * small, f"from {small:.1f} to {large:.1f} a unit: {points}"


@quiet
@pytest.mark.icount
@pytest.mark.parametrize(
    ("source", "content", "told"),
    [
        (pointers, LINKED, "a relocation in data"),
        (literals, LINKED, "a relocation in text"),
        (symbols, LINKED, "a relocation with a symbol"),
        (firmwares, LINKED, "a relocation of an address of the firmware"),
        (objects, static, "a static relocation"),
    ],
    ids=["data", "text", "symbol", "firmware", "static"],
)
def test_instructions_per_relocation(
    lane: Lane,
    variant: Variant,
    load_cost: LoadCostOf,
    figure: Figure,
    kept: Kept,
    source: Callable[[int], str],
    content: Callable[[Module], bytes],
    told: str,
) -> None:
    points = []
    for count in (10, 100, 1_000, 10_000):
        module = variant(text=source(count), base=False, name=f"{source.__name__}_{count}")
        points.append(Point(count, lane.instructions(load_cost(content(module)).cycles)))

    assert_linear(points)
    for count, instructions in ((p.units, p.instructions) for p in points):
        figure(f"{count} relocations: {instructions} instructions")
    figure(f"{slopes(points)[-1]:.0f} instructions: {told}")
    kept.check(told, {"instructions": slopes(points)[-1]})


@quiet
@pytest.mark.icount
@pytest.mark.parametrize(
    ("characters", "told"),
    [
        (11, "a function that the firmware calls"),
        (32, "a function with a name of 32 characters"),
        (64, "a function with a name of 64 characters"),
    ],
)
def test_instructions_per_export(
    lane: Lane,
    variant: Variant,
    load_cost: LoadCostOf,
    figure: Figure,
    kept: Kept,
    characters: int,
    told: str,
) -> None:
    points = []
    digits = characters - len("export_")
    for count in (1, 10, 100, 1_000):
        module = variant(text=functions(count, digits), base=False, name=f"functions_{count}")
        cost = load_cost(module.data, count, digits)
        points.append(Point(count, lane.instructions(cost.cycles)))

    assert_linear(points)
    for count, instructions in ((p.units, p.instructions) for p in points):
        figure(f"{count} exports of {characters} characters: {instructions} instructions")
    figure(f"{slopes(points)[-1]:.0f} instructions: {told}")
    kept.check(told, {"instructions": slopes(points)[-1]})


@quiet
@pytest.mark.icount
@pytest.mark.parametrize(
    ("source", "told"), [(constants, "a byte of data"), (code, "a byte of text")]
)
def test_instructions_per_byte(
    lane: Lane,
    variant: Variant,
    load_cost: LoadCostOf,
    figure: Figure,
    kept: Kept,
    source: Callable[[int], str],
    told: str,
) -> None:
    points = []
    for size in (1_000, 10_000, 80_000):
        module = variant(text=source(size), base=False, name=f"{source.__name__}_{size}")
        points.append(Point(size, lane.instructions(load_cost(module.data).cycles)))

    assert_linear(points)
    figure(f"{slopes(points)[-1]:.2f} instructions per byte of {source.__name__}")
    kept.check(told, {"instructions": slopes(points)[-1]})


@quiet
@pytest.mark.icount
@pytest.mark.parametrize("state", ["unproven", "confirmed"])
def test_instructions_of_a_load_from_flash(
    device: Device,
    bench: Bench,
    lane: Lane,
    variant: Variant,
    figure: Figure,
    kept: Kept,
    state: str,
) -> None:
    points = []
    for size in (1_000, 10_000, 80_000):
        module = variant(text=constants(size), name=f"base_and_constants_{size}")
        device.client.upload_and_reload(module)
        if state == "confirmed":
            device.client.confirm()
        cost = bench.cost(exports=1)
        assert (cost.error, cost.wrong, cost.exec_left, cost.data_left) == ("ESP_OK", 0, 0, 0)
        points.append(Point(size, lane.instructions(cost.cycles)))

    assert_linear(points)
    figure(f"{slopes(points)[-1]:.2f} instructions per byte of a load from flash, {state}")
    told = "a byte of the ELF when it is loaded from flash"
    told += " and confirmed" if state == "confirmed" else ""
    kept.check(told, {"instructions": slopes(points)[-1]})


@quiet
@pytest.mark.icount
def test_instructions_per_call(bench: Bench, lane: Lane, figure: Figure, kept: Kept) -> None:
    found = {}
    for case, (function, first) in SIGNATURES.items():
        cycles = bench.call_cycles(function, CALLS, first)
        found[f"{case}/stub"] = lane.instructions(cycles.stub) / CALLS
        found[f"{case}/direct"] = lane.instructions(cycles.direct) / CALLS
    more = [found[f"{case}/stub"] - found[f"{case}/direct"] for case in SIGNATURES]
    figure(f"{min(more):.0f} to {max(more):.0f} instructions more by a call through a stub")
    kept.check("a call", found)


def test_memory_of_a_loaded_module(variant: Variant, load_cost: LoadCostOf, figure: Figure) -> None:
    modules = {
        "smallest": (variant(text=functions(1), base=False, name="functions_1"), 1),
        "2,000 exports": (variant(text=functions(2_000), base=False, name="functions_2000"), 2_000),
        "5,000 relocations": (variant(text=pointers(5_000), base=False, name="pointers"), 1),
        # more does not fit the ESP32's instruction RAM: what lies in RAM of both kinds counts twice
        "40 KB of code": (variant(text=code(40_000), base=False, name="code_40000"), 1),
    }
    for name, (module, exports) in modules.items():
        cost = load_cost(module.data, exports)
        sections = sum(segment["p_memsz"] for segment in loaded(module))
        extra = cost.exec + cost.data - sections
        figure(f"RAM, {name}: {sections} bytes of sections and {extra} more")
        assert 0 <= extra <= EXTRA_RAM + EXTRA_RAM_PER_EXPORT * exports, (name, cost, sections)
