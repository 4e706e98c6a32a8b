"""The trial of a module: which starts count, when it yields, when it is confirmed."""

from __future__ import annotations

import hashlib
import itertools
import struct
from dataclasses import dataclass, field

import pytest

from elf_builder import DATA, R_RELATIVE, TEXT, ModuleBuilder, Reloc
from host import Host, Run
from slots import Slot

# of esp_system.h
UNKNOWN, POWER_ON, PIN, RESTART, PANIC, INT_WDT, TASK_WDT, WDT, DEEP_SLEEP, BROWNOUT, SDIO = range(
    11
)
REASONS = {
    "unknown": UNKNOWN,
    "power on": POWER_ON,
    "pin": PIN,
    "restart": RESTART,
    "panic": PANIC,
    "interrupts": INT_WDT,
    "tasks": TASK_WDT,
    "other watchdog": WDT,
    "deep sleep": DEEP_SLEEP,
    "brownout": BROWNOUT,
    "sdio": SDIO,
}
EXCUSED = (RESTART, DEEP_SLEEP)  # by themselves; a panic is, when no module was involved
STARTS = 3  # see stub/sdkconfig.h
PROBATION = 1000 * 1000  # microseconds, see stub/sdkconfig.h
START = ["names=f", "partition=524288,4096"]


def module(tag: int) -> bytes:
    data = struct.pack("<II", TEXT, tag)
    return ModuleBuilder(data=data, rela=[Reloc(DATA, R_RELATIVE)]).build()


GOOD, BAD, OTHER = module(1), module(2), module(3)


def sha(elf: bytes) -> str:
    return hashlib.sha256(elf).hexdigest()


def boot(reason: int, *, involved: bool = True) -> list[str]:
    """The device ends and loads its module again."""
    note = [f"panic={int(involved)}"] if reason == PANIC else []
    return [*note, f"reboot={reason}", "names=f", "api_load"]


def check(host: Host, *steps: str) -> Run:
    return host.run(*steps, "newest", "slots", "table", "blocks")


def newest(run: Run) -> str | None:
    found = run.lines("newest size")
    return found[-1].split("hash=")[1] if found else None


def slot(run: Run, elf: bytes) -> str:
    """State and starts of the slot that holds an ELF, as listed last."""
    line = next(line for line in run.lines("slot ")[-2:] if line.endswith(sha(elf)))
    return " ".join(line.split()[2:4])


@pytest.fixture
def installed(host: Host) -> list[str]:
    """Steps to a device with a confirmed module, and a newer one that was just started."""
    good, bad = host.file(GOOD), host.file(BAD)
    return [*START, f"api_update={good}", "mark=confirmed", f"api_update={bad}", "api_load"]


def counted(reason: int, *, involved: bool = True) -> bool:
    """Whether a start counts that ends so: by the issue's words."""
    return reason not in EXCUSED and not (reason == PANIC and not involved)


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("involved", [True, False])
def test_starts_by_reset_reason(
    host: Host, installed: list[str], reason: str, involved: bool
) -> None:
    """It yields after three starts that count; those that do not count use no mark either."""
    value = REASONS[reason]
    for boots in range(5):
        steps = [step for _ in range(boots) for step in boot(value, involved=involved)]
        run = check(host, *installed, *steps)
        over = boots if counted(value, involved=involved) else 0
        if over >= STARTS:
            assert slot(run, BAD) == f"yielded starts={STARTS}"
            assert newest(run) == sha(GOOD)
            assert "passed over: HOTRELOAD_ERR_YIELDED" in run.output
        else:
            assert slot(run, BAD) == f"written starts={over + 1}"
            assert newest(run) == sha(BAD)
        assert run.results("api_load") == ["ESP_OK"] * (boots + 1)
        assert run.lines("table") == ["table f loaded"]
        assert run.lines("blocks")[0].endswith("mappings 0")


