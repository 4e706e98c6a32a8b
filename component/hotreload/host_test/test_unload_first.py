"""Unloading first: what is checked before, hooks in pairs, and the way back after a failure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from elf_builder import TEXT, ModuleBuilder, Symbol
from host import Host, Run

PARTITION = "partition=524288,65536"
GOOD = ModuleBuilder().build()
OTHER = ModuleBuilder(symbols=[Symbol("f", TEXT), Symbol("more", TEXT)]).build()
WITHOUT_F = ModuleBuilder(symbols=[Symbol("g", TEXT)]).build()
HOOK = ["hook_enter", "hook_leave"]
PLACING = ["place", "place", "relocate", "resolve"]

# allocations of a replacement before the old module goes: one of the new one; for a module in flash
# first that of its hash. Behind them are the two segments.
FROM_RAM = 1
BEFORE = 1 + FROM_RAM


@pytest.fixture
def host(program_named: Callable[[str], Path], tmp_path: Path) -> Host:
    """The component compiled with CONFIG_HOTRELOAD_UNLOAD_FIRST."""
    return Host(program_named("hr_host_unload_first"), tmp_path)


@pytest.fixture
def loaded(host: Host) -> list[str]:
    """Steps to a device with one module loaded, another waiting in flash, and hooks."""
    update = f"api_update={host.file(OTHER)}"
    return ["names=f", PARTITION, f"raw={host.file(GOOD)}", "api_load", update, "pre=a", "post=b"]


def since(run: Run, step: str) -> list[str]:
    """Trace events since the last result of a step."""
    lines = run.output.rpartition(f"\n{step}: ")[2].splitlines()
    return [line.split()[3] for line in lines if line.startswith("HR ")]


def hooks(run: Run) -> list[str]:
    return [line.split()[1] for line in run.lines("hook ")]


def switches(run: Run) -> list[int]:
    """Numbers of the modules that were called, one after the other."""
    return [int(line.split("module=")[1]) for line in run.lines("HR ") if " switch " in line]


def test_old_module_goes_before_the_new_one_is_placed(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "blocks", "api_reload", "blocks", "table")
    assert run.result("api_reload") == "ESP_OK"
    assert since(run, "post") == [
        *("request", "validate", *HOOK, "switch", "retire", "free"),
        *(*PLACING, "store", "switch", *HOOK, "done"),  # its start is marked
    ]
    assert switches(run) == [1, 0, 2]
    assert run.lines("table") == ["table f loaded"]
    assert run.lines("blocks")[0] == run.lines("blocks")[1]


def test_post_hook_that_a_pre_hook_registers_counts_from_next_time(
    host: Host, loaded: list[str]
) -> None:
    run = host.run(*loaded, "pre=registering", "api_reload", "blocks", "api_reload")
    first, second = (half.count("kind=post") for half in run.output.split("blocks", 1))
    assert second == first + 2  # it is entered and left


def test_events(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "api_reload")
    assert run.lines("event ")[-4:] == [
        "event switched module=0 previous=1",
        "event retired module=1",
        f"event staged module=2 size={len(OTHER)}",
        "event switched module=2 previous=0",
    ]


def test_calls_in_between_reach_the_unloaded_stub(host: Host, loaded: list[str]) -> None:
    """The table is looked at by the event handler, which runs at once."""
    run = host.run(*loaded, "look_at_events", "api_reload")
    assert run.lines("seen ") == [
        "seen switched f unloaded",
        "seen retired f unloaded",
        "seen staged f unloaded",
        "seen switched f loaded",
    ]


def test_what_is_wrong_with_a_module_is_found_before_the_old_one_goes(
    host: Host, loaded: list[str]
) -> None:
    file = host.file(WITHOUT_F)
    run = host.run(*loaded, "blocks", f"api_buffer={file}", "table", "blocks")
    assert run.result("load_buffer") == "HOTRELOAD_ERR_SYMBOL_MISSING"
    assert since(run, "post") == ["request", "error"]
    assert hooks(run) == []
    assert run.lines("table") == ["table f loaded"]
    assert run.lines("blocks")[0] == run.lines("blocks")[1]


@pytest.mark.parametrize("allocation", range(1, BEFORE + 1))
def test_no_memory_before_the_old_module_goes(
    host: Host, loaded: list[str], allocation: int
) -> None:
    steps = [f"fail_at={allocation}", "blocks", "api_reload", "fail_at=0", "blocks", "table"]
    run = host.run(*loaded, *steps, "api_reload")
    assert run.results("api_reload") == ["ESP_ERR_NO_MEM", "ESP_OK"]
    assert run.lines("table") == ["table f loaded"]
    assert run.lines("blocks")[0] == run.lines("blocks")[1]
    assert switches(run) == [1, 0, 2]  # only the second one got so far
    assert hooks(run) == ["a", "b"]


@pytest.mark.parametrize("allocation", [BEFORE + 1, BEFORE + 2])
def test_no_memory_for_the_new_module(host: Host, loaded: list[str], allocation: int) -> None:
    """The module before it in flash comes back; the caller gets the error of the failed one."""
    steps = [f"fail_at={allocation}", "blocks", "api_reload", "fail_at=0", "blocks", "table"]
    run = host.run(*loaded, *steps, "pending", "api_reload")
    assert run.results("api_reload") == ["ESP_ERR_NO_MEM", "ESP_OK"]
    assert switches(run)[:3] == [1, 0, 2]
    assert run.lines("image") == []
    assert run.lines("table") == ["table f loaded"]
    assert run.lines("blocks")[0] == run.lines("blocks")[1]
    assert hooks(run) == ["a", "b", "a", "b"]
    assert run.lines("event failed") == [
        "event failed operation=reload error=ESP_ERR_NO_MEM module=2"
    ]
    assert f"event staged module=2 size={len(GOOD)}" in run.lines("event ")
    assert run.lines("pending") == ["pending no size=0"]
    first = since(host.run(*loaded, *steps[:3]), "post")
    assert first == [
        *("request", "validate", *HOOK, "switch", "retire", "free"),
        *("fallback", "validate", *PLACING, "switch", *HOOK, "error"),
    ]


def test_module_that_failed_is_tried_again_when_asked(host: Host, loaded: list[str]) -> None:
    steps = [f"fail_at={BEFORE + 1}", "api_reload", "fail_at=0", "newest"]
    run = host.run(*loaded, "api_reload", *steps, "api_reload")
    assert run.results("api_reload") == ["ESP_OK", "ESP_ERR_NO_MEM", "ESP_OK"]
    assert run.lines("newest size")[0].split()[1] == f"size={len(OTHER)}"
    assert run.lines("event staged")[-1] == f"event staged module=4 size={len(OTHER)}"


def test_module_from_ram_falls_back_to_the_newest_in_flash(host: Host, loaded: list[str]) -> None:
    # the runner itself takes one block to read the file
    steps = [f"fail_at={1 + FROM_RAM + 1}", f"api_buffer={host.file(GOOD)}", "fail_at=0", "pending"]
    run = host.run(*loaded, *steps, "table")
    assert run.result("load_buffer") == "ESP_ERR_NO_MEM"
    assert f"event staged module=2 size={len(OTHER)}" in run.lines("event ")
    assert run.lines("table") == ["table f loaded"]
    assert run.lines("pending") == ["pending no size=0"]


def test_fallback_belongs_to_the_table_of_the_old_module(host: Host, loaded: list[str]) -> None:
    steps = ["other_table", f"fail_at={1 + FROM_RAM + 1}", f"api_buffer={host.file(GOOD)}"]
    run = host.run(*loaded, *steps, "first_table")
    assert run.lines("first_table") == ["first_table f loaded"]


def test_nothing_to_fall_back_to(host: Host) -> None:
    """Post hooks run nevertheless; the stubs report until a module can be loaded again."""
    file = host.file(GOOD)
    start = ["names=f", PARTITION, f"raw={file}", "api_load", "pre=a", "post=b", "blocks"]
    steps = [f"fail_at={BEFORE + 1}", "api_reload", "fail_at=0", "table", "call_unloaded=1"]
    run = host.run(*start, *steps, "api_reload", "blocks")
    assert run.results("api_reload") == ["ESP_ERR_NO_MEM", "ESP_OK"]
    assert hooks(run) == ["a", "b", "a", "b"]
    assert run.lines("table") == ["table f unloaded"]
    assert run.lines("E hotreload: no other module") == [
        "E hotreload: no other module can be loaded: HOTRELOAD_ERR_NO_MODULE: "
        "no module: partition hotreload has no other"
    ]
    (line,) = run.lines("E hotreload: no module is loaded")
    assert "the one that was to replace it failed to load" in line
    assert run.lines("blocks")[0] == run.lines("blocks")[1]
    assert switches(run) == [1, 0, 2]


def test_module_from_ram_has_nothing_to_fall_back_to(host: Host) -> None:
    buffer = f"api_buffer={host.file(GOOD)}"
    steps = [buffer, f"fail_at={1 + FROM_RAM + 1}", buffer, "fail_at=0", "table"]
    run = host.run("names=f", PARTITION, *steps)
    assert run.results("load_buffer") == ["ESP_OK", "ESP_ERR_NO_MEM"]
    assert run.lines("E hotreload: no other module") == [
        "E hotreload: no other module can be loaded: HOTRELOAD_ERR_NO_MODULE: "
        "no module has come from flash"
    ]
    assert run.lines("table") == ["table f unloaded"]


def test_fallback_that_is_broken_in_flash_is_not_loaded(host: Host, loaded: list[str]) -> None:
    """The raw module at the start of the partition is the way back; its magic is gone."""
    steps = ["corrupt=1", f"fail_at={BEFORE + 1}", "api_reload", "fail_at=0", "table"]
    run = host.run(*loaded, *steps)
    assert run.result("api_reload") == "ESP_ERR_NO_MEM"
    assert run.lines("table") == ["table f unloaded"]
    assert hooks(run) == ["a", "b"]


def test_no_replacement_while_an_update_is_written(host: Host, loaded: list[str]) -> None:
    """It may be writing over the very module that would be the way back."""
    run = host.run(*loaded, "claim", "api_reload", "table", "release", "api_reload")
    assert run.results("api_reload") == ["HOTRELOAD_ERR_BUSY", "ESP_OK"]
    assert run.lines("table") == ["table f loaded"]
    assert hooks(run) == ["a", "b"]


def test_refused_replacement_is_not_watched_by_the_boot_guard(
    host: Host, loaded: list[str]
) -> None:
    """The first crash is not one of the new module, which has not run."""
    boot = ["reboot=4", "names=f", "api_load"]
    run = host.run(*loaded, "time=1000000", "tick", "claim", "api_reload", *boot * 3, "newest")
    assert run.lines("newest size")[0].split()[1] == f"size={len(OTHER)}"
    run = host.run(*loaded, "time=1000000", "tick", "claim", "api_reload", *boot * 4, "newest")
    assert run.lines("newest size")[0].split()[1] == f"size={len(GOOD)}"


def test_first_load_needs_no_unload(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded[:4])
    assert run.events == ["trace", "request", "validate", *PLACING, "switch", "done"]


def test_without_a_module_the_new_one_is_staged_first(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "api_unload", "api_reload")
    assert since(run, "api_unload") == [
        *("request", "validate", *PLACING, "store", *HOOK, "switch", *HOOK, "done")
    ]


def test_mappings_are_given_back(host: Host, loaded: list[str]) -> None:
    steps = ["api_reload", f"fail_at={BEFORE + 1}", "api_reload", "fail_at=0", "api_reload"]
    run = host.run(*loaded, *steps, "claim", "api_reload", "release", "blocks")
    assert run.lines("blocks")[0].endswith("mappings 0")


def test_waits_for_a_task_to_leave(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "enter=1", "leave_after=9", "api_reload", "waiting")
    assert run.result("api_reload") == "ESP_OK"
    assert run.result("waiting") == "0"
    assert switches(run) == [1, 0, 2]


def test_old_module_goes_on_when_a_task_stays_inside(host: Host, loaded: list[str]) -> None:
    steps = ["blocks", "api_reload", "blocks", "table", "pending"]
    run = host.run(*loaded, "enter=1", *steps, "leave", "api_reload")
    assert run.results("api_reload") == ["HOTRELOAD_ERR_TASK_INSIDE", "ESP_OK"]
    assert "E hotreload: reload: HOTRELOAD_ERR_TASK_INSIDE: " in run.output
    assert "a task was still inside module 1 after 100 ms" in run.output
    assert switches(run) == [1, 0, 1, 0, 2]
    assert run.lines("table") == ["table f loaded"]
    assert run.lines("blocks")[0] == run.lines("blocks")[1]
    assert hooks(run) == ["a", "b", "a", "b"]
    tables = [line.split("first=")[1] for line in run.lines("hook ")]
    assert tables[0] == tables[1] == tables[2] != tables[3]
    assert run.lines("pending") == [f"pending yes size={len(OTHER)}"]


def test_task_inside_cannot_ask_for_it(host: Host, loaded: list[str]) -> None:
    steps = ["blocks", "api_reload", "blocks", "table", "caller_inside=0", "api_reload"]
    run = host.run(*loaded, "caller_inside=1", *steps)
    assert run.results("api_reload") == ["HOTRELOAD_ERR_CALLER_INSIDE", "ESP_OK"]
    assert switches(run) == [1, 0, 2]
    assert run.lines("table") == ["table f loaded"]
    assert run.lines("blocks")[0] == run.lines("blocks")[1]
    assert hooks(run) == ["a", "b"]


def test_old_module_goes_on_while_the_idle_task_has_a_task_of_it(
    host: Host, loaded: list[str]
) -> None:
    """A pre hook has deleted the task: it is in no list any more, but the idle task is not done."""
    run = host.run(*loaded, "lie_in", "pre=cleaning_up", "api_reload", "idle", "api_reload")
    assert run.results("api_reload") == ["HOTRELOAD_ERR_TASK_INSIDE", "ESP_OK"]
    assert switches(run) == [1, 0, 1, 0, 2]
