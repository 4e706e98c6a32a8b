"""The boot guard: three boots in a row that a module ends by a crash, and it is set aside."""

from __future__ import annotations

import hashlib
import struct

import pytest
from elf_builder import DATA, R_RELATIVE, TEXT, ModuleBuilder, Reloc
from host import Host, Run

POWER_ON, PIN, RESTART, PANIC, INT_WDT, TASK_WDT, WDT, BROWNOUT = 1, 2, 3, 4, 5, 6, 7, 9
CRASHES = {"panic": PANIC, "interrupts": INT_WDT, "tasks": TASK_WDT, "other": WDT}
NO_CRASHES = {"power on": POWER_ON, "pin": PIN, "restart": RESTART, "brownout": BROWNOUT}
START = ["names=f", "partition=524288,4096"]
PROBATION = 1000 * 1000  # microseconds, see stub/sdkconfig.h


def module(tag: int) -> bytes:
    data = struct.pack("<II", TEXT, tag)
    return ModuleBuilder(data=data, rela=[Reloc(DATA, R_RELATIVE)]).build()


GOOD, BAD, OTHER = module(1), module(2), module(3)
# what the ELF of a slot that was marked looks like
GOOD_MARKED = GOOD[:36] + bytes(4) + GOOD[40:]


def sha(elf: bytes) -> str:
    return hashlib.sha256(elf).hexdigest()


def boot(reason: int) -> list[str]:
    return [f"reboot={reason}", "names=f", "api_load"]


def newest(run: Run) -> str:
    return run.lines("newest size")[-1].split("hash=")[1]


def aside(run: Run) -> list[str]:
    return [line.split("hash=")[1] for line in run.lines("set aside")]


@pytest.fixture
def installed(host: Host) -> list[str]:
    """A good module, and a bad one that was uploaded after it and loaded."""
    good, bad = host.file(GOOD), host.file(BAD)
    return [*START, f"api_update={good}", f"api_update={bad}", "api_load"]


def check(host: Host, *steps: str) -> Run:
    return host.run(*steps, "newest", "aside", "table", "blocks")


@pytest.mark.parametrize("crash", CRASHES)
def test_third_crash_sets_the_module_aside(host: Host, installed: list[str], crash: str) -> None:
    reason = CRASHES[crash]
    two = check(host, *installed, *boot(reason), *boot(reason))
    assert newest(two) == sha(BAD)
    assert aside(two) == []
    three = check(host, *installed, *boot(reason), *boot(reason), *boot(reason))
    assert newest(three) == sha(GOOD)
    assert aside(three) == [sha(BAD)]
    assert three.results("api_load") == ["ESP_OK"] * 4
    assert three.lines("table") == ["table f loaded"]
    assert f"module {sha(BAD)} has crashed the device 3 times in a row" in three.output
    assert [line for line in three.lines("HR") if " store op=set_aside " in line]
    assert three.lines("blocks")[0].endswith("mappings 0")


@pytest.mark.parametrize("position", [1, 2])
@pytest.mark.parametrize("kind", NO_CRASHES)
def test_any_other_restart_breaks_the_row(
    host: Host, installed: list[str], kind: str, position: int
) -> None:
    """Three crashes, but not in a row: one that is no crash neither counts nor keeps the count."""
    reasons = [PANIC] * 3
    reasons.insert(position, NO_CRASHES[kind])
    steps = [step for reason in reasons for step in boot(reason)]
    assert newest(check(host, *installed, *steps)) == sha(BAD)
    only = [step for _ in range(5) for step in boot(NO_CRASHES[kind])]
    assert newest(check(host, *installed, *only)) == sha(BAD)


def test_crash_after_the_probation_does_not_count(host: Host, installed: list[str]) -> None:
    run_on = [f"time={PROBATION}", "tick"]
    steps = [step for _ in range(4) for step in [*run_on, *boot(PANIC)]]
    run = check(host, *installed, *steps)
    assert newest(run) == sha(BAD)
    assert "the module has run for 1000 ms" in run.output
    almost = [f"time={PROBATION - 1}", "tick"]
    steps = [step for _ in range(3) for step in [*almost, *boot(PANIC)]]
    assert newest(check(host, *installed, *steps)) == sha(GOOD)