@dataclass
class Device:
    """What is known after each end of a start: the rules, written once more."""

    marked: int = 0
    open: bool = False  # the last mark is of a start that does not count (yet)
    log: list[str] = field(default_factory=list)

    def start(self) -> bool:
        """Whether the module is taken."""
        if self.marked - self.open >= STARTS:
            return False
        self.marked += not self.open
        self.open = True
        return True

    def end(self, reason: int, *, involved: bool) -> None:
        self.open = self.open and not counted(reason, involved=involved)


ENDS = [(RESTART, True), (PANIC, False), (PANIC, True), (POWER_ON, True)]


@pytest.mark.parametrize("ends", list(itertools.product(ENDS, repeat=4)))
def test_every_sequence_of_ends(
    host: Host, installed: list[str], ends: tuple[tuple[int, bool], ...]
) -> None:
    device = Device()
    taken = [device.start()]
    steps = []
    for reason, involved in ends:
        device.end(reason, involved=involved)
        taken.append(device.start())
        steps += [*boot(reason, involved=involved), "list"]
    run = check(host, *installed, "list", *steps)
    runs = [line.split()[1] for line in run.lines("listed") if "running=1" in line]
    assert runs == ["0" if was else "1" for was in taken]
    assert slot(run, BAD).endswith(f"starts={device.marked}")


def test_start_of_another_module_excuses_none(host: Host, installed: list[str]) -> None:
    """The mark that a restart excuses is the one of the start that it has ended."""
    away = [f"reboot={POWER_ON}", "names=f"]  # a boot that loads nothing
    steps = [*away, f"reboot={RESTART}", "names=f", "api_load"]
    run = check(host, *installed, *steps)
    assert slot(run, BAD) == "written starts=2"


def test_requests_in_one_boot_are_one_start(host: Host, installed: list[str]) -> None:
    run = check(host, *installed, *["api_reload"] * 5, "api_unload", "api_load")
    assert slot(run, BAD) == "written starts=1"
    run = check(host, *installed, *boot(POWER_ON) * 2, *["api_reload"] * 3)
    assert slot(run, BAD) == "written starts=3"
    assert newest(run) == sha(BAD)  # this start, the third one, is not over


def test_third_start_goes_on_after_a_restart(host: Host, installed: list[str]) -> None:
    steps = [*boot(POWER_ON) * 2, *boot(RESTART) * 3]
    run = check(host, *installed, *steps)
    assert (newest(run), slot(run, BAD)) == (sha(BAD), "written starts=3")
    run = check(host, *installed, *steps, *boot(POWER_ON))
    assert (newest(run), slot(run, BAD)) == (sha(GOOD), "yielded starts=3")


@pytest.mark.parametrize(
    "last", ["api_unload", "api_buffer", "api_reload"], ids=["unload", "buffer", "replace"]
)
def test_start_that_an_operation_has_ended_does_not_count(
    host: Host, installed: list[str], last: str
) -> None:
    """What resets the device afterwards was not this module, as long as RTC memory says so."""
    end = {
        "api_unload": ["api_unload"],
        "api_buffer": [f"api_buffer={host.file(OTHER)}"],
        "api_reload": ["rollback", "retry"],
    }[last]
    steps = [step for _ in range(4) for step in [*end, *boot(WDT)]]
    run = check(host, *installed, *(steps if last != "api_reload" else [*end, *boot(WDT)]))
    assert newest(run) == sha(BAD)
    assert slot(run, BAD) == "written starts=1"


def test_panic_of_a_module_that_was_replaced_counts(host: Host, installed: list[str]) -> None:
    """A task was still in it, say."""
    run = check(host, *installed, f"api_buffer={host.file(OTHER)}", *boot(PANIC, involved=True))
    assert slot(run, BAD) == "written starts=2"


