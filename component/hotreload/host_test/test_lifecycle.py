"""The public API: each call in each state, the hooks, and that a failure leaves nothing."""

from __future__ import annotations

import pytest

from elf_builder import DATA, R_RELATIVE, TEXT, ModuleBuilder, Reloc, Symbol
from host import Host, Run

PARTITION = "partition=524288,65536"
GOOD = ModuleBuilder(rela=[Reloc(DATA, R_RELATIVE)]).build()
MORE = ModuleBuilder(symbols=[Symbol("f", TEXT), Symbol("more", TEXT)]).build()
WITHOUT_F = ModuleBuilder(symbols=[Symbol("g", TEXT)]).build()

STAGING = ["request", "validate", "place", "place", "relocate", "resolve"]
HOOK = ["hook_enter", "hook_leave"]


@pytest.fixture
def loaded(host: Host) -> list[str]:
    """Steps to a device with a module in flash and loaded."""
    return ["names=f", PARTITION, f"raw={host.file(GOOD)}", "api_load"]


def after(run: Run, step: str) -> list[str]:
    """Trace events since the result of a step."""
    rest = run.output.split(f"\n{step}: ", 1)[1]
    return [line.split()[3] for line in rest.splitlines() if line.startswith("HR ")]


def test_load(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "table")
    assert run.result("api_load") == "ESP_OK"
    assert run.events == ["trace", *STAGING, "switch", "done"]
    assert run.lines("table") == ["table f loaded"]


def test_load_of_a_second_module_is_refused(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "api_load", "table")
    assert run.results("api_load") == ["ESP_OK", "ESP_ERR_INVALID_STATE"]
    assert after(run, "api_load") == ["request", "error"]
    assert run.lines("table") == ["table f loaded"]


def test_unload(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "blocks", "api_unload", "table", "api_unload", "api_load", "blocks")
    assert run.results("api_unload") == ["ESP_OK", "ESP_ERR_INVALID_STATE"]
    assert run.lines("table") == ["table f unloaded"]
    assert after(run, "api_load")[:5] == ["request", "switch", "retire", "done", "free"]
    assert run.results("api_load") == ["ESP_OK", "ESP_OK"]
    before, end = run.lines("blocks")
    assert before == end


def test_hooks_run_around_the_switch(host: Host, loaded: list[str]) -> None:
    hooks = ["pre=a", "pre=b", "post=c", "post=d"]
    run = host.run(*loaded, *hooks, "api_reload", "blocks")
    events = after(run, "post")
    assert run.result("api_reload") == "ESP_OK"
    assert events == [*STAGING, *HOOK, *HOOK, "switch", "retire", *HOOK, *HOOK, "done", "free"]
    called = [line.split() for line in run.lines("hook ")]
    assert [name for _, name, _ in called] == ["b", "a", "c", "d"]
    tables = [table for _, _, table in called]
    assert tables[0] == tables[1] != tables[2] == tables[3]
    assert [line.split("index=")[1][0] for line in run.lines("HR") if "hook_enter" in line] == [
        *("1", "0"),
        *("0", "1"),
    ]


def test_first_load_runs_no_hook(host: Host) -> None:
    file = host.file(GOOD)
    for step in ("api_load", f"api_buffer={file}"):
        run = host.run("names=f", PARTITION, f"raw={file}", "pre=a", "post=b", step)
        assert run.lines("hook ") == []


def test_hooks_run_when_there_was_no_module(host: Host) -> None:
    """Hooks come in pairs: one takes a lock, the other gives it back."""
    run = host.run("names=f", PARTITION, f"raw={host.file(GOOD)}", "pre=a", "post=b", "api_reload")
    assert [line.split()[1] for line in run.lines("hook ")] == ["a", "b"]
    assert "free" not in run.events


def test_load_from_buffer_replaces_the_module(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "pre=a", "post=b", f"api_buffer={host.file(GOOD)}")
    assert run.result("load_buffer") == "ESP_OK"
    assert after(run, "post") == [*STAGING, *HOOK, "switch", "retire", *HOOK, "done", "free"]


def test_module_for_another_table_leaves_the_one_before_unloaded(
    host: Host, loaded: list[str]
) -> None:
    """Nothing may go on pointing into the module that is freed."""
    run = host.run(*loaded, "other_table", f"api_buffer={host.file(GOOD)}", "table", "first_table")
    assert run.lines("table") == ["table f loaded"]
    assert run.lines("first_table") == ["first_table f unloaded"]