def test_module_that_has_run_long_enough_starts_from_zero(host: Host, installed: list[str]) -> None:
    """Also one that has crashed twice before."""
    steps = [*boot(PANIC), *boot(PANIC), f"time={PROBATION}", "tick", *boot(PANIC), *boot(PANIC)]
    assert newest(check(host, *installed, *steps)) == sha(BAD)
    assert newest(check(host, *installed, *steps, *boot(PANIC))) == sha(BAD)
    assert newest(check(host, *installed, *steps, *boot(PANIC), *boot(PANIC))) == sha(GOOD)


def test_module_that_replaced_another_counts(host: Host) -> None:
    good, bad = host.file(GOOD), host.file(BAD)
    start = [*START, f"raw={good}", "api_load", f"time={PROBATION}", "tick"]
    start += [f"api_update={bad}", "api_reload"]
    run = check(host, *start, *boot(PANIC), *boot(PANIC), *boot(PANIC))
    assert newest(run) in (sha(GOOD), sha(GOOD_MARKED))
    assert aside(run) == [sha(BAD)]


def test_new_module_starts_from_zero(host: Host, installed: list[str]) -> None:
    other = host.file(OTHER)
    steps = [*boot(PANIC), *boot(PANIC), f"api_update={other}", "api_reload"]
    assert newest(check(host, *installed, *steps, *boot(PANIC), *boot(PANIC))) == sha(OTHER)


def test_failed_replacement_leaves_the_count_to_the_module_that_runs(
    host: Host, installed: list[str]
) -> None:
    broken = host.file(ModuleBuilder(symbols=[]).build())
    steps = [*boot(PANIC), f"raw={broken}", "api_reload"]
    run = host.run(*installed, *steps)
    assert run.result("api_reload") == "HOTRELOAD_ERR_SYMBOL_MISSING"
    # what was flashed in between cannot be loaded; the crashes are not its own
    run = check(host, *installed, *steps, *boot(PANIC), *boot(PANIC), *boot(PANIC))
    assert aside(run) == []


@pytest.mark.parametrize("last", ["api_unload", "api_buffer"])
def test_what_does_not_come_from_flash_is_not_counted(
    host: Host, installed: list[str], last: str
) -> None:
    end = f"api_buffer={host.file(OTHER)}" if last == "api_buffer" else last
    steps = [step for _ in range(4) for step in [end, *boot(PANIC)]]
    assert newest(check(host, *installed, *steps)) == sha(BAD)


def test_module_from_ram_before_the_one_from_flash_hides_no_crash(host: Host) -> None:
    """An application that starts with a module of its own and then takes the uploaded one."""
    own = f"api_buffer={host.file(OTHER)}"
    start = [own, f"api_update={host.file(GOOD)}", f"api_update={host.file(BAD)}", "api_reload"]
    again = [f"reboot={PANIC}", "names=f", own, "api_reload"]
    assert newest(check(host, *START, *start, *again * 2)) == sha(BAD)
    run = check(host, *START, *start, *again * 3)
    assert newest(run) == sha(GOOD)
    assert aside(run) == [sha(BAD)]


def test_only_module_set_aside_leaves_none(host: Host) -> None:
    bad = host.file(BAD)
    run = check(host, *START, f"raw={bad}", "api_load", *boot(PANIC) * 3)
    assert run.results("api_load")[-1] == "HOTRELOAD_ERR_NO_MODULE"
    assert run.lines("table") == ["table f unloaded"]
    assert aside(run) == ["0" * 64]
    power_cycle = check(host, *START, f"raw={bad}", "api_load", *boot(PANIC) * 3, *boot(POWER_ON))
    assert aside(power_cycle) == ["0" * 64]
    assert power_cycle.lines("table") == ["table f unloaded"]


