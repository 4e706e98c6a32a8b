"""Pre hooks run while the old module works, post hooks when the new one does; none on failure."""

import pytest

from pytest_embedded_hotreload.api import Device, HotReloadHTTPError, Variant
from scenarios.bench import Bench, HookCall

pytestmark = pytest.mark.reload


def hooks_called(bench: Bench) -> list[tuple[str, str, int]]:
    """The hooks that ran, as (kind, hook, context)."""
    return [(call.kind, call.hook, call.context) for call in bench.hook_calls()]


def test_order_of_a_reload(device: Device, bench: Bench, variant: Variant) -> None:
    bench.register_hook("pre")
    bench.register_hook("post")
    mark = device.trace.mark()

    device.client.upload_and_reload(variant("answer_43"))

    device.trace.wait("free")
    events = [event.name for event in device.trace.since(mark)]
    events.remove("free")  # before `done` or behind it
    assert events[events.index("relocate") :] == [
        "relocate",
        "resolve",
        "store",  # its start is marked before any of its code can run
        "hook_enter",
        "hook_leave",
        "switch",
        "retire",
        "hook_enter",
        "hook_leave",
        "done",
    ]
    entered = [event["kind"] for event in device.trace.since(mark) if event.name == "hook_enter"]
    assert entered == ["pre", "post"]


def test_old_module_in_pre_hook_and_new_one_in_post_hook(
    device: Device, bench: Bench, variant: Variant
) -> None:
    bench.register_hook("pre")
    bench.register_hook("post")

    device.client.upload_and_reload(variant("answer_43"))
    device.client.upload_and_reload(variant("changed_constant"))

    assert bench.hook_calls() == [
        HookCall("pre", "a", 0, 42),
        HookCall("post", "a", 0, 43),
        HookCall("pre", "a", 0, 43),
        HookCall("post", "a", 0, 1234567),
    ]


def test_pre_hooks_in_reverse_and_post_hooks_in_order(
    device: Device, bench: Bench, variant: Variant
) -> None:
    for kind in ("pre", "post"):
        bench.register_hook(kind, "a", context=1)
        bench.register_hook(kind, "b", context=2)
        bench.register_hook(kind, "a", context=3)

    device.client.upload_and_reload(variant("answer_43"))

    assert hooks_called(bench) == [
        ("pre", "a", 3),
        ("pre", "b", 2),
        ("pre", "a", 1),
        ("post", "a", 1),
        ("post", "b", 2),
        ("post", "a", 3),
    ]


def test_trace_names_function_and_context(device: Device, bench: Bench, variant: Variant) -> None:
    pre = bench.register_hook("pre", "b", context=5)
    post = bench.register_hook("post", "a", context=6)
    mark = device.trace.mark()

    device.client.upload_and_reload(variant("answer_43"))

    for name in ("hook_enter", "hook_leave"):
        events = [event for event in device.trace.since(mark) if event.name == name]
        assert [(event["fn"], event["ctx"]) for event in events] == [
            (pre.fn, pre.ctx),
            (post.fn, post.ctx),
        ]


def test_same_hook_and_context_counts_once(device: Device, bench: Bench, variant: Variant) -> None:
    for _ in range(3):
        bench.register_hook("pre", "a", context=1)
        bench.register_hook("post", "b", context=2)
    bench.register_hook("pre", "a", context=2)

    device.client.upload_and_reload(variant("answer_43"))

    assert hooks_called(bench) == [("pre", "a", 2), ("pre", "a", 1), ("post", "b", 2)]


@pytest.mark.parametrize("cleared, left", [("pre", "post"), ("post", "pre")])
def test_null_removes_all_of_one_kind(
    device: Device, bench: Bench, variant: Variant, cleared: str, left: str
) -> None:
    for kind in ("pre", "post"):
        bench.register_hook(kind, "a", context=1)
        bench.register_hook(kind, "b", context=1)

    assert bench.clear_hooks(cleared) == "ESP_OK"
    device.client.upload_and_reload(variant("answer_43"))
    assert {call.kind for call in bench.hook_calls()} == {left}

    # a hook can be registered again afterwards
    bench.register_hook(cleared, "b", context=7)
    device.client.reload()
    assert hooks_called(bench).count((cleared, "b", 7)) == 1


@pytest.mark.parametrize("kind", ["pre", "post"])
def test_single_hook_is_removed(device: Device, bench: Bench, variant: Variant, kind: str) -> None:
    for context in (1, 2, 3):
        bench.register_hook(kind, "a", context=context)

    assert bench.remove_hook(kind, "a", context=2) == "ESP_OK"
    assert bench.remove_hook(kind, "a", context=2) == "ESP_ERR_NOT_FOUND"
    device.client.upload_and_reload(variant("answer_43"))

    order = [(kind, "a", 1), (kind, "a", 3)]
    assert hooks_called(bench) == (order[::-1] if kind == "pre" else order)