@pytest.mark.parametrize("offset", range(0, 104, 3))
def test_memory_that_was_not_kept_counts(host: Host, installed: list[str], offset: int) -> None:
    """One byte of it has changed: nothing is known of the boot before, and its start counts."""
    run = check(host, *installed, f"corrupt_rtc={offset}", *boot(RESTART))
    assert slot(run, BAD) in ("written starts=2", "written starts=1")
    assert newest(run) == sha(BAD)
    untouched = check(host, *installed, *boot(RESTART))
    assert slot(untouched, BAD) == "written starts=1"


# ---- confirmation ----


def test_confirmed_after_its_time(host: Host, installed: list[str]) -> None:
    run_on = [f"time={PROBATION}", "tick", "confirmed"]
    run = check(host, *installed, "confirmed", *run_on)
    assert run.lines("confirmed") == ["confirmed no", "confirmed yes"]
    assert slot(run, BAD) == "confirmed starts=1"
    assert "the module has run for 1000 ms and is confirmed" in run.output
    almost = check(host, *installed, f"time={PROBATION - 1}", "tick", "confirmed")
    assert slot(almost, BAD) == "written starts=1"
    again = check(host, *installed, *run_on, *boot(PANIC) * 6, "confirmed")
    assert (newest(again), slot(again, BAD)) == (sha(BAD), "confirmed starts=1")
    assert again.lines("confirmed")[-1] == "confirmed yes"


def test_time_begins_anew_with_another_module(host: Host, installed: list[str]) -> None:
    steps = [f"time={PROBATION - 1}", f"api_update={host.file(OTHER)}", "api_reload"]
    run = check(host, *installed, *steps, f"time={PROBATION}", "tick")
    assert slot(run, OTHER) == "written starts=1"
    run = check(host, *installed, *steps, f"time={2 * PROBATION}", "tick")
    assert slot(run, OTHER) == "confirmed starts=1"


def test_module_that_an_update_was_written_over_is_not_confirmed(
    host: Host, installed: list[str]
) -> None:
    """It runs from RAM; what lies in its slot now has not run."""
    steps = [f"api_update={host.file(OTHER)}", f"time={PROBATION}", "tick", "confirm", "confirmed"]
    run = check(host, *installed, *steps)
    assert slot(run, OTHER) == "written starts=0"
    assert run.result("confirm") == "HOTRELOAD_ERR_STORE"
    assert run.lines("confirmed") == ["confirmed no"]
    assert "but it is not confirmed: slot 0 of partition hotreload does not hold" in run.output


@pytest.mark.parametrize("before", ["time", "call"])
def test_confirm(host: Host, installed: list[str], before: str) -> None:
    first = [f"time={PROBATION}", "tick"] if before == "time" else ["confirm"]
    run = check(host, *installed, *first, "confirm", "confirmed")
    assert set(run.results("confirm")) == {"ESP_OK"}
    assert slot(run, BAD) == "confirmed starts=1"
    assert run.lines("confirmed") == ["confirmed yes"]


def test_what_cannot_be_confirmed(host: Host, installed: list[str]) -> None:
    buffer = f"api_buffer={host.file(OTHER)}"
    run = host.run(
        *installed,
        "api_unload",
        "confirm",
        buffer,
        "confirm",
        f"time={PROBATION}",
        "tick",
        "confirmed",
        "slots",
    )
    assert run.results("confirm") == ["ESP_ERR_INVALID_STATE", "ESP_ERR_NOT_SUPPORTED"]
    assert run.lines("confirmed") == ["confirmed no"]
    raw = host.run(
        *START,
        f"raw={host.file(GOOD)}",
        "api_load",
        "confirm",
        f"time={PROBATION}",
        "tick",
        "operations",
    )
    assert raw.result("confirm") == "ESP_ERR_NOT_SUPPORTED"
    assert raw.lines("operations") == ["operations 0"]


