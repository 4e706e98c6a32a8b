"""Where RAM does not hold two modules, the old one goes first; what then fails is made good."""

import pytest

from pytest_embedded_hotreload.api import Device, HotReloadHTTPError, Module, Variant
from scenarios.bench import Bench, HookCall, module_with

#: longer than the default
TIMEOUT_MS = 1500
UNLOAD_FIRST = {
    "CONFIG_HOTRELOAD_UNLOAD_FIRST": "y",
    "CONFIG_HOTRELOAD_UNLOAD_TIMEOUT_MS": str(TIMEOUT_MS),
    "CONFIG_HOTRELOAD_CONFIRM_MS": "3600000",
}

pytestmark = [pytest.mark.observed, pytest.mark.firmware(config=UNLOAD_FIRST)]


def refused(device: Device, module: Module) -> HotReloadHTTPError:
    with pytest.raises(HotReloadHTTPError) as error:
        device.client.upload_and_reload(module)
    return error.value


def most_of_the_memory(device: Device) -> int:
    """Bytes of data that fit once, but not twice, also when the heap has several regions."""
    return device.probe.heaps().data_largest * 9 // 10


def more_than_is_free(device: Device) -> int:
    """Bytes of data that do not fit; so few more that nobody can tell before they are needed."""
    return device.probe.heaps().data_free + 8 * 1024


def test_module_that_fits_only_without_the_old_one(
    device: Device, bench: Bench, variant: Variant
) -> None:
    size = most_of_the_memory(device)

    device.client.upload_and_reload(module_with(variant, 43, size))
    assert device.probe.call("answer") == 43
    device.client.upload_and_reload(module_with(variant, 44, size))
    assert device.probe.call("answer") == 44


@pytest.mark.firmware(config={})
def test_without_unloading_first_it_does_not_fit(
    device: Device, bench: Bench, variant: Variant
) -> None:
    size = most_of_the_memory(device)
    device.client.upload_and_reload(module_with(variant, 43, size))

    error = refused(device, module_with(variant, 44, size))

    assert (error.status, error.name) == (507, "ESP_ERR_NO_MEM")
    assert device.probe.call("answer") == 43


def test_order_of_a_replacement(device: Device, bench: Bench, variant: Variant) -> None:
    bench.register_hook("pre")
    bench.register_hook("post")
    bench.listen()
    module = variant("answer_43")
    mark = device.trace.mark()

    device.client.upload_and_reload(module)

    events = [event.name for event in device.trace.since(mark)]
    assert events[events.index("hook_enter") :] == [
        *("hook_enter", "hook_leave", "switch", "retire", "free"),
        *("place", "place", "relocate", "resolve", "store", "switch"),
        *("hook_enter", "hook_leave", "done"),
    ]
    assert bench.hook_calls() == [HookCall("pre", "a", 0, 42), HookCall("post", "a", 0, 43)]
    assert bench.events("switched module=2") == [
        f"updated size={len(module.data)}",
        "switched module=0 previous=1 answer=0",
        "retired module=1",
        f"staged module=2 size={len(module.data)}",
        "switched module=2 previous=0 answer=43",
    ]


def test_calls_during_a_replacement_return_0(
    device: Device, bench: Bench, variant: Variant
) -> None:
    """They never jump into the module that is gone, nor to address 0, and do not fill the log."""
    modules = [variant("answer_43"), variant()]
    bench.start_caller()
    bench.stop_caller()
    device.client.upload_and_reload(modules[1])
    before = bench.allocated()
    bench.start_caller()

    for i in range(10):
        device.client.upload_and_reload(modules[i % 2])

    seen = bench.stop_caller()
    assert seen.calls > 0
    assert (seen.wrong, seen.null_entries) == (0, 0)
    assert device.probe.call("answer") == 42
    assert bench.allocated().more_than(before) == {}
    lines = [line.text for line in device.console.lines if "no module is loaded" in line.text]
    assert len(lines) <= 10 + 10
    assert all("(it is being replaced)" in line for line in lines)


