"""Hooks hand state over, exactly while callers are held, and can refuse the new module."""

import re
from collections.abc import Callable

import pytest

from pytest_embedded_hotreload.api import Device, HotReloadHTTPError, Variant
from scenarios.bench import Bench

#: three times the default
LIMIT_MS = 300
HOLD = {
    "CONFIG_HOTRELOAD_HOLD_CALLERS": "y",
    "CONFIG_HOTRELOAD_HOLD_LIMIT_MS": str(LIMIT_MS),
}
#: nothing is printed while tasks count; a tick is short, as each wait for them lasts one
COUNTING = {"CONFIG_HOTRELOAD_TRACE": "n", "CONFIG_FREERTOS_HZ": "1000"}
#: a host that is busy keeps a task in the module for as long as it likes
PATIENT = HOLD | {"CONFIG_HOTRELOAD_HOLD_LIMIT_MS": "5000"}
UNLOAD_FIRST = {"CONFIG_HOTRELOAD_UNLOAD_FIRST": "y"}

held = pytest.mark.firmware(config=HOLD)

RELOADS = 1000
#: a tick apart: more than a second
ROUNDS = 150


def test_hook_sees_both_modules_before_the_switch(
    device: Device, bench: Bench, variant: Variant
) -> None:
    bench.hand_over()

    device.client.upload_and_reload(variant("answer_43"))

    seen = bench.handover()
    assert (seen.calls, seen.new, seen.old, seen.stub, seen.unknown) == (1, 43, 42, 42, 0)
    assert (seen.outcomes, seen.outcome) == (1, "ESP_OK")
    kinds = [event["kind"] for event in device.trace.events if event.name == "hook_enter"]
    assert kinds == ["handover", "post"]


def test_hook_sees_no_old_module_when_none_was_loaded(device: Device, bench: Bench) -> None:
    bench.hand_over()
    assert bench.unload() == "ESP_OK"

    assert bench.reload() == "ESP_OK"

    seen = bench.handover()
    assert (seen.new, seen.old, seen.stub) == (42, -1, 0)


def test_refused_module_leaves_the_old_one(device: Device, bench: Bench, variant: Variant) -> None:
    bench.hand_over("refuse")
    before = bench.allocated()

    with pytest.raises(HotReloadHTTPError) as refused:
        device.client.upload_and_reload(variant("answer_43"))

    assert refused.value.name == "ESP_ERR_NOT_SUPPORTED"
    assert device.probe.call("answer") == 42
    seen = bench.handover()
    assert (seen.new, seen.old) == (43, 42)
    assert (seen.outcomes, seen.outcome) == (1, "ESP_ERR_NOT_SUPPORTED")
    assert bench.allocated().more_than(before, connections=1) == {}


@pytest.mark.firmware(config=UNLOAD_FIRST)
def test_refused_module_after_the_old_one_was_unloaded(
    device: Device, bench: Bench, variant: Variant
) -> None:
    """The newest other one in flash is used, which no hook can refuse."""
    bench.hand_over("refuse")

    with pytest.raises(HotReloadHTTPError) as refused:
        device.client.upload_and_reload(variant("answer_43"))

    assert refused.value.name == "ESP_ERR_NOT_SUPPORTED"
    assert device.probe.call("answer") == 42
    seen = bench.handover()
    assert (seen.calls, seen.new, seen.old) == (2, 42, -1)
    assert (seen.outcomes, seen.outcome) == (1, "ESP_ERR_NOT_SUPPORTED")


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "first",
    [
        pytest.param(False, id="beside", marks=pytest.mark.firmware(config=PATIENT | COUNTING)),
        pytest.param(
            True,
            id="unload-first",
            marks=pytest.mark.firmware(config=PATIENT | COUNTING | UNLOAD_FIRST),
        ),
    ],
)
def test_no_count_is_lost_while_callers_are_held(
    bench: Bench, variant: Variant, first: bool, figure: Callable[[str], None]
) -> None:
    """Four tasks count through the module without pause; hooks wait, and carry the counts."""
    modules = [variant().data, variant("answer_43").data]

    counted = bench.count_through(RELOADS, modules, timeout=250)

    assert (counted.reloads, counted.failed, counted.wrong) == (RELOADS, 0, 0), counted.last
    assert counted.fewest > RELOADS
    way = "unloading first" if first else "both in memory"
    figure(f"{RELOADS} reloads with callers held, {way}: at least {counted.fewest} counts a task")


@pytest.mark.firmware(config=COUNTING)
def test_counts_are_lost_when_callers_are_not_held(bench: Bench, variant: Variant) -> None:
    """As the README says: what is counted between a hook and the switch."""
    modules = [variant().data, variant("answer_43").data]

    counted = bench.count_through(20, modules, timeout=60)

    assert (counted.failed, counted.last) == (0, "ESP_OK")
    assert counted.wrong > 0


