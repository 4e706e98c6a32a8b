"""The events: each where the trace has the same, with its data, and lost rather than waited for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from elf_builder import TEXT, ModuleBuilder, Symbol
from host import Host, Run

PARTITION = "partition=524288,65536"
GOOD = ModuleBuilder().build()
HEADER = Path(__file__).resolve().parents[1] / "include" / "hotreload_event.h"
WITHOUT_F = ModuleBuilder(symbols=[Symbol("g", TEXT)]).build()
SIZE = f"size={len(GOOD)}"


@pytest.fixture
def start(host: Host) -> list[str]:
    """Steps to a device with a module in flash."""
    return ["names=f", PARTITION, f"raw={host.file(GOOD)}"]


def events(run: Run, step: str = "") -> list[str]:
    """The events since the first result of a step."""
    output = run.output.partition(f"\n{step}: ")[2] if step else run.output
    return [line[6:] for line in output.splitlines() if line.startswith("event ")]


def timeline(run: Run, step: str) -> list[str]:
    """Trace events, and events in capitals, since the first result of a step."""
    words = [line.split() for line in run.output.partition(f"\n{step}: ")[2].splitlines()]
    return [
        line[3] if line[0] == "HR" else line[1].upper()
        for line in words
        if line and line[0] in ("HR", "event")
    ]


def test_load(host: Host, start: list[str]) -> None:
    run = host.run(*start, "api_load")
    assert events(run) == [f"staged module=1 {SIZE}", "switched module=1 previous=0"]


@pytest.mark.parametrize("way", ["flash", "ram"])
def test_replacement(host: Host, start: list[str], way: str) -> None:
    step = "api_reload" if way == "flash" else f"api_buffer={host.file(GOOD)}"
    run = host.run(*start, "api_load", "pre=a", "post=b", step)
    assert events(run, "post") == [
        f"staged module=2 {SIZE}",
        "switched module=2 previous=1",
        "retired module=1",
    ]


def test_order_against_trace_and_hooks(host: Host, start: list[str]) -> None:
    run = host.run(*start, "api_load", "pre=a", "post=b", "api_reload")
    order = timeline(run, "post")
    assert order[order.index("resolve") :] == [
        *("resolve", "STAGED", "hook_enter", "hook_leave"),
        *("switch", "SWITCHED", "retire", "hook_enter", "hook_leave"),
        *("done", "free", "RETIRED"),
    ]


def test_unload(host: Host, start: list[str]) -> None:
    run = host.run(*start, "api_load", "api_unload")
    assert events(run, "api_load") == ["switched module=0 previous=1", "retired module=1"]
    order = timeline(run, "api_load")
    assert order == ["request", "switch", "SWITCHED", "retire", "done", "free", "RETIRED"]


@pytest.mark.parametrize("way", ["api_update=", "stream=1000,"], ids=["whole", "in pieces"])
def test_update(host: Host, start: list[str], way: str) -> None:
    run = host.run(*start, "api_load", f"{way}{host.file(GOOD)}")
    assert events(run, "api_load") == [f"updated {SIZE}"]


@pytest.mark.parametrize("way", ["api_update=", "stream=1000,"], ids=["whole", "in pieces"])
def test_flash_that_fails_at_any_operation_is_no_success(
    host: Host, start: list[str], way: str
) -> None:
    """The last one makes the module the newest: until it is done nobody is told of an update."""
    step = f"{way}{host.file(GOOD)}"
    name = way.partition("=")[0].removeprefix("api_")
    (before, after) = (
        int(line.split()[1])
        for line in host.run(*start, "operations", step, "operations").lines("operations")
    )
    assert after - before >= 4
    for done in range(after - before):
        run = host.run(*start, f"cut_after={done}", step, "power", "pending")
        error = run.result(name)
        assert error != "ESP_OK", f"operation {done} has failed"
        told = [f"failed operation=update error={error} module=0"]
        assert events(run) == told, f"operation {done} has failed"
        assert run.lines("pending no"), f"operation {done} has failed"


def test_each_event_of_the_header_is_looked_at(host: Host) -> None:
    """With each field of its data, in one of the tests of this component."""
    text = HEADER.read_text(encoding="utf-8")
    declared = {name.lower() for name in re.findall(r"^ +HOTRELOAD_EVENT_(\w+),", text, re.M)}
    fields = {
        name: re.findall(r"(\w+); +/\*\*<", body)
        for body, name in re.findall(r"struct \{\n(.*?)\} hotreload_event_(\w+)_t;", text, re.S)
    }
    assert set(fields) == declared
    good = host.file(GOOD)
    steps = ["names=f", PARTITION, f"raw={good}", "api_unload", "api_load", f"api_update={good}"]
    run = host.run(*steps, "mark=bad", "api_reload", "api_unload")
    seen = {
        kind: re.findall(r"(\w+)=", data)
        for kind, _, data in (line.partition(" ") for line in events(run))
    }
    assert seen == fields


FAILURES = {
    "load": ("api_load", "load", "ESP_ERR_INVALID_STATE"),
    "load_buffer": ("api_buffer=", "load_buffer", "HOTRELOAD_ERR_SYMBOL_MISSING"),
    "replacement": ("api_reload=nowhere", "reload", "ESP_ERR_NOT_FOUND"),
    "update": ("api_update=", "update", "HOTRELOAD_ERR_SYMBOL_MISSING"),
    "upload": ("stream=1000,", "update", "HOTRELOAD_ERR_SYMBOL_MISSING"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_failure(host: Host, start: list[str], name: str) -> None:
    step, operation, error = FAILURES[name]
    step += str(host.file(WITHOUT_F)) if step[-1] in "=," else ""
    run = host.run(*start, "api_load", step)
    assert events(run, "api_load") == [f"failed operation={operation} error={error} module=1"]
    assert timeline(run, "api_load")[-2:] == ["error", "FAILED"]


def test_failure_without_a_module(host: Host, start: list[str]) -> None:
    run = host.run(*start, "api_unload")
    assert events(run) == ["failed operation=unload error=ESP_ERR_INVALID_STATE module=0"]


def test_nothing_is_lost_with_a_lost_event(host: Host, start: list[str]) -> None:
    for loop, lines in (("no_event_loop", 0), ("full_event_loop", 3)):
        run = host.run(*start, "api_load", loop, "blocks", "api_reload", "blocks", "table")
        assert run.result("api_reload") == "ESP_OK"
        assert run.lines("table") == ["table f loaded"]
        assert run.lines("blocks")[0] == run.lines("blocks")[1]
        assert events(run, "api_load") == []
        assert len(run.lines("D hotreload: event")) == lines
