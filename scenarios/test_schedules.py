"""Wherever a task is stopped in a stub, a switch or queueing an old module, all goes well."""

import os
import random
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass

import pytest
from _pytest.mark import ParameterSet

from pytest_embedded_hotreload.api import Device, Variant
from pytest_embedded_hotreload.sim.observer.record import Observation
from scenarios.bench import Bench, Moment
from scenarios.schedules import (
    BEFORE,
    NEVER,
    Exploration,
    Symbols,
    Window,
    unexpected,
    windows,
)

CONFIG = {
    "CONFIG_SCENARIO_SCHEDULES": "y",
    "CONFIG_HOTRELOAD_TRACE": "n",
    "CONFIG_FREERTOS_HZ": "1000",
    # who executes freed memory crashes at once
    "CONFIG_HEAP_POISONING_COMPREHENSIVE": "y",
}
pytestmark = [
    pytest.mark.needs("observer"),
    pytest.mark.observed,
    pytest.mark.icount,
    pytest.mark.firmware("scenarios/firmware", config=CONFIG),
]

STUB = ("answer",)
UNLOADED_STUB = ("hotreload_unloaded_stub",)
SWITCH = ("hr_current_switch", "switch_to")
RETIRE = (
    "hr_retire_free",
    *(f"hr_retire.c:{name}" for name in ("exchange", "take_left", "is_left", "let_go", "finish")),
    *("hr_retire.c:are_objects_gone", "hr_retire.c:free_resting", "hr_retire.c:start_reaper"),
)
#: where they run, in cycles from the beginning of a function to that of another
CALL = (Window("observed_begin", "observed_end", first=400),)
CALL_OF_NONE = (
    Window("observed_begin", "observed_end", first=400),
    Window("observed_begin", "observed_end", last=300),
)
SWITCHES = (
    Window("hr_current_switch", "hr_event_switched"),
    Window("hr_event_switched", "hr_trial_run", last=300),
)
RETIRES = (
    Window("hr_retire_free", "hr_module_free", first=1000),
    Window("hr_retire_free", "hr_module_free", last=500),
    Window("hr_module_free", "observed_end", last=1500),
)


@dataclass(frozen=True)
class Experiment:
    """What two tasks do, and in which functions the first one is stopped."""

    actions: tuple[str, str]
    functions: tuple[str, ...]
    windows: tuple[Window, ...]
    loaded: bool = True


EXPERIMENTS = {
    "call-replace": Experiment(("call", "replace"), STUB, CALL),
    "call-unload": Experiment(("call", "unload"), STUB, CALL),
    "call-delete": Experiment(("call", "delete"), STUB, CALL),
    "call-load": Experiment(("call", "replace"), UNLOADED_STUB, CALL_OF_NONE, loaded=False),
    "switch-call": Experiment(("replace", "call"), SWITCH, SWITCHES),
    "switch-unload": Experiment(("replace", "unload"), SWITCH, SWITCHES),
    "retire-call": Experiment(("replace", "call"), RETIRE, RETIRES),
    "retire-replace": Experiment(("replace", "replace"), RETIRE, RETIRES),
    "retire-unload": Experiment(("replace", "unload"), RETIRE, RETIRES),
}
#: what a change is worth
QUICK = {"call-replace", "switch-call"}

#: the first of the seeds
SEED = int(os.environ.get("HOTRELOAD_SCHEDULE_SEED", "0"))
SEEDS = range(SEED, SEED + 10)
#: cycles that an action takes at most
LENGTH = {"call": 250, "replace": 140_000, "unload": 60_000}
#: schedules of one seed, and with how many sets of actions
SCHEDULES, SETS = 60, 4


def mostly_nightly(names: Iterable[str | int], quick: Container[str | int]) -> list[ParameterSet]:
    """All of them, of which those that are not quick are left to the night."""
    return [
        pytest.param(name, marks=[] if name in quick else [pytest.mark.nightly], id=str(name))
        for name in names
    ]


@pytest.fixture
def modules(variant: Variant) -> list[bytes]:
    """The first one and the second one."""
    return [variant().data, variant("answer_43").data]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", mostly_nightly(EXPERIMENTS, QUICK))
def test_each_instruction(
    device: Device,
    bench: Bench,
    modules: list[bytes],
    observations: Callable[[], list[Observation]],
    figure: Callable[[str], None],
    name: str,
) -> None:
    experiment = EXPERIMENTS[name]
    symbols = Symbols(device.firmware.elf)
    spans = symbols.spans(experiment.functions)
    before = bench.allocated()
    exploration = Exploration(bench, modules, experiment.actions, experiment.loaded, spans)

    wanted, marks = exploration.measure(symbols, observations)
    for window in windows(experiment.windows, symbols, marks):
        exploration.explore(window)
    missing = exploration.retry(wanted)

    assert wanted & exploration.instructions
    assert bench.allocated().more_than(before) == {}
    figure(
        f"{name}: stopped at {len(wanted - missing)} of {len(wanted)} instructions by "
        f"{exploration.schedules} schedules"
    )


@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", mostly_nightly(SEEDS, {SEED}))
def test_two_stops_at_random(device: Device, bench: Bench, modules: list[bytes], seed: int) -> None:
    dice = random.Random(seed)
    before = bench.allocated()
    for _ in range(SETS):
        actions = [dice.choice(list(LENGTH)) for _ in range(3)]
        moments = [
            Moment(BEFORE + dice.randrange(LENGTH[actions[0]]), 300 + dice.randrange(100_000))
            for _ in range(SCHEDULES // SETS)
        ]

        found = bench.schedule(modules, actions, moments)

        wrong = unexpected(found, actions)
        assert not wrong, f"HOTRELOAD_SCHEDULE_SEED={seed} repeats it: {actions}: {wrong}"
    assert bench.allocated().more_than(before) == {}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", mostly_nightly(SEEDS, {SEED}))
def test_walk_over_stacks_stopped_at_random(
    device: Device,
    bench: Bench,
    modules: list[bytes],
    observations: Callable[[], list[Observation]],
    seed: int,
) -> None:
    dice = random.Random(seed)
    actions = ("replace", dice.choice(["call", "replace", "unload"]))
    bench.schedule(modules, actions, [Moment(NEVER)])
    marks = observations()[-1].marks
    walk = Window("hr_retire_free", "observed_end")
    (window,) = windows([walk], Symbols(device.firmware.elf), marks)

    found = bench.schedule(modules, actions, [Moment(at) for at in dice.sample(window, SCHEDULES)])

    wrong = unexpected(found, actions)
    assert not wrong, f"HOTRELOAD_SCHEDULE_SEED={seed} repeats it: {actions}: {wrong}"
