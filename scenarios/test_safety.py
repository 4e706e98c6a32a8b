"""A reload is safe at any moment: no call executes freed code, whoever is inside the module."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_embedded_hotreload.api import Device, Lane, TraceEvent, Variant
from scenarios.bench import Bench, Soak, Visit

#: freed memory is overwritten: who still executes it crashes at once
POISONED = {"CONFIG_HEAP_POISONING_COMPREHENSIVE": "y"}
#: 1,000 reloads in seconds: nothing is printed, and tasks get their turn more often
QUICK = {"CONFIG_HOTRELOAD_TRACE": "n", "CONFIG_FREERTOS_HZ": "1000"}

README = Path(__file__).parents[1] / "component" / "hotreload" / "README.md"
#: the smallest frame, and a larger one
FRAMES = ["sig_nothing", "sig_color"]

pytestmark = pytest.mark.firmware(config=POISONED)


def freed(device: Device, mark: int) -> list[int]:
    """The modules that were freed since, in order."""
    return [int(event["module"]) for event in device.trace.since(mark) if event.name == "free"]


def names(events: list[TraceEvent]) -> list[str]:
    return [event.name for event in events]


@pytest.mark.parametrize("depth", [0, 1, 20])
@pytest.mark.parametrize("stay", ["queue", "delay", "compute"])
def test_a_task_inside_goes_on_in_the_old_module(
    device: Device, bench: Bench, variant: Variant, stay: str, depth: int
) -> None:
    new = variant("answer_43")
    old = device.placement()
    image = [device.memory.read(seg.address, seg.size) for seg in old.segments]
    bench.visit(0, stay, depth)
    mark = device.trace.mark()

    device.client.upload_and_reload(new)

    assert device.probe.call("answer") == 43  # new calls go to the new module
    assert names(device.trace.since(mark))[-3:] == ["switch", "retire", "done"]
    assert [device.memory.read(seg.address, seg.size) for seg in old.segments] == image
    assert bench.leave(0) == Visit(42)
    device.trace.wait("free", module=1)
    assert device.probe.call("answer") == 43


def test_the_last_one_to_leave_frees_the_memory(
    device: Device, bench: Bench, variant: Variant
) -> None:
    for slot, stay in enumerate(["queue", "compute", "delay", "queue", "compute", "delay"]):
        bench.visit(slot, stay, depth=3 * slot)
    mark = device.trace.mark()

    device.client.upload_and_reload(variant("answer_43"))

    for slot in (4, 0, 2, 5, 1):
        assert bench.leave(slot).result == 42
        assert device.probe.call("answer") == 43
    assert freed(device, mark) == []
    assert bench.leave(3).result == 42
    device.trace.wait("free", module=1)


def test_unload_while_a_task_is_inside(device: Device, bench: Bench) -> None:
    bench.visit(0, "queue", depth=2)
    mark = device.trace.mark()

    assert bench.unload() == "ESP_OK"

    assert freed(device, mark) == []
    assert bench.leave(0).result == 42
    device.trace.wait("free", module=1)


def test_an_http_handler_calls_the_module_meanwhile(
    device: Device, bench: Bench, variant: Variant
) -> None:
    new = variant("answer_43")
    device.client.upload(new)
    bench.invite(0, "switch")
    mark = device.trace.mark()

    with ThreadPoolExecutor(1) as other:
        # the handler stays inside until the other module is loaded
        inside = other.submit(device.probe.call, "visit", 3, 0)
        device.console.wait_line("visitor 0 is inside")
        device.client.reload()

    assert inside.result() == 42
    device.trace.wait("free", module=1)
    assert names(device.trace.since(mark)).count("free") == 1
    assert device.probe.call("answer") == 43


@pytest.mark.parametrize("depth", [0, 4])
def test_asked_for_from_inside_the_module(
    device: Device, bench: Bench, variant: Variant, depth: int
) -> None:
    device.client.upload(variant("answer_43"))
    mark = device.trace.mark()

    bench.visit(0, "reload", depth)

    assert bench.leave(0) == Visit(42)
    device.trace.wait("free", module=1)
    assert names(device.trace.since(mark))[-4:] == ["switch", "retire", "done", "free"]
    assert device.probe.call("answer") == 43


def test_asked_for_from_inside_the_module_by_an_http_handler(
    device: Device, bench: Bench, variant: Variant
) -> None:
    device.client.upload(variant("answer_43"))
    bench.invite(0, "reload")

    assert device.probe.call("visit", 5, 0) == 42

    device.trace.wait("free", module=1)
    assert device.probe.call("answer") == 43


def test_asked_for_by_two_tasks_at_once_from_inside(
    device: Device, bench: Bench, variant: Variant
) -> None:
    device.client.upload(variant("answer_43"))
    bench.visit(0, "reload-slowly", depth=1)
    bench.visit(1, "reload-slowly", depth=2)
    mark = device.trace.mark()

    bench.tell_all()

    device.trace.wait("done", op="reload", module=2)
    device.trace.wait("done", op="reload", module=3)
    assert [bench.leave(slot) for slot in (0, 1)] == [Visit(42)] * 2
    device.trace.wait("free", module=1)
    assert sorted(freed(device, mark)) == [1, 2]
    assert device.probe.call("answer") == 43


def test_asked_for_from_a_hook_is_refused(device: Device, bench: Bench, variant: Variant) -> None:
    device.client.upload(variant("answer_43"))

    bench.visit(0, "reload-in-hook", depth=1)

    assert bench.leave(0) == Visit(42, "ESP_OK", "ESP_ERR_INVALID_STATE")
    device.trace.wait("free", module=1)
    assert device.probe.call("answer") == 43


def test_a_task_that_is_deleted_inside_keeps_nothing(
    device: Device, bench: Bench, variant: Variant
) -> None:
    bench.visit(0, "queue", depth=2)
    bench.visit(1, "compute", depth=2)
    mark = device.trace.mark()
    device.client.upload_and_reload(variant("answer_43"))
    bench.delete_visitor(0)
    assert device.probe.call("answer") == 43
    assert freed(device, mark) == []

    bench.delete_visitor(1)

    device.trace.wait("free", module=1)


#: in the pre hook a task is made in the module's data that ends at once: its function is the
#: kernel's, and nothing of it is inside the module but the task itself
STATIC_TASK = """
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "module_api.h"

