"""Held callers, the grace period and the pattern in freed memory, compiled with their options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from elf_builder import TEXT, ModuleBuilder, Symbol
from host import Host, Run

PARTITION = "partition=524288,65536"
GOOD = ModuleBuilder().build()
MORE = ModuleBuilder(symbols=[Symbol("f", TEXT), Symbol("more", TEXT)]).build()
LARGE = ModuleBuilder(data=b"\x01" * 8000).build()


@pytest.fixture
def host(program_named: Callable[[str], Path], tmp_path: Path) -> Host:
    """The component compiled with CONFIG_HOTRELOAD_HOLD_CALLERS and a grace period."""
    return Host(program_named("hr_host_hold"), tmp_path)


@pytest.fixture
def loaded(host: Host) -> list[str]:
    """Steps to a device with a module in flash and loaded."""
    return ["names=f", PARTITION, f"raw={host.file(GOOD)}", "api_load"]


def freed(run: Run) -> list[str]:
    return [line.split()[4] for line in run.lines("HR ") if line.split()[3] == "free"]


def test_held_from_the_first_hook_to_the_last(host: Host, loaded: list[str]) -> None:
    hooks = ["pre=looking", "handover=h", "post=looking"]
    run = host.run(*loaded, *hooks, "table", "api_reload", "table")
    assert run.lines("hook_table") == 2 * ["hook_table f held"]
    assert run.lines("handover_table") == ["handover_table f held"]
    assert run.lines("table") == 2 * ["table f loaded"]


def test_not_held_by_a_load_an_unload_or_what_is_refused(host: Host, loaded: list[str]) -> None:
    bad = f"api_buffer={host.file(GOOD[:-9])}"
    run = host.run(*loaded, "look_at_events", bad, "api_unload", "api_load", "table")
    assert not [line for line in run.output.splitlines() if line.endswith(" held")]
    assert run.lines("table") == ["table f loaded"]


def test_without_a_module_calls_wait_for_the_new_one(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "api_unload", "pre=looking", "api_reload", "table")
    assert run.lines("hook_table") == ["hook_table f held"]
    assert run.lines("table") == ["table f loaded"]


def test_never_held(host: Host, loaded: list[str]) -> None:
    """In the pre hook they get the old module, in the post hook the new one."""
    run = host.run(*loaded, "pre=passing", "post=passing", "api_reload", "api_reload")
    passed = [line.split() for line in run.lines("pass ")]
    assert len(passed) == 4 * 9
    rounds = [passed[i : i + 9] for i in range(0, 36, 9)]
    to = [{line[-1] for line in some} for some in rounds]
    assert [len(addresses) for addresses in to] == [1, 1, 1, 1]
    assert to[0] != to[1] == to[2] != to[3]
    assert not [line for line in passed if "unloaded" in line]


def test_task_that_stays_inside(host: Host, loaded: list[str]) -> None:
    """All go on in the old module, and the post hooks learn why."""
    steps = ["handover=h", "pre=looking", "post=outcome", "enter=1", "api_reload", "table"]
    run = host.run(*loaded, *steps, "leave", "api_reload")
    assert run.results("api_reload") == ["HOTRELOAD_ERR_HOLD_LIMIT", "ESP_OK"]
    assert run.results("outcome") == ["HOTRELOAD_ERR_HOLD_LIMIT", "ESP_OK"]
    assert "a task was still inside module 1 after 100 ms" in run.output
    assert len(run.lines("hook h")) == 1
    assert run.lines("table") == ["table f loaded"]


@pytest.mark.parametrize("ticks", [1, 9, 11, 19])
def test_task_that_leaves_in_time(host: Host, loaded: list[str], ticks: int) -> None:
    """Before the pre hooks, or after them: one of them may be what lets it go."""
    run = host.run(*loaded, "pre=looking", "enter=1", f"leave_after={ticks}", "api_reload")
    assert run.result("api_reload") == "ESP_OK"


def test_task_that_leaves_too_late(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "enter=1", "leave_after=21", "api_reload")
    assert run.result("api_reload") == "HOTRELOAD_ERR_HOLD_LIMIT"


def test_both_tables_are_held(host: Host) -> None:
    """The old one ends unloaded, entries that the new module lacks, too."""
    more = f"api_buffer={host.file(MORE)}"
    run = host.run("names=f,more", more, "pre=looking", "other_table", more, "table", "first_table")
    assert run.lines("hook_table") == ["hook_table f held", "hook_table more held"]
    assert run.lines("table") == ["table f loaded", "table more loaded"]
    assert run.lines("first_table") == ["first_table f unloaded", "first_table more unloaded"]
    run = host.run("names=f,more", more, "count=1", more, "count=2", "table")
    assert run.lines("table") == ["table f loaded", "table more unloaded"]


def test_old_module_stays_for_the_grace_period(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "api_reload", "time=999999", "tick", "blocks", "time=1000000", "tick")
    assert run.output.index("\nblocks ") < run.output.index(" free ")
    assert freed(run) == ["module=1"]


def test_grace_period_begins_when_the_last_task_has_left(host: Host, loaded: list[str]) -> None:
    steps = ["enter=1", "leave_after=5", "api_reload", "enter=1", "api_unload"]
    run = host.run(*loaded, *steps, "time=5000000", "tick", "leave", "tick", "blocks", "tick")
    assert freed(run)[0] == "module=1"
    before = run.output[: run.output.index("\nblocks ")]
    assert "free module=2" not in before


def test_at_most_one_module_stays(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "api_reload", "api_reload", "blocks", "api_reload")
    assert freed(run) == ["module=1", "module=2"]


def test_large_module_does_not_stay(host: Host) -> None:
    large = f"api_buffer={host.file(LARGE)}"
    run = host.run("names=f", large, large)
    assert freed(run) == ["module=1"]


@pytest.mark.parametrize("allocation", [1, 2, 3])
def test_memory_goes_to_the_next_module_first(
    host: Host, loaded: list[str], allocation: int
) -> None:
    """Whichever allocation fails: the old module is freed and it is tried again."""
    run = host.run(
        *(*loaded, "api_reload", "fail_at=0", f"fail_at={allocation + 1}"),
        *(f"api_buffer={host.file(GOOD)}", "fail_at=0", "table"),
    )
    assert run.result("load_buffer") == "ESP_OK"
    assert freed(run)[0] == "module=1"


def test_without_one_that_stays_memory_has_run_out(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "fail_at=3", f"api_buffer={host.file(GOOD)}", "fail_at=0", "table")
    assert run.result("load_buffer") == "ESP_ERR_NO_MEM"
    assert run.lines("table") == ["table f loaded"]


def test_freed_memory_is_overwritten(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "watch_free", "api_reload", "time=1000000", "tick")
    assert run.lines("freed ") == ["freed 0xa5a5a5a5", "freed 0xa5a5a5a5"]
