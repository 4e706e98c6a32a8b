"""A module's constructors run before anyone calls it, its destructors once, when nobody does."""

import re

import pytest

from pytest_embedded_hotreload.api import Device, HotReloadHTTPError, Module, Variant, functions_run
from scenarios.bench import Bench

pytestmark = pytest.mark.reload

TRACED = re.compile(
    r"HR \d+ \d+ (?P<event>store|switch|retire|free|hook_enter|done)\b"
    r"(?:.* op=(?P<op>\w+)|.* kind=(?P<kind>\w+))?(?:.*\bmodule=(?P<module>\d+))?"
)
NOTED = re.compile(r"scenarios: noted (?P<what>.*) in (?P<task>\S+) \(stack (?P<stack>\d+)\)")

BEGUN = ["begin first", "begin second"]
ENDED = ["exit first", "exit last", "end first, nothing held", "end last"]

#: the one that the component makes for destructors
COMPONENT_TASK = "hotreload"


def named(variant: Variant, name: str, answer: int) -> Module:
    return variant("constructors", cflags=[f'-DNAME="{name}"', f"-DANSWER={answer}"])


def said_by(name: str, what: list[str]) -> list[str]:
    return [f"{name} {line}" for line in what]


def story(device: Device, start: int, end: str) -> list[str]:
    """What was noted and traced from line `start` on, up to the line with `end`."""
    last, _ = device.console.wait_line(end, start)
    told = []
    for line in device.console.lines[start : last + 1]:
        noted = NOTED.search(line.text)
        traced = TRACED.search(line.text)
        if noted:
            told.append(noted["what"])
        elif traced:
            what = traced["kind"] or (traced["op"] if traced["event"] == "store" else "")
            told.append(" ".join(filter(None, [traced["event"], what, traced["module"]])))
    return told


def ended(device: Device, start: int) -> list[str]:
    """What module 2, which is called old, had to say at its end.

    Without a module one of its destructors has asked for a load, and got it.
    """
    told = story(device, start, " free module=2")
    return [line for line in told if line in (*said_by("old", ENDED), "free 2")]


def tasks(device: Device, start: int, name: str) -> set[str]:
    """The tasks in which something that starts with `name` was noted from line `start` on."""
    found = (NOTED.search(line.text) for line in device.console.lines[start:])
    return {noted["task"] for noted in found if noted and noted["what"].startswith(name)}


def position(device: Device) -> int:
    return len(device.console.lines)


def test_order_of_a_reload(device: Device, bench: Bench, variant: Variant) -> None:
    """Everything that one module has to say, and then all of the next one."""
    device.client.upload_and_reload(named(variant, "old", 43))
    assert device.probe.call("answer") == 43
    bench.register_hook("pre")
    bench.register_hook("post")
    device.client.upload(named(variant, "new", 44))
    start = position(device)

    device.client.reload()

    assert story(device, start, " free module=2") == [
        *("store start", *said_by("new", BEGUN)),  # a start is counted before any of its code runs
        *("hook_enter pre", "switch 3", "retire 2", "hook_enter post", "done 3"),
        *(*said_by("old", ENDED), "free 2"),
    ]
    assert device.probe.call("answer") == 44
    (reloading,) = tasks(device, start, "new")
    # who is inside is not known of a core that does not stop in time: it is done a little later
    assert tasks(device, start, "old") in ({reloading}, {"hotreload"})
    assert "esp_timer" not in reloading


def test_functions_are_those_of_the_oracle(device: Device, variant: Variant) -> None:
    module = variant("objects")
    mark = device.trace.mark()
    device.client.upload_and_reload(module)
    constructors, destructors = functions_run(module.data, device.placement())
    device.client.reload()
    device.trace.wait("free", module=2)

    events = device.trace.since(mark)
    ran = {
        name: [event["fn"] for event in events if event.name == name and event["module"] == 2]
        for name in ("construct", "destruct")
    }
    assert ran == {"construct": constructors, "destruct": destructors}
    assert constructors and destructors