def test_entry_that_the_next_module_does_not_have_is_unloaded(host: Host) -> None:
    """The same table with fewer functions: the others may not lead into what is freed."""
    more = f"api_buffer={host.file(MORE)}"
    run = host.run("names=f,more", more, "count=1", more, "count=2", "table", more, "table")
    assert run.results("load_buffer") == ["ESP_OK"] * 3
    assert run.lines("table") == [
        *("table f loaded", "table more unloaded"),
        *("table f loaded", "table more loaded"),
    ]


def test_hook_is_registered_once(host: Host, loaded: list[str]) -> None:
    hooks = ["pre=a", "pre=b", "pre=a", "post=c", "post=c"]
    run = host.run(*loaded, *hooks, "api_reload")
    assert [line.split()[1] for line in run.lines("hook ")] == ["b", "a", "c"]
    assert run.results("pre") == ["ESP_OK", "ESP_OK", "ESP_OK"]


def test_too_many_hooks(host: Host) -> None:
    run = host.run(*(f"post={name}" for name in "abcde"))
    assert run.results("post") == [*4 * ["ESP_OK"], "ESP_ERR_NO_MEM"]


def test_null_removes_hooks_of_one_kind(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "pre=a", "pre=b", "post=c", "pre=none", "api_reload")
    assert [line.split()[1] for line in run.lines("hook ")] == ["c"]
    run = host.run(*loaded, "pre=a", "post=b", "post=c", "post=none", "api_reload")
    assert [line.split()[1] for line in run.lines("hook ")] == ["a"]


@pytest.mark.parametrize("kind", ["pre", "post"])
def test_operations_in_a_hook_are_refused(host: Host, loaded: list[str], kind: str) -> None:
    run = host.run(*loaded, f"{kind}=reloading", "api_reload", "table")
    for step in ("reload in hook", "load in hook", "unload in hook", "update in hook"):
        assert run.result(step) == "ESP_ERR_INVALID_STATE"
    assert run.result("api_reload") == "ESP_OK"
    assert run.lines("table") == ["table f loaded"]
    assert run.events.count("error") == 0


@pytest.mark.parametrize("kind", ["pre", "post"])
def test_hook_registered_in_a_hook_counts_from_next_time(
    host: Host, loaded: list[str], kind: str
) -> None:
    run = host.run(*loaded, f"{kind}=registering", "api_reload", "blocks", "api_reload")
    first, second = run.output.split("blocks", 1)
    assert "\nhook " not in first
    assert "\nhook " in second


BAD = {
    "load_buffer": ("HOTRELOAD_ERR_SYMBOL_MISSING", WITHOUT_F),
    "not an ELF": ("HOTRELOAD_ERR_MAGIC", b"\x00" * 100),
}
IN_FLASH = {"HOTRELOAD_ERR_MAGIC": "HOTRELOAD_ERR_STORE"}  # nothing that is known lies there


@pytest.mark.parametrize("bad", BAD)
def test_failed_replacement_changes_nothing(host: Host, loaded: list[str], bad: str) -> None:
    error, elf = BAD[bad]
    file = host.file(elf)
    steps = ["pre=a", "post=b", "table", "blocks", f"raw={file}", "api_reload"]
    run = host.run(*loaded, *steps, f"api_buffer={file}", "table", "blocks")
    assert run.result("api_reload") == IN_FLASH.get(error, error)
    assert run.result("load_buffer") == error
    assert run.lines("hook ") == []
    events = [event for event in after(run, "post") if event != "pass"]
    assert events == ["request", "error", "request", "error"]
    assert run.lines("table")[0] == run.lines("table")[1]
    assert run.lines("blocks")[0] == run.lines("blocks")[1]


@pytest.mark.parametrize(
    "step",
    ["api_reload", "api_buffer", "api_load", "api_update"],
    ids=["replace", "buffer", "load", "update"],
)
def test_no_memory_at_each_allocation(host: Host, loaded: list[str], step: str) -> None:
    """Each allocation in turn fails: the error, no hook, no leak, and the next try works."""
    file = host.file(GOOD)
    call = f"{step}={file}" if step in ("api_buffer", "api_update") else step
    name = {"api_buffer": "load_buffer", "api_update": "update"}.get(step, step)
    start = loaded[:-1] if step == "api_load" else loaded
    # the runner itself takes one block to read a file
    own = 1 if step in ("api_buffer", "api_update") else 0
    failures = 0
    for allocation in range(1 + own, 20):
        steps = ["pre=a", "blocks", f"fail_at={allocation}", call, "fail_at=0", "blocks", "table"]
        run = host.run(*start, *steps, call)
        results = run.results(name)[-2:]
        assert results[1] in ("ESP_OK", "ESP_ERR_INVALID_STATE")
        if results[0] == "ESP_OK":
            break
        failures += 1
        assert results == ["ESP_ERR_NO_MEM", "ESP_OK"]
        before, behind = (int(line.split()[1]) for line in run.lines("blocks"))
        # of the two timers that the first load makes, the one may stay for the next try
        assert behind - before in ((0, 1) if step == "api_load" else (0,))
        state = "unloaded" if step == "api_load" else "loaded"
        assert run.lines("table") == [f"table f {state}"]
        assert len(run.lines("hook ")) <= 1
    # the first load makes the timers of the boot guard and of old modules, too
    assert failures == {"api_reload": 4, "api_buffer": 3, "api_load": 6, "api_update": 5}[step]


