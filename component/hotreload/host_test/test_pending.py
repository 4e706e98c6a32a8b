"""An update that waits in flash: from its last write until a load or reload has taken it."""

from __future__ import annotations

import pytest

from elf_builder import TEXT, ModuleBuilder, Symbol
from host import Host

PARTITION = "partition=524288,65536"
GOOD = ModuleBuilder().build()
OTHER = ModuleBuilder(symbols=[Symbol("f", TEXT), Symbol("more", TEXT)]).build()
WITHOUT_F = ModuleBuilder(symbols=[Symbol("g", TEXT)]).build()

NONE = "pending no size=0"


def waits(elf: bytes) -> str:
    return f"pending yes size={len(elf)}"


@pytest.fixture
def loaded(host: Host) -> list[str]:
    """Steps to a device with a module in flash and loaded."""
    return ["names=f", PARTITION, f"raw={host.file(GOOD)}", "api_load"]


def test_nothing_waits_after_the_first_load(host: Host, loaded: list[str]) -> None:
    run = host.run("names=f", "pending", *loaded[1:], "pending")
    assert run.lines("pending") == [NONE, NONE]


@pytest.mark.parametrize("way", ["api_update=", "stream=1000,"], ids=["whole", "in pieces"])
def test_update_waits_until_it_is_taken(host: Host, loaded: list[str], way: str) -> None:
    run = host.run(*loaded, f"{way}{host.file(OTHER)}", "pending", "api_reload", "pending")
    assert run.lines("pending") == [waits(OTHER), NONE]


def test_newer_update_takes_the_place_of_the_waiting_one(host: Host, loaded: list[str]) -> None:
    updates = [f"api_update={host.file(elf)}" for elf in (OTHER, GOOD)]
    run = host.run(*loaded, *updates, "pending", "api_reload", "pending")
    assert run.lines("pending") == [waits(GOOD), NONE]


def test_each_update_waits_anew(host: Host, loaded: list[str]) -> None:
    """Also one that is the same as the module that is loaded."""
    steps = [f"api_update={host.file(OTHER)}", "pending", "api_reload", "pending"]
    run = host.run(*loaded, *steps, *steps, *steps)
    assert run.lines("pending") == [waits(OTHER), NONE] * 3


def test_refused_update_does_not_wait(host: Host, loaded: list[str]) -> None:
    bad = host.file(WITHOUT_F)
    run = host.run(*loaded, f"api_update={bad}", "pending", f"stream=1000,{bad}", "pending")
    assert run.result("update") == run.result("stream") == "HOTRELOAD_ERR_SYMBOL_MISSING"
    assert run.lines("pending") == [NONE, NONE]


def test_refused_update_leaves_the_waiting_one(host: Host, loaded: list[str]) -> None:
    updates = [f"api_update={host.file(elf)}" for elf in (OTHER, WITHOUT_F)]
    run = host.run(*loaded, *updates, "pending")
    assert run.lines("pending") == [waits(OTHER)]


def test_half_an_update_does_not_wait(host: Host, loaded: list[str]) -> None:
    """Power goes before the record that makes it complete is written."""
    file = host.file(OTHER)
    run = host.run(*loaded, "cut_after=2", f"api_update={file}", "pending")
    assert run.result("update") != "ESP_OK"
    assert run.lines("pending") == [NONE]


def test_failed_replacement_leaves_the_update_waiting(host: Host, loaded: list[str]) -> None:
    steps = [f"api_update={host.file(OTHER)}", "fail_at=1", "api_reload", "pending"]
    run = host.run(*loaded, *steps, "api_reload", "pending")
    assert run.results("api_reload") == ["ESP_ERR_NO_MEM", "ESP_OK"]
    assert run.lines("pending") == [waits(OTHER), NONE]


def test_module_from_ram_leaves_the_update_waiting(host: Host, loaded: list[str]) -> None:
    steps = [f"api_update={host.file(OTHER)}", f"api_buffer={host.file(GOOD)}", "pending"]
    run = host.run(*loaded, *steps)
    assert run.lines("pending") == [waits(OTHER)]


def test_unload_and_load_take_the_update(host: Host, loaded: list[str]) -> None:
    steps = [f"api_update={host.file(OTHER)}", "api_unload", "pending", "api_load", "pending"]
    run = host.run(*loaded, *steps)
    assert run.lines("pending") == [waits(OTHER), NONE]


def test_update_that_is_taken_before_it_is_reported(host: Host) -> None:
    """The reload runs in another task, between the last write and the writer's report."""
    run = host.run(PARTITION, "pending_taken=7", "pending_written=7", "pending")
    assert run.lines("pending") == [NONE]
    run = host.run(PARTITION, "pending_taken=7", "pending_written=8", "pending")
    assert run.lines("pending") == ["pending yes size=1"]