def test_module_that_does_not_fit_gives_way_to_the_one_before(
    device: Device, bench: Bench, variant: Variant
) -> None:
    too_large = module_with(variant, 43, more_than_is_free(device))
    device.client.upload_and_reload(variant())
    bench.register_hook("pre")
    bench.register_hook("post")
    before = bench.allocated()

    error = refused(device, too_large)

    assert (error.status, error.name) == (507, "ESP_ERR_NO_MEM")
    assert device.probe.call("answer") == 42
    assert bench.allocated().more_than(before) == {}
    status = device.client.status()
    assert (status["module"], status["last_error"] and status["last_error"]["error"]) == (
        3,
        "ESP_ERR_NO_MEM",
    )
    assert bench.hook_calls() == [HookCall("pre", "a", 0, 42), HookCall("post", "a", 0, 42)]
    device.console.wait_line("another module in flash is used: module 3")


def test_update_that_did_not_fit_is_forgotten(
    device: Device, bench: Bench, variant: Variant
) -> None:
    """The next start does not meet it, and the next update is not written over what works."""
    too_large = module_with(variant, 43, more_than_is_free(device))

    for _ in range(3):
        assert refused(device, too_large).name == "ESP_ERR_NO_MEM"
        assert device.probe.call("answer") == 42
    assert device.client.status()["pending"] is None
    device.reset()

    assert device.probe.call("answer") == 42


def test_nothing_left_to_load(device: Device, bench: Bench, variant: Variant) -> None:
    """The device goes on without a module, says so, and takes the next one."""
    device.erase_partition("hotreload")
    assert bench.load_from_ram(variant().data) == "ESP_OK"
    too_large = module_with(variant, 43, more_than_is_free(device))
    bench.register_hook("pre")
    bench.register_hook("post")

    assert bench.load_from_ram(too_large.data) == "ESP_ERR_NO_MEM"

    assert device.probe.call("answer") == 0
    assert bench.hook_calls() == [HookCall("pre", "a", 0, 42), HookCall("post", "a", 0, 0)]
    assert device.client.status()["loaded"] is False
    device.console.wait_line("no other module can be loaded: HOTRELOAD_ERR_NO_MODULE")
    device.console.wait_line(r"no module is loaded \(the one that was to replace it failed to load")
    device.client.upload_and_reload(variant("answer_43"))
    assert device.probe.call("answer") == 43


def test_refused_module_does_not_unload(device: Device, bench: Bench, variant: Variant) -> None:
    bench.register_hook("pre")
    mark = device.trace.mark()

    error = refused(device, variant("missing_symbol", allow_undefined=True))
    assert error.name == "HOTRELOAD_ERR_SYMBOL_UNDEFINED"
    broken = variant("answer_43").data[:-300]
    assert bench.load_from_ram(broken) != "ESP_OK"

    assert device.probe.call("answer") == 42
    assert bench.hook_calls() == []
    assert not {event.name for event in device.trace.since(mark)} & {"switch", "retire", "free"}


def test_task_that_stays_inside_keeps_the_old_module(
    device: Device, bench: Bench, variant: Variant
) -> None:
    bench.register_hook("pre")
    bench.register_hook("post")
    bench.enter_module()

    error = refused(device, variant("answer_43"))

    assert (error.status, error.name) == (409, "HOTRELOAD_ERR_TASK_INSIDE")
    asked = device.trace.wait("request", op="reload")
    ended = device.trace.wait("error", op="reload")
    waited = ended.microseconds - asked.microseconds
    assert TIMEOUT_MS * 1000 <= waited < 4 * TIMEOUT_MS * 1000
    assert device.probe.call("answer") == 42
    assert device.client.status()["module"] == 1
    assert bench.hook_calls() == [HookCall("pre", "a", 0, 42), HookCall("post", "a", 0, 42)]

    bench.leave_module()
    device.client.reload()
    assert device.probe.call("answer") == 43


def test_module_cannot_unload_itself(device: Device, bench: Bench, variant: Variant) -> None:
    device.client.upload(variant("answer_43"))
    mark = device.trace.mark()

    assert bench.reload_from_inside() == "HOTRELOAD_ERR_CALLER_INSIDE"

    assert device.probe.call("answer") == 42
    assert "switch" not in {event.name for event in device.trace.since(mark)}
    device.client.reload()
    assert device.probe.call("answer") == 43