@pytest.mark.parametrize(
    "step",
    ["api_reload", "api_load", "api_update", "stream"],
    ids=["replace", "load", "update", "upload"],
)
def test_flash_that_cannot_be_read(host: Host, loaded: list[str], step: str) -> None:
    """Each read and each mapping in turn fails: the error, no hook, no leak, the next try works."""
    file = host.file(GOOD)
    call = {"api_update": f"api_update={file}", "stream": f"stream=100,{file}"}.get(step, step)
    name = {"api_update": "update"}.get(step, step)
    # there is an older one, too, which the update is written over
    newest = [f"api_update={host.file(MORE)}", "api_reload", "mark=confirmed"]
    start = [*loaded, *newest, *(["api_unload"] if step == "api_load" else [])]
    failures = 0
    for read in range(1, 30):
        steps = ["pre=a", "blocks", f"fail_read={read}", call, "fail_read=0", "blocks", "table"]
        run = host.run(*start, *steps, "newest", call)
        results = run.results(name)[-2:]
        if results[0] == "ESP_OK":
            break
        failures += 1
        assert run.lines("newest size")[0].split()[1] == f"size={len(MORE)}"
        assert results == ["ESP_FAIL", "ESP_OK"]
        assert run.lines("blocks")[0] == run.lines("blocks")[1]
        state = "unloaded" if step == "api_load" else "loaded"
        assert run.lines("table") == [f"table f {state}"]
        assert len(run.lines("hook ")) <= 1
    # a load reads both slots, an update knows what the load before it has read
    assert failures >= (3 if step in ("api_reload", "api_load") else 1)


def test_update_has_the_functions_of_the_loaded_module(host: Host, loaded: list[str]) -> None:
    """Otherwise nothing could be loaded after the next reset."""
    file = host.file(WITHOUT_F)
    run = host.run(*loaded, f"api_update={file}", "operations", "api_unload", f"api_update={file}")
    assert run.results("update") == ["HOTRELOAD_ERR_SYMBOL_MISSING", "ESP_OK"]
    assert run.lines("operations") == ["operations 0"]


def test_bad_arguments(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "bad_arguments", "table")
    results = run.results("bad \\w+")
    assert len(results) == 18
    assert set(results) == {"ESP_ERR_INVALID_ARG"}
    assert run.lines("table") == ["table f loaded"]


def test_caller_with_its_stack_in_psram(host: Host, loaded: list[str]) -> None:
    """ESP-IDF would end the program at the first use of the flash; a module in RAM needs none."""
    file = host.file(MORE)
    steps = [f"api_update={file}", "operations", "api_reload", f"api_buffer={file}", "api_unload"]
    run = host.run(*loaded, "caller_in_psram=1", *steps, "api_load", "table", "blocks")
    refused = "ESP_ERR_INVALID_STATE"
    why = f"reload: {refused}: the stack of the calling task lies in PSRAM"
    assert run.result("update") == refused
    assert run.lines("operations") == ["operations 0"]
    assert run.result("api_reload") == refused
    assert why in run.output
    assert run.result("load_buffer") == "ESP_OK"
    assert run.result("api_unload") == "ESP_OK"
    assert run.results("api_load") == ["ESP_OK", refused]
    assert run.lines("table") == ["table f unloaded"]
    assert run.lines("blocks")[0].endswith("mappings 0")


def test_mappings_are_given_back(host: Host, loaded: list[str]) -> None:
    file = host.file(GOOD)
    run = host.run(*loaded, "api_reload", f"api_update={file}", "api_reload", "blocks")
    assert run.lines("blocks")[0].endswith("mappings 0")


def test_trace_counts_without_gaps(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "api_reload", "api_unload")
    numbers = [int(line.split()[1]) for line in run.lines("HR ")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert run.lines("HR 1 ")[0].endswith("trace version=1")