@pytest.mark.parametrize("way", ["raw", "api_update"])
def test_module_given_again_is_as_good_as_any(host: Host, installed: list[str], way: str) -> None:
    bad = host.file(BAD)
    start = [*installed, *boot(PANIC) * 3, f"{way}={bad}", "api_reload"]
    assert newest(check(host, *start)) == sha(BAD)
    assert newest(check(host, *start, *boot(PANIC) * 2)) == sha(BAD)
    assert newest(check(host, *start, *boot(PANIC) * 3)) == sha(GOOD)


def test_only_module_given_again_is_as_good_as_any(host: Host) -> None:
    """Uploaded in the boot in which it was set aside, without any other between."""
    bad = host.file(BAD)
    start = [*START, f"raw={bad}", "api_load", *boot(PANIC) * 3]
    run = check(host, *start, f"api_update={bad}", "api_reload")
    assert newest(run) == sha(BAD)
    assert run.lines("table") == ["table f loaded"]


@pytest.mark.parametrize("offset", range(44))
def test_memory_that_was_not_kept_counts_for_nothing(
    host: Host, installed: list[str], offset: int
) -> None:
    """One byte of it has changed: nothing is known of the boots before."""
    steps = [f"corrupt_rtc={offset}", *boot(PANIC)]
    assert newest(check(host, *installed, *steps)) == sha(BAD)
    steps = [*boot(PANIC), *steps, *boot(PANIC), *boot(PANIC)]
    assert newest(check(host, *installed, *steps)) == sha(BAD)


def test_same_module_in_both_slots_is_set_aside_twice(host: Host) -> None:
    bad = host.file(BAD)
    start = [*START, f"api_update={bad}", f"api_update={bad}", "api_load"]
    run = check(host, *start, *boot(PANIC) * 3)
    assert aside(run) == [sha(BAD), sha(BAD)]
    assert run.results("api_load")[-1] == "HOTRELOAD_ERR_NO_MODULE"


def test_previous_module_may_crash_as_well(host: Host, installed: list[str]) -> None:
    run = check(host, *installed, *boot(PANIC) * 6)
    assert sorted(aside(run)) == sorted([sha(GOOD), sha(BAD)])
    assert run.results("api_load")[-1] == "HOTRELOAD_ERR_NO_MODULE"


@pytest.mark.parametrize("torn", ["cut_after", "cut_bits_after", "cut_pages_after"])
def test_power_cut_while_it_is_set_aside(host: Host, installed: list[str], torn: str) -> None:
    """Either module starts, and a module that still crashes is set aside later."""
    cut = ["reboot=4", "names=f", f"{torn}=0", "api_load", *boot(POWER_ON)]
    run = check(host, *installed, *boot(PANIC) * 2, *cut)
    assert newest(run) in (sha(GOOD), sha(BAD))
    assert run.results("api_load")[-1] == "ESP_OK"
    run = check(host, *installed, *boot(PANIC) * 2, *cut, *boot(PANIC) * 3)
    assert sha(BAD) in aside(run) or newest(run) != sha(BAD)


def test_encrypted_partition_refuses_the_module_instead(host: Host) -> None:
    raw = f"raw={host.file(BAD)}"
    run = host.run(*START, raw, "encrypt", "api_load", *boot(PANIC) * 3, "table", "operations")
    assert run.results("api_load")[-1] == "HOTRELOAD_ERR_PARTITION"
    assert run.lines("table") == ["table f unloaded"]
    again = host.run(*START, raw, "encrypt", "api_load", *boot(PANIC) * 3, *boot(POWER_ON))
    assert again.results("api_load")[-1] == "ESP_OK"


def test_flash_that_does_not_keep_the_mark_refuses_the_module(
    host: Host, installed: list[str]
) -> None:
    """Instead of trying for ever."""
    last = [f"reboot={PANIC}", "names=f", "freeze", "api_load"]
    run = check(host, *installed, *boot(PANIC) * 2, *last)
    assert run.results("api_load")[-1] == "HOTRELOAD_ERR_STORE"
    assert run.lines("table") == ["table f unloaded"]
    assert run.lines("blocks")[0].endswith("mappings 0")