def test_raw_elf_is_taken_for_ever(host: Host) -> None:
    """Nothing can be kept of it: as before, and as the README says."""
    run = check(host, *START, f"raw={host.file(BAD)}", "api_load", *boot(PANIC) * 6, "operations")
    assert run.results("api_load") == ["ESP_OK"] * 7
    assert run.lines("operations") == ["operations 0"]


def test_encrypted_partition_counts_nothing(host: Host) -> None:
    image = host.file(Slot(BAD, flashed=True).image())
    run = check(
        host,
        *START,
        f"raw={image}",
        "encrypt",
        "api_load",
        *boot(PANIC) * 6,
        "operations",
        "confirm",
    )
    assert run.results("api_load") == ["ESP_OK"] * 7
    assert run.lines("operations") == ["operations 0"]
    assert run.result("confirm") == "HOTRELOAD_ERR_PARTITION"


# ---- ways back ----


def test_sole_module_that_has_yielded_waits_for_a_request(host: Host) -> None:
    start = [*START, f"api_update={host.file(BAD)}", "api_load", *boot(PANIC) * 3]
    run = check(host, *start)
    assert run.results("api_load")[-1] == "HOTRELOAD_ERR_YIELDED"
    assert run.lines("table") == ["table f unloaded"]
    run = check(host, *start, "retry", "api_load")
    assert run.result("retry") == "ESP_OK"
    assert slot(run, BAD) == "written starts=1"
    run = check(host, *start, f"api_update={host.file(OTHER)}", "api_load")
    assert newest(run) == sha(OTHER)


@pytest.mark.parametrize("way", ["raw", "api_update"])
def test_module_given_again_is_as_good_as_any(host: Host, installed: list[str], way: str) -> None:
    file = host.file(BAD if way == "api_update" else Slot(BAD, flashed=True).image())
    start = [*installed, *boot(PANIC) * 3, f"{way}={file}", "api_reload"]
    assert newest(check(host, *start, *boot(PANIC) * 2)) == sha(BAD)


def test_explicit_request_takes_the_newest_that_has_not_yielded(
    host: Host, installed: list[str]
) -> None:
    run = check(
        host, *installed, *boot(PANIC) * 3, "api_reload", "list", "retry", "api_reload", "list"
    )
    assert run.results("api_reload") == ["ESP_OK"] * 2
    runs = [line.split()[1] for line in run.lines("listed") if "running=1" in line]
    assert runs == ["1", "0"]
    assert "event passed_over slot=0 error=HOTRELOAD_ERR_YIELDED" in run.output


def test_module_that_replaced_another_counts(host: Host) -> None:
    good, bad = host.file(GOOD), host.file(BAD)
    start = [*START, f"api_update={good}", "api_load", "confirm", f"api_update={bad}", "api_reload"]
    run = check(host, *start, *boot(PANIC) * 3)
    assert newest(run) == sha(GOOD)


def test_refused_replacement_counts_nothing(host: Host, installed: list[str]) -> None:
    """It has not run: the first start is still to come."""
    lacking = host.file(ModuleBuilder(symbols=[]).build())
    # without a loaded module nobody knows what the firmware calls
    steps = ["api_unload", f"api_update={lacking}", "api_load", "slots"]
    run = host.run(*installed, *steps)
    assert run.results("api_load")[-1] == "ESP_OK"
    assert "passed over: HOTRELOAD_ERR_SYMBOL_MISSING" in run.output
    assert "written starts=0" in run.lines("slot 0")[-1]


def test_rollback(host: Host, installed: list[str]) -> None:
    run = check(host, *installed, "rollback", "list", "rollback", "retry", "api_reload")
    assert run.results("rollback") == ["ESP_OK", "HOTRELOAD_ERR_NO_MODULE"]
    states = list(run.lines("listed"))
    assert states == ["listed 0 state=4 running=0 newest=1", "listed 1 state=3 running=1 newest=0"]
    assert run.results("api_reload") == ["ESP_OK"]
    assert newest(run) == sha(BAD)