def test_no_leak(device: Device, bench: Bench, variant: Variant) -> None:
    """What constructors take from the heap, and what atexit() does, comes back."""
    modules = [named(variant, "one", 43), variant("objects")]
    for module in modules:
        device.client.upload_and_reload(module)
    before = bench.allocated()

    for _ in range(3):
        for module in modules:
            device.client.upload_and_reload(module)

    assert bench.allocated().more_than(before, connections=6) == {}


def test_refused_module_is_unmade(device: Device, bench: Bench, variant: Variant) -> None:
    """Its destructors run, those of the module that stays do not."""
    device.client.upload_and_reload(named(variant, "old", 43))
    bench.hand_over("refuse")
    device.client.upload(named(variant, "new", 44))
    start = position(device)

    with pytest.raises(HotReloadHTTPError):
        device.client.reload()

    assert story(device, start, " free module=3") == [
        *("store start", *said_by("new", BEGUN)),
        *("hook_enter handover", "retire 3", "hook_enter post", *said_by("new", ENDED), "free 3"),
    ]
    assert device.probe.call("answer") == 43


def test_unload(device: Device, bench: Bench, variant: Variant) -> None:
    device.client.upload_and_reload(named(variant, "old", 43))
    start = position(device)

    assert bench.unload() == "ESP_OK"

    assert ended(device, start) == [*said_by("old", ENDED), "free 2"]


@pytest.mark.parametrize("way", ["replaced", "unloaded"])
def test_with_a_task_inside(device: Device, bench: Bench, variant: Variant, way: str) -> None:
    """Once, when that has left, in a task of the component."""
    device.client.upload_and_reload(named(variant, "old", 43))
    bench.visit(0, "queue", depth=2)
    start = position(device)
    if way == "replaced":
        device.client.upload_and_reload(variant("answer_43"))
    else:
        assert bench.unload() == "ESP_OK"
    assert tasks(device, start, "old") == set()

    assert bench.leave(0).result == 43

    assert ended(device, start) == [*said_by("old", ENDED), "free 2"]
    assert tasks(device, start, "old end") == {COMPONENT_TASK}


def test_asked_for_from_inside(device: Device, bench: Bench, variant: Variant) -> None:
    """The task that reloads is itself inside: it does not run them."""
    device.client.upload_and_reload(named(variant, "old", 43))
    device.client.upload(variant("answer_43"))
    start = position(device)

    bench.visit(0, "reload", depth=1)
    bench.leave(0)

    story(device, start, " free module=2")
    assert tasks(device, start, "old") == {COMPONENT_TASK}


def test_objects_of_cxx(device: Device, variant: Variant) -> None:
    """Virtual functions, static objects, one that is made at the first call; made and unmade."""
    start = position(device)
    device.client.upload_and_reload(variant("objects"))
    assert [device.probe.call("answer") for _ in range(2)] == [43, 43]
    device.client.upload_and_reload(variant("answer_43"))

    told = story(device, start, " free module=2")
    shown = ("switch 2", "free 2")
    assert [line for line in told if line.endswith((" made", " gone")) or line in shown] == [
        *("first made", "last made", "switch 2", "once made"),
        *("once gone", "last gone", "first gone", "free 2"),
    ]


@pytest.mark.needs("libstdc++")
@pytest.mark.firmware(config={"CONFIG_SCENARIO_CXX_LIBRARY": "y"})
def test_objects_of_the_cxx_library(device: Device, bench: Bench) -> None:
    """Static strings with their characters in the heap, one of them made at the first call."""
    text = "a text that is longer than sixteen characters"
    assert device.probe.call("text_length") == len(f"{text}, made once")
    start = position(device)

    device.client.reload()

    assert f"{text} goes" in story(device, start, " free module=1")
    assert device.probe.call("text_length") == len(f"{text}, made once")


CRASHES = """
#include <stdlib.h>
#include "module_api.h"
__attribute__((constructor)) static void begin(void) { abort(); }
"""


@pytest.mark.needs("soft-reset")
def test_constructor_that_crashes_counts_as_a_start(device: Device, variant: Variant) -> None:
    device.client.upload(variant(text=CRASHES))

    with device.crashing(3):
        device.reset()

    assert device.probe.call("answer") == 42
    (passed,) = device.client.status()["passed_over"]
    assert passed["error"] == "HOTRELOAD_ERR_YIELDED"