static StaticTask_t task;
static StackType_t stack[2048];

uint32_t counter_value(void)
{
    return xTaskCreateStatic((TaskFunction_t)vTaskDelete, "short", sizeof(stack), NULL, 10, stack,
                             &task) != NULL;
}
"""


def test_ended_task_in_the_memory_of_the_module(
    device: Device, bench: Bench, variant: Variant
) -> None:
    """The idle task cleans up after it; until then the memory stays."""
    bench.carry_state()
    modules = [variant("answer_43", text=STATIC_TASK), variant(text=STATIC_TASK)]

    for number in range(6):
        device.client.upload_and_reload(modules[number % 2])

    device.trace.wait("free", module=6)
    assert device.probe.call("answer") == 42


def test_a_task_that_has_not_begun(device: Device, bench: Bench, variant: Variant) -> None:
    """The address of its function, in the module, is only in a register so far."""
    bench.plan_visit(0, "delay")
    mark = device.trace.mark()

    device.client.upload_and_reload(variant("answer_43"))

    assert freed(device, mark) == []
    assert bench.leave(0).result == 42
    device.trace.wait("free", module=1)


def test_several_generations_at_once(device: Device, bench: Bench, variant: Variant) -> None:
    assert device.client.status()["retired"] == 0
    before = bench.allocated()
    mark = device.trace.mark()
    for slot, name in enumerate(["answer_43", "changed_constant", "answer_43"]):
        bench.visit(slot, "queue", depth=slot)
        device.client.upload_and_reload(variant(name))
    assert freed(device, mark) == []
    assert device.client.status()["retired"] == 3

    for slot, answer in [(1, 43), (2, 1234567), (0, 42)]:
        assert bench.leave(slot).result == answer
        device.trace.wait("free", module=slot + 1)

    assert freed(device, mark) == [2, 3, 1]
    assert device.client.status()["retired"] == 0
    assert bench.allocated().more_than(before) == {}


@pytest.mark.timeout(180)
@pytest.mark.firmware(config=POISONED | QUICK)
def test_four_tasks_call_without_pause_through_a_thousand_replacements(
    device: Device, bench: Bench, variant: Variant
) -> None:
    other = variant("answer_43").data
    before = bench.allocated()

    soak = bench.soak(1000, [(other, 43), (variant().data, 42)], timeout=150)

    assert soak == Soak(reloads=1000, failed=0, wrong=0, fewest=soak.fewest)
    assert soak.fewest > 0
    assert bench.allocated().more_than(before) == {}
    assert device.client.status()["loads"] == 1001


@pytest.mark.timeout(300)
@pytest.mark.firmware(config=POISONED | QUICK)
@pytest.mark.parametrize(
    ("callers", "reloader"),
    [
        ("any", "any"),
        pytest.param("both", "first", marks=pytest.mark.needs("two-cores")),
        pytest.param("first", "last", marks=pytest.mark.needs("two-cores")),
        pytest.param("last", "first", marks=pytest.mark.needs("two-cores")),
    ],
)
def test_interrupts_timers_and_passing_tasks_call_it_too(
    device: Device, bench: Bench, variant: Variant, callers: str, reloader: str
) -> None:
    modules = [(variant("answer_43").data, 43), (variant().data, 42)]

    soak = bench.soak(100, modules, 250, callers=callers, reloader=reloader, guests=True)

    assert soak == Soak(reloads=100, failed=0, wrong=0, fewest=soak.fewest)
    assert soak.fewest > 0


@pytest.mark.icount
def test_what_a_stub_costs(bench: Bench, lane: Lane) -> None:
    documented = re.search(
        r"a stub adds (\d+) instructions to a call, (\d+) when",
        " ".join(README.read_text().split()),
    )
    assert documented

    costs = [bench.call_cycles(function, 1000) for function in FRAMES]

    added = [round(lane.instructions(cost.stub - cost.direct) / 1000) for cost in costs]
    assert added == [int(number) for number in documented.groups()]
