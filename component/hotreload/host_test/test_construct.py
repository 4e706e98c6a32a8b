"""Constructors and destructors: in order, once, in a task that may wait, with no lock held."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from elf_builder import ModuleBuilder, tables_of_functions
from host import Host

PARTITION = "partition=524288,65536"
GOOD = ModuleBuilder(**tables_of_functions(2, 2)).build()  # type: ignore[arg-type]
PLAIN = ModuleBuilder().build()
#: of the trace, and what the test's functions print
SHOWN = re.compile(
    r"^(?:HR \d+ \d+ (?P<event>construct|destruct|switch|retire|free|hook_enter|done|error)"
    r"(?:.* module=|.* kind=)(?P<of>\w+)(?: index=(?P<index>\d+))?|run in (?P<task>.*))",
    re.MULTILINE,
)


def story(output: str) -> list[str]:
    """What happened, as `construct 2.0` for the first constructor of module 2."""
    found = []
    for match in SHOWN.finditer(output):
        if match["task"]:
            found.append(match["task"])
        else:
            index = f".{match['index']}" if match["event"].endswith("struct") else ""
            found.append(f"{match['event']} {match['of']}{index}")
    return found


@pytest.fixture
def loaded(host: Host) -> list[str]:
    """Steps to a device with a module in flash and loaded."""
    return ["names=f", PARTITION, f"raw={host.file(GOOD)}", "api_load"]


def since(output: str, step: str) -> list[str]:
    return story(output.rpartition(f"\n{step}")[2])


def constructed(module: int) -> list[str]:
    """In an operation, like hooks: its turn is taken."""
    run = "task with 1 locks"
    return [f"construct {module}.0", run, f"construct {module}.1", run]


def destructed(module: int, task: str = "task") -> list[str]:
    run = f"{task} with 0 locks"
    return [f"destruct {module}.1", run, f"destruct {module}.0", run]


def test_constructors_of_the_first_load(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded)
    assert story(run.output) == [*constructed(1), "switch 1", "done 1"]


def test_they_run_before_the_hooks_and_the_others_when_all_is_done(
    host: Host, loaded: list[str]
) -> None:
    run = host.run(*loaded, "pre=a", "handover=h", "post=b", "api_reload", "blocks", "tick")
    assert since(run.output, "post: ") == [
        *constructed(2),
        *("hook_enter pre", "hook_enter handover", "switch 2", "retire 1", "hook_enter post"),
        *("done 2", *destructed(1), "free 1"),
    ]


def test_functions_are_called_where_they_are(host: Host, loaded: list[str]) -> None:
    """Each is a function of its own behind the first one."""
    run = host.run(*loaded, "api_unload")
    (text,) = re.findall(r" place module=1 .* kind=text .* addr=0x(\w+)", run.output)
    called = re.findall(r" (?:con|de)struct .* fn=0x(\w+)", run.output)
    places = [(int(function, 16) - int(text, 16)) // 8 for function in called]
    assert places == [1, 2, 4, 3]


def test_a_start_is_counted_before_the_constructors_run(host: Host) -> None:
    run = host.run("names=f", PARTITION, f"api_update={host.file(GOOD)}", "api_load")
    assert run.events.index("construct") > len(run.events) - run.events[::-1].index("store") - 1


def test_refused_in_the_handover(host: Host, loaded: list[str]) -> None:
    """Those of the new module run, and those of the old one when it goes."""
    run = host.run(
        *loaded, "handover=veto", "post=b", "blocks", "api_reload", "blocks", "api_unload"
    )
    assert run.result("api_reload") == "ESP_ERR_TIMEOUT"
    lines = since(run.output, "post: ")
    assert lines == [
        *constructed(2),
        *("hook_enter handover", "retire 2", "hook_enter post", *destructed(2), "free 2"),
        *("switch 0", "retire 1", "done 0", *destructed(1), "free 1"),
    ]
    assert run.lines("blocks")[0] == run.lines("blocks")[1]


@pytest.mark.parametrize("step", ["api_reload", "api_unload"], ids=["replace", "unload"])
def test_with_a_task_inside_another_task_runs_them_when_it_has_left(
    host: Host, loaded: list[str], step: str
) -> None:
    run = host.run(
        *(*loaded, "enter=1", step, "tick", "run_task", "leave", "tick", "waiting", "tick"),
        *("run_task", "waiting", "tick", "run_task"),
    )
    assert run.results("waiting") == ["1", "0"]
    assert run.results("tick") == ["runs", "stopped", "stopped", "stopped"]
    assert since(run.output, f"{step}: ") == [*destructed(1, "hotreload"), "free 1"]


def test_without_memory_for_that_task_they_wait(host: Host, loaded: list[str]) -> None:
    run = host.run(
        *(*loaded, "enter=1", "api_unload", "fail_task=1", "leave", "tick", "tick", "run_task"),
        *("blocks", "fail_task=0", "tick", "run_task"),
    )
    assert run.results("tick") == ["runs", "runs", "stopped"]
    assert story(run.output.partition("blocks ")[0])[-1] == "done 0"
    assert since(run.output, "blocks") == [*destructed(1, "hotreload"), "free 1"]


@pytest.mark.parametrize("step", ["api_reload", "api_unload"], ids=["replace", "unload"])
def test_never_in_a_task_of_the_system(host: Host, loaded: list[str], step: str) -> None:
    run = host.run(*loaded, "context=esp_timer", step, "context=task", "run_task")
    assert since(run.output, f"{step}: ") == [*destructed(1, "hotreload"), "free 1"]


def test_left_since_the_last_tick(host: Host, loaded: list[str]) -> None:
    """A load comes across them, and leaves them to the task: it has its turn taken."""
    run = host.run(*loaded, "enter=1", "api_unload", "leave", "api_load", "run_task")
    events = since(run.output, "api_unload: ")
    assert events == [
        *(*constructed(2), "switch 2", "done 2", *destructed(1, "hotreload"), "free 1"),
    ]


def test_a_destructor_may_load(host: Host, loaded: list[str]) -> None:
    """Nothing of the component waits for it."""
    run = host.run(*loaded, "inside=api_load", "api_unload")
    assert run.results("api_load") == ["ESP_OK", "ESP_OK"]
    assert since(run.output, "api_load: ") == [*destructed(1)[2:], "free 1"]


def test_a_constructor_may_not_load(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded[:-1], "inside=api_reload", "api_load")
    assert run.result("api_reload") == "ESP_ERR_INVALID_STATE"
    assert run.result("api_load") == "ESP_OK"


def test_what_a_destructor_leaves_in_the_module_keeps_it(host: Host, loaded: list[str]) -> None:
    """Nobody is inside when they begin; one that starts a task there does not pull it away."""
    run = host.run(*loaded, "inside=enter=1", "api_unload", "tick", "leave", "tick", "run_task")
    assert since(run.output, "api_unload: ") == ["free 1"]
    assert story(run.output.partition("api_unload: ")[0])[-4:] == destructed(1)


def test_unloading_first(program_named: Callable[[str], Path], tmp_path: Path) -> None:
    """The memory is needed: the old module's run inside the operation, before the new one's."""
    host = Host(program_named("hr_host_unload_first"), tmp_path)
    run = host.run(
        "names=f", PARTITION, f"raw={host.file(GOOD)}", "api_load", "pre=a", "api_reload"
    )
    run_inside = "task with 1 locks"
    assert since(run.output, "pre: ") == [
        *("hook_enter pre", "switch 0", "retire 1"),
        *("destruct 1.1", run_inside, "destruct 1.0", run_inside, "free 1"),
        *(*constructed(2), "switch 2", "done 2"),
    ]


def test_with_a_grace_period_they_run_at_its_begin(
    program_named: Callable[[str], Path], tmp_path: Path
) -> None:
    host = Host(program_named("hr_host_hold"), tmp_path)
    run = host.run(
        *("names=f", PARTITION, f"raw={host.file(GOOD)}", "api_load", "api_unload"),
        *("tick", "time=2000000", "tick"),
    )
    assert story(run.output.partition("api_unload: ")[0])[-4:] == destructed(1)
    assert since(run.output, "api_unload: ") == ["free 1"]