@held
def test_caller_that_has_a_mutex_the_hook_wants(
    device: Device, bench: Bench, variant: Variant
) -> None:
    """It is inside the module and calls it once more: nothing is held that was inside before."""
    bench.hand_over("mutex")
    bench.visit(0, "mutex", depth=3)

    device.client.upload_and_reload(variant("answer_43"))

    assert bench.handover().outcome == "ESP_OK"
    assert device.probe.call("answer") == 43
    assert bench.leave(0).result == 42


@held
def test_task_whose_loop_lies_in_the_module(device: Device, bench: Bench, variant: Variant) -> None:
    """It cannot be waited for: all go on in the old module."""
    bench.hand_over()
    bench.visit(0, "compute")

    with pytest.raises(HotReloadHTTPError) as refused:
        device.client.upload_and_reload(variant("answer_43"))

    assert refused.value.name == "HOTRELOAD_ERR_HOLD_LIMIT"
    assert f"was still inside module 1 after {LIMIT_MS} ms" in refused.value.message
    resolved = device.trace.wait("resolve", module=2)
    ended = device.trace.wait("error", op="reload")
    waited = ended.microseconds - resolved.microseconds
    # before the pre hooks and after them
    assert 2 * LIMIT_MS * 1000 <= waited < 8 * LIMIT_MS * 1000
    assert device.probe.call("answer") == 42
    seen = bench.handover()
    assert (seen.calls, seen.outcome) == (0, "HOTRELOAD_ERR_HOLD_LIMIT")
    assert bench.leave(0).result == 42

    device.client.reload()
    assert device.probe.call("answer") == 43


@held
def test_module_that_asks_for_its_replacement(
    device: Device, bench: Bench, variant: Variant
) -> None:
    """The task that reloads is inside itself, deep, and calls the module in its hooks."""
    device.client.upload(variant("answer_43"))
    bench.hand_over()
    bench.visit(0, "reload", depth=5)

    visit = bench.leave(0)

    assert (visit.error, visit.result) == ("ESP_OK", 42)
    seen = bench.handover()
    assert (seen.new, seen.old, seen.stub) == (43, 42, 42)
    assert device.probe.call("answer") == 43


@held
def test_recursion_through_the_firmware_goes_on(
    device: Device, bench: Bench, variant: Variant
) -> None:
    """A task that goes from the module into the firmware and back is inside all the while."""
    bench.visit(0, "delay", depth=20)

    with pytest.raises(HotReloadHTTPError) as refused:
        device.client.upload_and_reload(variant("answer_43"))

    assert refused.value.name == "HOTRELOAD_ERR_HOLD_LIMIT"
    assert bench.leave(0).result == 42
    device.client.reload()
    assert device.probe.call("answer") == 43


@held
def test_who_cannot_wait_is_never_held(device: Device, bench: Bench, variant: Variant) -> None:
    """An interrupt handler and others get the old module or the new one, while hooks wait."""
    bench.register_slow_hook()
    bench.start_unwaiting()
    for name in ("answer_43", "answer_43"):
        device.client.upload_and_reload(variant(name))
    calls = bench.stop_unwaiting()

    assert (calls.zeros, calls.wrong) == (0, 0)
    assert calls.calls > 10


def calls_told(device: Device) -> list[int]:
    """The lines about calls without a module: how many there were so far."""
    found = (
        re.search(r"no module is loaded \(.* (\d+) so far", o.text) for o in device.console.lines
    )
    return [int(match[1]) for match in found if match]


@pytest.mark.parametrize("when", ["before", "after"])
def test_who_cannot_log_calls_without_a_module(device: Device, bench: Bench, when: str) -> None:
    """An interrupt handler among them: 0 and no line, and the next task that calls tells how often.

    A line is due once a second: that much time passes.
    """
    if when == "before":
        device.erase_partition("hotreload")
    else:
        assert bench.unload() == "ESP_OK"
    told = calls_told(device)

    calls = bench.call_unwaiting(ROUNDS)

    assert (calls.calls, calls.zeros, calls.wrong) == (3 * ROUNDS, 3 * ROUNDS, 0)
    assert calls_told(device) == told
    assert device.probe.call("answer") == 0
    device.console.wait_line(f"no module is loaded .* {sum(told) + 3 * ROUNDS + 1} so far")


@pytest.mark.firmware(config=UNLOAD_FIRST)
def test_who_cannot_log_calls_between_two_modules(
    device: Device, bench: Bench, variant: Variant
) -> None:
    """A hook waits between the old one and the new one: there is none to call then."""
    bench.hand_over("wait")
    bench.start_unwaiting()
    for module in (variant("answer_43"), variant(), variant("answer_43")):
        device.client.upload_and_reload(module)
    calls = bench.stop_unwaiting()

    assert calls.zeros > 0
    assert calls.wrong == 0
    assert device.probe.call("answer") == 43