def test_hook_that_is_removed_while_it_runs(device: Device, bench: Bench, variant: Variant) -> None:
    """The other task's call returns when the hook has ended, and it does not run as a post hook."""
    bench.register_slow_hook()

    device.client.upload_and_reload(variant("answer_43"))

    assert hooks_called(bench) == [("slow", "s", 0)]
    assert bench.slow_hook_ended_first()


@pytest.mark.parametrize("kind", ["pre", "post"])
def test_function_of_the_module_is_no_hook(
    device: Device, bench: Bench, variant: Variant, kind: str
) -> None:
    assert bench.register_hook_in_module(kind) == "HOTRELOAD_ERR_HOOK_IN_MODULE"
    device.console.wait_line(f"the {kind} hook at 0x[0-9a-f]+ is a function of a module")

    for name in ("answer_43", "answer_43"):
        device.client.upload_and_reload(variant(name))

    assert device.probe.call("answer") == 43


def assert_no_hook_ran(device: Device, bench: Bench, mark: int) -> None:
    assert bench.hook_calls() == []
    events = {event.name for event in device.trace.since(mark)}
    assert not events & {"hook_enter", "hook_leave", "switch", "retire", "free"}
    assert device.probe.call("answer") == 42


def test_no_hook_when_a_reload_fails(device: Device, bench: Bench, variant: Variant) -> None:
    # stored while no module is loaded: what the firmware calls is then known at the reload only
    assert bench.unload() == "ESP_OK"
    assert bench.update(variant("missing_export", base=False).data) == "ESP_OK"
    assert bench.load_from_ram(variant().data) == "ESP_OK"
    bench.register_hook("pre")
    bench.register_hook("post")
    mark = device.trace.mark()

    with pytest.raises(HotReloadHTTPError) as refused:
        device.client.reload()

    assert refused.value.name == "HOTRELOAD_ERR_SYMBOL_MISSING"
    assert_no_hook_ran(device, bench, mark)


def test_no_hook_when_an_upload_is_refused(device: Device, bench: Bench, variant: Variant) -> None:
    bench.register_hook("pre")
    bench.register_hook("post")
    mark = device.trace.mark()

    with pytest.raises(HotReloadHTTPError) as refused:
        device.client.upload_and_reload(variant("missing_symbol", allow_undefined=True))

    assert refused.value.name == "HOTRELOAD_ERR_SYMBOL_UNDEFINED"
    assert_no_hook_ran(device, bench, mark)


def test_no_hook_when_the_image_from_ram_is_broken(
    device: Device, bench: Bench, variant: Variant
) -> None:
    bench.register_hook("pre")
    bench.register_hook("post")
    mark = device.trace.mark()

    assert bench.load_from_ram(variant("answer_43").data[:-300]) != "ESP_OK"

    assert_no_hook_ran(device, bench, mark)


def test_upload_and_unload_run_no_hook(device: Device, bench: Bench, variant: Variant) -> None:
    bench.register_hook("pre")
    bench.register_hook("post")

    device.client.upload(variant("answer_43"))
    assert bench.unload() == "ESP_OK"

    assert hooks_called(bench) == []


def test_load_runs_no_hook_and_reload_runs_them_in_pairs(device: Device, bench: Bench) -> None:
    bench.register_hook("pre")
    bench.register_hook("post")

    assert bench.unload() == "ESP_OK"
    assert bench.load() == "ESP_OK"
    assert bench.hook_calls() == []

    # with no module loaded there is none to take leave of, and what a pre hook calls returns 0
    assert bench.unload() == "ESP_OK"
    assert bench.reload() == "ESP_OK"
    assert bench.hook_calls() == [HookCall("pre", "a", 0, 0), HookCall("post", "a", 0, 42)]


def test_load_from_ram_runs_the_hooks(device: Device, bench: Bench, variant: Variant) -> None:
    bench.register_hook("pre", context=1)
    bench.register_hook("post", context=2)

    assert bench.load_from_ram(variant("answer_43").data) == "ESP_OK"

    assert bench.hook_calls() == [HookCall("pre", "a", 1, 42), HookCall("post", "a", 2, 43)]


def test_every_reload_runs_each_hook_once(device: Device, bench: Bench, variant: Variant) -> None:
    bench.register_hook("pre", context=1)
    bench.register_hook("post", context=2)
    device.client.upload(variant("answer_43"))

    for _ in range(5):
        device.client.reload()

    assert hooks_called(bench) == [("pre", "a", 1), ("post", "a", 2)] * 5


def test_old_memory_is_freed_after_the_post_hooks(
    device: Device, bench: Bench, variant: Variant
) -> None:
    bench.register_hook("post")
    old = device.placement()
    mark = device.trace.mark()

    device.client.upload_and_reload(variant("answer_43"))

    device.trace.wait("free")
    events = device.trace.since(mark)
    freed = [event for event in events if event.name == "free"]
    assert [(event["text"], event["data"]) for event in freed] == [
        (old.text.address, old.data.address)
    ]
    last_hook = max(event.sequence for event in events if event.name == "hook_leave")
    assert freed[0].sequence > last_hook
