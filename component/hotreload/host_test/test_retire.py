"""A module that was replaced stays until nobody is inside any more."""

from __future__ import annotations

import pytest

from elf_builder import DATA, R_RELATIVE, ModuleBuilder, Reloc
from host import Host

GOOD = ModuleBuilder(rela=[Reloc(DATA, R_RELATIVE)]).build()


@pytest.fixture
def loaded(host: Host) -> list[str]:
    """Steps to a device with a module in flash and loaded."""
    return ["names=f", "partition=524288,65536", f"raw={host.file(GOOD)}", "api_load"]


def frees(output: str) -> list[str]:
    """What was printed, as `free=N` for a module that was freed and the steps in between."""
    lines = (line.split() for line in output.splitlines())
    found = []
    for line in lines:
        if line[0] == "HR" and line[3] == "free":
            found.append(line[4].replace("module=", "free="))
        elif line[0] in ("api_reload:", "api_unload:", "tick:"):
            found.append(" ".join(line))
    return found


def test_freed_at_once_when_nobody_is_inside(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "api_reload", "tick", "waiting")
    assert frees(run.output) == ["free=1", "api_reload: ESP_OK", "tick: stopped"]
    assert run.result("waiting") == "0"


@pytest.mark.parametrize("step", ["api_reload", "api_unload"], ids=["replace", "unload"])
def test_freed_in_the_tick_after_the_last_task_has_left(
    host: Host, loaded: list[str], step: str
) -> None:
    run = host.run(
        *(*loaded, "enter=1", step, "waiting", "tick", "tick", "blocks"),
        *("leave", "tick", "waiting", "blocks", "tick"),
    )
    assert frees(run.output) == [
        *(f"{step}: ESP_OK", "tick: runs", "tick: runs"),
        *("free=1", "tick: stopped", "tick: stopped"),
    ]
    assert run.results("waiting") == ["1", "0"]
    before, after = (int(line.split()[1]) for line in run.lines("blocks"))
    assert before - after == 3  # the module, its text, its data


def test_several_generations_leave_in_any_order(host: Host, loaded: list[str]) -> None:
    run = host.run(
        *(*loaded, "blocks", "enter=2", "api_reload", "api_reload", "api_reload", "waiting"),
        *("leave", "tick", "leave", "tick", "blocks"),
    )
    assert run.results("waiting") == ["2"]
    assert frees(run.output) == [
        *("api_reload: ESP_OK", "api_reload: ESP_OK"),
        *("free=3", "api_reload: ESP_OK"),
        *("free=1", "tick: runs", "free=2", "tick: stopped"),
    ]
    before, after = run.lines("blocks")
    assert before == after


def test_a_load_frees_what_was_left_since_the_last_tick(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "enter=1", "api_unload", "leave", "api_load")
    events = run.output.split("api_unload: ")[1]
    assert events.index(" free ") < events.index(" place ")


def test_out_of_memory_tells_how_many_wait(host: Host, loaded: list[str]) -> None:
    run = host.run(
        *(*loaded, "fail_at=3", "api_reload", "fail_at=0"),
        *("enter=2", "api_reload", "api_reload", "fail_at=3", "api_reload"),
    )
    assert run.results("api_reload") == ["ESP_ERR_NO_MEM", "ESP_OK", "ESP_OK", "ESP_ERR_NO_MEM"]
    alone, with_others = run.lines("E ")
    assert "modules wait" not in alone
    assert with_others.endswith("bytes; 2 old modules wait for tasks to leave them")


@pytest.mark.parametrize("step", ["api_reload", "api_unload"], ids=["replace", "unload"])
def test_stays_while_the_kernel_has_a_task_in_it(host: Host, loaded: list[str], step: str) -> None:
    """And until the idle task has passed: it still looks at what is in no list any more."""
    run = host.run(
        *(*loaded, "lie_in", step, "waiting", "idle", "tick", "clean_up"),
        *("tick", "tick", "tick", "idle", "tick", "tick"),
    )
    assert run.result("waiting") == "1"
    waits = ["tick: runs"] * 4
    assert frees(run.output) == [f"{step}: ESP_OK", *waits, "free=1", *["tick: stopped"] * 2]


def test_idle_task_has_not_done_with_what_a_pre_hook_deletes(host: Host, loaded: list[str]) -> None:
    """It is in no list any more when the module is retired."""
    run = host.run(
        *(*loaded, "lie_in", "pre=cleaning_up", "api_reload", "tick", "idle", "tick"),
    )
    assert frees(run.output) == ["api_reload: ESP_OK", "tick: runs", "free=1", "tick: stopped"]