def test_rollback_with_none_loaded(host: Host, installed: list[str]) -> None:
    run = check(host, *installed, "api_unload", "rollback", "list")
    assert run.result("rollback") == "ESP_OK"
    assert newest(run) == sha(GOOD)
    assert run.lines("table") == ["table f loaded"]


@pytest.mark.parametrize("why", ["none", "bad", "lacking", "memory"])
def test_rollback_that_fails_changes_nothing(host: Host, why: str) -> None:
    """There is no other one, it may not be taken, or it cannot be loaded."""
    other = {"lacking": ModuleBuilder(symbols=[]).build()}.get(why, GOOD)
    first = [] if why == "none" else [f"api_update={host.file(other)}"]
    mark = {"bad": ["mark=bad"], "none": []}.get(why, ["mark=confirmed"])
    steps = [*START, *first, *mark, f"api_update={host.file(BAD)}", "api_load"]
    fail = ["fail_at=3"] if why == "memory" else []
    run = check(host, *steps, "operations", *fail, "rollback", "fail_at=0", "operations")
    errors = {"lacking": "HOTRELOAD_ERR_SYMBOL_MISSING", "memory": "ESP_ERR_NO_MEM"}
    assert run.result("rollback") == errors.get(why, "HOTRELOAD_ERR_NO_MODULE")
    assert run.lines("operations")[0] == run.lines("operations")[1]
    assert newest(run) == sha(BAD)
    assert run.lines("table") == ["table f loaded"]


def test_rollback_of_what_is_not_in_flash(host: Host, installed: list[str]) -> None:
    run = check(
        host, *installed, f"api_buffer={host.file(OTHER)}", "operations", "rollback", "operations"
    )
    assert run.result("rollback") == "ESP_ERR_NOT_SUPPORTED"
    assert run.lines("operations")[0] == run.lines("operations")[1]


def test_rollback_in_an_encrypted_partition_is_refused(host: Host) -> None:
    image = host.file(Slot(BAD, flashed=True).image())
    run = host.run(*START, f"raw={image}", "encrypt", "api_load", "rollback", "table")
    assert run.result("rollback") == "HOTRELOAD_ERR_PARTITION"
    assert run.lines("table") == ["table f loaded"]


# ---- what was lost before ----


def test_refused_one_leaves_the_module_for_the_next_start(host: Host) -> None:
    """A module that the next start cannot load is passed over, for ever if need be."""
    lacking = host.file(ModuleBuilder(symbols=[]).build())
    steps = [*START, f"api_update={host.file(GOOD)}", "api_load", "confirm", "api_unload"]
    run = check(host, *steps, f"api_update={lacking}", *boot(POWER_ON))
    assert run.results("api_load")[-1] == "ESP_OK", "the newest that can be loaded is taken"
    assert run.lines("table") == ["table f loaded"]


def test_two_uploads_that_crash_leave_the_confirmed_one(host: Host) -> None:
    files = [host.file(module(tag)) for tag in (5, 6, 7)]
    steps = [*START, f"api_update={host.file(GOOD)}", "api_load", "confirm"]
    uploads = [step for file in files for step in (f"api_update={file}", "api_reload")]
    run = check(host, *steps, *uploads, *boot(PANIC) * 3)
    assert run.results("api_load")[-1] == "ESP_OK"
    assert newest(run) == sha(GOOD)


def test_power_cycles_of_a_module_that_hangs_end(host: Host, installed: list[str]) -> None:
    run = check(host, *installed, *boot(POWER_ON) * 5)
    assert newest(run) == sha(GOOD)


def test_aborts_of_the_firmware_do_not_condemn_the_module(host: Host, installed: list[str]) -> None:
    run = check(host, *installed, *boot(PANIC, involved=False) * 6)
    assert (newest(run), slot(run, BAD)) == (sha(BAD), "written starts=1")
