"""Hooks: handover with a veto, the outcome, removing single ones, none that lies in a module."""

from __future__ import annotations

import pytest

from elf_builder import ModuleBuilder
from host import Host, Run

PARTITION = "partition=524288,65536"
GOOD = ModuleBuilder().build()
HOOK = ["hook_enter", "hook_leave"]


@pytest.fixture
def loaded(host: Host) -> list[str]:
    """Steps to a device with a module in flash and loaded."""
    return ["names=f", PARTITION, f"raw={host.file(GOOD)}", "api_load"]


def hooks(run: Run) -> list[str]:
    return [line.split()[1] for line in run.lines("hook ")]


def since(run: Run, step: str) -> list[str]:
    """Trace events since the last result of a step."""
    lines = run.output.rpartition(f"\n{step}: ")[2].splitlines()
    return [line.split()[3] for line in lines if line.startswith("HR ")]


def test_handover_lies_between_the_pre_hooks_and_the_switch(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "post=c", "handover=h", "handover=i", "pre=a", "api_reload")
    assert hooks(run) == ["a", "h", "i", "c"]
    assert run.lines("hook h") == ["hook h new=1 old=1 none=0"]
    assert run.lines("handover_table") == 2 * ["handover_table f loaded"]
    events = since(run, "pre")
    assert events[events.index("hook_enter") :] == [
        *(*HOOK, *HOOK, *HOOK, "switch", "retire", *HOOK, "done", "free"),
    ]


def test_handover_without_an_old_module(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "api_unload", "handover=h", "api_reload")
    assert run.lines("hook h") == ["hook h new=1 old=0 none=0"]


def test_first_load_hands_nothing_over(host: Host) -> None:
    file = host.file(GOOD)
    for step in ("api_load", f"api_buffer={file}"):
        run = host.run("names=f", PARTITION, f"raw={file}", "handover=h", step)
        assert hooks(run) == []


def test_veto(host: Host, loaded: list[str]) -> None:
    """The old module stays, later handover hooks do not run, post hooks learn the outcome."""
    steps = ["handover=h", "handover=veto", "handover=i", "post=outcome", "blocks", "api_reload"]
    run = host.run(*loaded, *steps, "blocks", "table", "remove_handover=veto", "api_reload")
    assert run.results("api_reload") == ["ESP_ERR_TIMEOUT", "ESP_OK"]
    assert hooks(run) == ["h", "veto", "h", "i"]
    assert run.results("outcome") == ["ESP_ERR_TIMEOUT", "ESP_OK"]
    assert run.lines("table") == ["table f loaded"]
    assert run.lines("blocks")[0] == run.lines("blocks")[1]
    assert [line.split("module=")[1] for line in run.lines("HR ") if " switch " in line] == [
        *("1", "2"),
    ]
    (line,) = run.lines("E hotreload: reload: ")
    assert "the handover hook at 0x" in line
    assert line.endswith("refused module 2")


def test_outcome_is_known_to_post_hooks_only(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "pre=outcome", "post=outcome", "api_reload", "ask_outcome")
    assert run.results("outcome") == ["ESP_ERR_INVALID_STATE", "ESP_OK"]
    assert run.result("ask_outcome") == "ESP_ERR_INVALID_STATE"


@pytest.mark.parametrize("kind", ["pre", "handover", "post"])
def test_single_hook_is_removed(host: Host, loaded: list[str], kind: str) -> None:
    steps = [f"{kind}={name}" for name in "abc"]
    run = host.run(*loaded, *steps, f"remove_{kind}=b", f"remove_{kind}=b", "api_reload")
    assert run.results(f"remove_{kind}") == ["ESP_OK", "ESP_ERR_NOT_FOUND"]
    assert hooks(run) == (["c", "a"] if kind == "pre" else ["a", "c"])
    run = host.run(*loaded, *steps, f"remove_{kind}=none")
    assert run.result(f"remove_{kind}") == "ESP_ERR_INVALID_ARG"


def test_removed_and_registered_again_is_the_last(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "post=a", "post=b", "remove_post=a", "post=a", "api_reload")
    assert hooks(run) == ["b", "a"]


@pytest.mark.parametrize("kind", ["pre", "handover", "post"])
def test_null_removes_all_of_a_kind(host: Host, loaded: list[str], kind: str) -> None:
    kinds = ("pre", "handover", "post")
    steps = [f"{other}={other[0]}{name}" for other in kinds for name in "ab"]
    run = host.run(*loaded, *steps, f"{kind}=none", "api_reload")
    assert len(hooks(run)) == 4
    assert f"kind={kind} " not in run.output


def test_hook_that_removes_others_counts_at_once(host: Host, loaded: list[str]) -> None:
    """`removing` takes out the pre hook and the post hook `a`, which have not begun, and itself."""
    run = host.run(*loaded, "pre=a", "post=a", "post=b", "pre=removing", "api_reload", "api_reload")
    assert hooks(run) == ["removing", "b", "b"]
    assert run.results("remove in hook") == ["ESP_OK"] * 3


def test_hooks_give_their_memory_back(host: Host, loaded: list[str]) -> None:
    steps = ["pre=a", "pre=removing", "handover=h", "post=c", "post=a", "api_reload"]
    end = ["handover=none", "post=none", "pre=none", "blocks"]
    run = host.run(*loaded, "api_reload", "blocks", *steps, *end)
    assert run.lines("blocks")[0] == run.lines("blocks")[1]


@pytest.mark.parametrize("kind", ["pre", "post"])
def test_no_memory_for_a_hook(host: Host, loaded: list[str], kind: str) -> None:
    run = host.run(*loaded, "fail_at=1", f"{kind}=a", "fail_at=0", "api_reload", f"{kind}=a")
    assert run.results(kind) == ["ESP_ERR_NO_MEM", "ESP_OK"]
    assert hooks(run) == []


def test_each_kind_has_its_own_limit(host: Host) -> None:
    run = host.run(*(f"{kind}={name}" for kind in ("pre", "handover", "post") for name in "abcde"))
    for kind in ("pre", "handover", "post"):
        assert run.results(kind) == [*4 * ["ESP_OK"], "ESP_ERR_NO_MEM"]


@pytest.mark.parametrize("kind", ["pre", "post"])
def test_function_of_a_module_is_refused(host: Host, loaded: list[str], kind: str) -> None:
    run = host.run(*loaded, f"{kind}=in_module", "api_reload", f"{kind}=in_module")
    assert run.results(kind) == ["HOTRELOAD_ERR_HOOK_IN_MODULE"] * 2
    assert len(run.lines(f"E hotreload: the {kind} hook at 0x")) == 2
    assert "hook_enter" not in run.events


def test_function_of_an_old_module_is_refused(host: Host, loaded: list[str]) -> None:
    """While somebody is inside, it is still there."""
    run = host.run(*loaded, "keep_entry", "enter=1", "api_reload", "pre=kept", "leave", "tick")
    assert run.result("pre") == "HOTRELOAD_ERR_HOOK_IN_MODULE"
