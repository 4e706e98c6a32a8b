"""What the scenario firmware's probe offers beyond calls, memory and heaps.

The endpoints are in `firmware/main/probe_*.c`.
"""

import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_embedded_hotreload.api import Address, ConditionNotMet, Device, Module, Variant
from scenarios.load_modules import DIGITS

#: for the old modules of a soak to be freed, once nobody calls them any more
FREED_SECONDS = 10.0
#: a second build of the scenario firmware; it takes a module for good after a shorter time, too
OTHER_FIRMWARE = {
    "CONFIG_SCENARIO_OTHER_FIRMWARE": "y",
    "CONFIG_HOTRELOAD_CONFIRM_MS": "100",
}

#: the modules in `modules/relocation/`, and what their `answer()` gives
RELOCATION_ANSWERS = {
    "data_kinds": 1111,
    "firmware_pointers": 338,
    "literals": 0x435B279F,
    "negative_addends": 295,
    "packed": 167,
    "pointer_tables": 42,
    "string_tables": 425,
    "switch_table": 1916938889,
    "weak_symbols": 31,
    "zero_size": 2,
}


def module_with(variant: Variant, answer: int, size: int) -> Module:
    """A module with `size` bytes of zeroed data whose `answer()` is `answer`."""
    return variant(
        text=f"""\
#include "module_api.h"

static volatile uint8_t bytes[{size}];

int32_t answer(void)
{{
    return {answer} + bytes[0];
}}
"""
    )


@dataclass(frozen=True)
class Check:
    """A call through a stub with a known result."""

    name: str
    got: int
    want: int


@dataclass(frozen=True)
class PreemptedCalls:
    """Calls of one task, and dives of another that took the processor away from it."""

    calls: int
    wrong: int
    dives_right: bool


@dataclass(frozen=True)
class HookCall:
    """A hook that ran: of what kind, which, with what context, and what `answer()` gave then."""

    kind: str
    hook: str
    context: int
    answer: int


@dataclass(frozen=True)
class Hook:
    """A registered hook: the addresses that the trace shows."""

    fn: Address
    ctx: Address


@dataclass(frozen=True)
class FirmwareState:
    """Digests of guarded static data of the firmware, and its channels' history."""

    data: int
    bss: int
    word: int
    opened: int
    closed: int
    digest: int


@dataclass(frozen=True)
class MemoryKind:
    """What can be done with the memory at an address, and whether it is PSRAM."""

    executable: bool
    bytes: bool
    external: bool


@dataclass(frozen=True)
class FreeMemory:
    """Free bytes of the heap for data and of the heap for code."""

    data: int
    exec: int


@dataclass(frozen=True)
class Allocated:
    """Blocks allocated from the heap for data and from the heap for code: a leak makes more.

    Free bytes do not tell: how many a block takes depends on the hole that it was put into.
    """

    data: int
    exec: int

    def more_than(self, before: "Allocated", connections: int = 0) -> dict[str, str]:
        """What was added since; what the start-up gives back late may have gone meanwhile.

        `connections` that the device has ended may still be there, in TIME-WAIT (RFC 9293 section
        3.6.1): a block each, where the network's memory is in the heap.
        """
        added = {
            "blocks for data": self.data - before.data - connections,
            "blocks for code": self.exec - before.exec,
        }
        return {heap: f"{blocks} more" for heap, blocks in added.items() if blocks > 0}


@dataclass(frozen=True)
class LoadCost:
    """Of one load: cycles, bytes taken from the heaps, and what an unload did not give back."""

    error: str
    cycles: int
    wrong: int
    exec: int
    data: int
    exec_left: int
    data_left: int


@dataclass(frozen=True)
class Calls:
    """What a task saw that called `answer()` without pause and read the symbol table.

    `zeros` is how often the result was 0, `wrong` how often it was neither that nor 42 or 43.
    """

    calls: int
    zeros: int
    wrong: int
    null_entries: int


@dataclass(frozen=True)
class Visit:
    """What a call of the module gave; results of the reload inside it, and of that in its hook."""

    result: int
    error: str = "ESP_OK"
    hook_error: str = "ESP_OK"


@dataclass(frozen=True)
class Soak:
    """Reloads, those that failed, wrong results, and the calls of the task that made the fewest."""

    reloads: int
    failed: int
    wrong: int
    fewest: int


@dataclass(frozen=True)
class Counted:
    """Reloads while tasks counted in the module, those that failed and the error of the last of
    them, counts that did not follow each other, and the counts of the task that made the fewest."""

    reloads: int
    failed: int
    wrong: int
    fewest: int
    last: str


@dataclass(frozen=True)
class Handover:
    """What handover hooks saw, `answer()` of both modules and through the stub, and outcomes."""

    calls: int
    new: int
    old: int
    stub: int
    unknown: int
    outcomes: int
    outcome: str


@dataclass(frozen=True)
class Unwaiting:
    """Calls of `answer()` from where nobody can wait: results of 0, and those that were wrong."""

    calls: int
    zeros: int
    wrong: int


@dataclass(frozen=True)
class CallCycles:
    """Cycles of a number of calls through the stub, and of the module's function itself."""

    stub: int
    direct: int


@dataclass(frozen=True)
class Outcome:
    """What the tasks of a schedule gave, the second one twice, and `answer()` after that."""

    first: int
    second: int
    third: int
    after: int


@dataclass(frozen=True)
class Moment:
    """Cycles to where a task is stopped, and from there to where it is again; 0: it is not."""

    at: int
    again: int = 0


@dataclass(frozen=True)
class Schedule:
    """Where the first task was stopped: the instruction to come next, 0 where it was not; and the
    outcomes, with the first moment that led to each and the instruction."""

    stopped: dict[Moment, int]
    outcomes: dict[Outcome, tuple[Moment, int]]


class Bench:
    """Drives the scenario firmware; what returns a str gives the name of an error code."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._console = device.console
        self._probe = device.probe

    def wrong_signatures(self) -> dict[str, tuple[int, int]]:
        """Call a function of each class of signature: those with a wrong result, (got, wanted)."""
        checks = [Check(**check) for check in self._probe.get_json("signatures", {})]
        if len(checks) < 20:
            raise ConditionNotMet(f"only {len(checks)} signatures were tried")
        return {check.name: (check.got, check.want) for check in checks if check.got != check.want}

    def wrong_rows(self, group: str, hook: bool = False) -> tuple[int, list[str]]:
        """Run a group of the table of signatures: its rows, and the first calls that went wrong.

        With `hook` in the pre hook of a reload, in which calls of other tasks are held.
        Only a firmware with CONFIG_SCENARIO_SIGNATURES has the table.
        """
        answer = self._probe.get_json("signature-table", {"group": group, "hook": str(int(hook))})
        return int(answer["rows"]), list(answer["shown"])

    def preempted_calls(self) -> PreemptedCalls:
        """Call through a stub while a task of a higher priority interrupts at each tick."""
        return PreemptedCalls(**self._probe.get_json("preempted-calls", {}))

    def held_calls(self) -> PreemptedCalls:
        """Call through a stub while the module is reloaded again and again, calls held."""
        return PreemptedCalls(**self._probe.get_json("held-calls", {}))

    def memory_kind(self, address: int) -> MemoryKind:
        return MemoryKind(**self._probe.get_json("memory/kind", {"addr": str(address)}))

    def free_memory(self) -> FreeMemory:
        heaps = self._probe.heaps()
        return FreeMemory(heaps.data_free, heaps.exec_free)

    def allocated(self) -> Allocated:
        # the stack of the main task is given back when that has ended
        self._console.wait_line("Returned from app_main", 0, timeout=10)
        heap = self._probe.get_json("heap", {})
        return Allocated(heap["data_blocks"], heap["exec_blocks"])

    def register_hook(self, kind: str, hook: str = "a", context: int = 0) -> Hook:
        """Register hook `a` or `b` of kind `pre` or `post`, with one of 8 contexts."""
        answer = self._probe.post("hooks/register", kind=kind, hook=hook, context=context)
        if answer["error"] != "ESP_OK":
            raise ConditionNotMet(f"the {kind} hook was not registered: {answer['error']}")
        return Hook(Address(answer["fn"], 16), Address(answer["ctx"], 16))

    def remove_hook(self, kind: str, hook: str = "a", context: int = 0) -> str:
        """Remove what `register_hook()` has registered."""
        return self._result("hooks/remove", kind=kind, hook=hook, context=context)

    def register_slow_hook(self) -> None:
        """A pre and post hook that another task removes while it runs as a pre hook."""
        if self._result("hooks/remove", hook="slow") != "ESP_OK":
            raise ConditionNotMet("the slow hook was not registered")

    def slow_hook_ended_first(self) -> bool:
        """Whether the removal returned when the slow hook had ended."""
        return self._result("hooks/remove", hook="ran") == "ESP_OK"

    def register_hook_in_module(self, kind: str) -> str:
        """Try to register a function of the loaded module as a hook."""
        return self._result("hooks/remove", hook="module", kind=kind)

    def hand_over(self, does: str = "watch") -> None:
        """Register a hook: `watch` looks at both modules, `wait` lets two ticks pass, `refuse`
        refuses the new one, `mutex` is a pre hook that wants the mutex of a visitor; and a post
        hook that learns the outcome."""
        if self._result("handover", does=does) != "ESP_OK":
            raise ConditionNotMet(f"the hook {does} was not registered")

    def handover(self) -> Handover:
        return Handover(**self._probe.get_json("handover", {}))

    def count_through(self, reloads: int, modules: Sequence[bytes], timeout: float) -> Counted:
        """Replace two modules by each other while tasks count in them, carrying the counts over."""
        first, second = modules
        query: dict[str, str | int] = {"first": len(first), "reloads": reloads}
        if self._result("handover/soak", first + second, **query) != "ESP_OK":
            raise ConditionNotMet("not all tasks could be started")
        pattern = r"counted: reloads=(\d+) failed=(\d+) wrong=(\d+) fewest=(\d+) last=(\w+)"
        _, match = self._console.wait_line(pattern, timeout=timeout)
        done, failed, wrong, fewest = map(int, match.groups()[:4])
        return Counted(done, failed, wrong, fewest, match[5])

    def call_unwaiting(self, rounds: int) -> Unwaiting:
        """Call `answer()` in an interrupt, with interrupts masked, and the scheduler suspended.

        So often, a tick apart.
        """
        return Unwaiting(**self._probe.get_json("unloaded/calls", {"rounds": str(rounds)}))

    def start_unwaiting(self) -> None:
        """The same again and again, from a task above all others."""
        if self._result("interrupts/start") != "ESP_OK":
            raise ConditionNotMet("no task could be created")

    def stop_unwaiting(self) -> Unwaiting:
        return Unwaiting(**self._probe.post("interrupts/stop"))

    def clear_hooks(self, kind: str) -> str:
        return self._result("hooks/clear", kind=kind)

    def hook_calls(self) -> list[HookCall]:
        """The hooks that ran since boot, in order."""
        return [HookCall(**call) for call in self._probe.get_json("hooks", {})]

    def carry_state(self) -> None:
        """Register hooks that carry the module's state from one module to the next."""
        self._probe.post("state/carry")

    def firmware_state(self) -> FirmwareState:
        return FirmwareState(**self._probe.get_json("state", {}))

    def load(self) -> str:
        return self._result("load")

    def load_from_ram(self, elf: bytes, shift: int = 0, psram: bool = False) -> str:
        """`hotreload_load_from_buffer()`, the buffer `shift` bytes off alignment."""
        return self._result("load-from-ram", elf, shift=shift, psram=int(psram))

    def cost(self, elf: bytes = b"", exports: int = 0, digits: int = DIGITS) -> LoadCost:
        """Load from RAM, or without an ELF from flash, and unload; any module loaded before goes.

        The functions that the firmware wants are `export_0000` and so on, with numbers of so many
        digits, and return their number.
        """
        return LoadCost(**self._probe.post("cost", elf, exports=exports, digits=digits))

    def copy_cycles(self, size: int, words: int) -> int:
        """Cycles to copy `size` bytes of RAM, and to store so many words to where they are now."""
        answer = self._probe.get_json("copy/cost", {"size": str(size), "words": str(words)})
        if answer["error"] != "ESP_OK":
            raise ConditionNotMet(f"{size} bytes could not be copied: {answer['error']}")
        return int(answer["cycles"])

    def unload(self) -> str:
        return self._result("unload")

    def reload(self) -> str:
        return self._result("reload")

    def update(self, elf: bytes, label: str = "hotreload", psram: bool = False) -> str:
        """`hotreload_update_partition()`, the buffer in PSRAM or where `malloc()` puts it."""
        return self._result("update", elf, label=label, psram=int(psram))

    def visit(self, slot: int, stay: str, depth: int = 0, psram: bool = False) -> None:
        """A task goes into the module, and stays there as `stay_names` in probe_visits.c tell.

        With `psram` its stack is there, not in internal RAM.
        """
        result = self._result("visit/begin", slot=slot, stay=stay, depth=depth, psram=int(psram))
        if result != "ESP_OK":
            raise ConditionNotMet(f"visitor {slot} did not get into the module: {result}")

    def plan_visit(self, slot: int, stay: str) -> None:
        """Make a task of a function of the module; it begins when it shall leave."""
        if self._result("visit/plan", slot=slot, stay=stay) != "ESP_OK":
            raise ConditionNotMet(f"visitor {slot} could not be made")

    def invite(self, slot: int, stay: str) -> None:
        """What a call of `visit(depth, slot)` that a test makes shall do inside."""
        self._probe.post("visit/begin", slot=slot, stay=stay, task=0)

    def tell_all(self) -> None:
        """Let all visitors go at the same time."""
        self._result("visit/tell")

    def leave(self, slot: int) -> Visit:
        """Let a visitor go and wait until it has left the module."""
        return Visit(**self._probe.post("visit/end", slot=slot))

    def delete_visitor(self, slot: int) -> None:
        """Delete the task of a visitor inside the module."""
        self._result("visit/delete", slot=slot)

    def schedule(
        self,
        modules: Sequence[bytes],
        actions: Sequence[str],
        moments: Sequence[Moment],
        loaded: bool = True,
    ) -> Schedule:
        """At each of the moments: have a task do the first action, stopped there by another one,
        which does the second, and where it is stopped again the third.

        They `call`, `replace` the first module, which is `loaded` or not, by the second, or
        `unload` it; the other task also can `delete` the first one and replace the module.
        """
        first, second = modules
        does, other, *third = actions
        packed = b"".join(struct.pack("<2I", moment.at, moment.again) for moment in moments)
        answer = self._probe.post(
            "schedule",
            first + second + packed,
            first=len(first),
            second=len(second),
            does=does,
            other=other,
            third=third[0] if third else "call",
            loaded=int(loaded),
        )
        if answer["error"] != "ESP_OK":
            raise ConditionNotMet(f"{does} and {other}: {answer['error']}")
        raw = self._device.memory.read(answer["stopped_at"], 4 * len(moments))
        stopped = struct.unpack(f"<{len(moments)}I", raw)
        found = {
            Outcome(one["first"], one["second"], one["third"], one["after"]): (
                Moment(one["at"], one["again"]),
                one["pc"],
            )
            for one in answer["outcomes"]
        }
        return Schedule(dict(zip(moments, stopped, strict=True)), found)

    def soak(
        self,
        reloads: int,
        modules: Sequence[tuple[bytes, int]],
        timeout: float,
        callers: str = "any",
        reloader: str = "any",
        guests: bool = False,
        crowded: bool = False,
    ) -> Soak:
        """Replace two modules, with what they answer, by each other while tasks call them.

        `callers` and `reloader` are on the core `first`, `last` or `any`, callers also on `both`.
        With `guests` interrupt handlers and others call the module, too, see `probe_guests.c`.
        When it is `crowded`, clients keep the server busy, and each caller has its turn in between.
        Returns when the last of the old modules has been freed.
        """
        (first, answers), (second, other) = modules
        body = first + second
        query: dict[str, str | int] = {
            "first": len(first),
            "answers": answers,
            "other": other,
            "reloads": reloads,
            "callers": callers,
            "reloader": reloader,
            "guests": int(guests),
            "crowded": int(crowded),
        }
        before = self._probe.get_json("heap", {})["exec_blocks"]
        said = len(self._console.lines)
        if self._result("soak", body, **query) != "ESP_OK":
            raise ConditionNotMet("not all tasks could be started")
        pattern = r"soak: reloads=(\d+) failed=(\d+) wrong=(\d+) fewest=(\d+)"
        _, match = self._console.wait_line(pattern, said, timeout=timeout)
        deadline = time.monotonic() + FREED_SECONDS
        while time.monotonic() < deadline:
            # the trace may be off; each request gives the device time to look at its tasks
            if self._probe.get_json("heap", {})["exec_blocks"] <= before:
                break
        return Soak(*map(int, match.groups()))

    def call_cycles(self, function: str, calls: int, first: str = "") -> CallCycles:
        """All arguments are 0, but for the first where it has to be a `buffer` or a `function`."""
        query = {"name": function, "calls": str(calls), "first": first}
        return CallCycles(**self._probe.get_json("call/cost", query))

    def start_server(self, max_elf_size: int = 0, port: int = 0, ctrl: int = 0) -> str:
        """`hotreload_server_start()`; `port` and `ctrl` say what it listens on."""
        return self._result("server/start", max=max_elf_size, port=port, ctrl=ctrl)

    def own_table(self) -> list[int]:
        """The table of the application's own: `answer`, `greeting`, and one that nobody writes."""
        return list(self._probe.get_json("own", {}))

    def load_own(self, label: str) -> str:
        """`hotreload_reload()` from a partition, with that table."""
        return self._result("own/load", label=label)

    def serve_own(self, label: str, max_elf_size: int) -> str:
        """`hotreload_server_start()` for a partition, with that table."""
        return self._result("own/serve", label=label, max=max_elf_size)

    def call_at(self, address: int) -> int:
        """Call the function at an address that a load has written, without arguments."""
        query = {"addr": f"{address:#x}", "args": "", "ret": "u32"}
        return int(self._probe.get_json("call", query)["result"])

    def start_rival(self) -> None:
        """Another server, with the ports of ESP-IDF's HTTPS server and room for three handlers."""
        if self._result("server/rival") != "ESP_OK":
            raise ConditionNotMet("the other server could not be started")

    def attach_server(self, to: str = "probe") -> str:
        """`hotreload_server_attach()` to the server of the probe, or `to` the `rival`."""
        return self._result("server/attach", to=to)

    def detach_server(self) -> str:
        return self._result("server/detach")

    def stop_server(self) -> str:
        return self._result("server/stop")

    def stop_server_in_hook(self) -> None:
        """From here on each reload tries to stop and to start the server in a pre hook."""
        if self._result("server/stop-in-hook") != "ESP_OK":
            raise ConditionNotMet("the hook could not be registered")

    def stopped_in_hook(self) -> tuple[str, str]:
        """What the stop and the start of the last such hook gave."""
        answer = self._probe.get_json("server/stop-in-hook", {})
        return answer["stop"], answer["start"]

    def level_heap(self) -> int:
        """Take memory until there was never less; the free bytes then.

        From here on the lowest figure since boot shows what is needed at most.
        """
        return int(self._probe.post("heap/level")["free"])

    def restart(self) -> None:
        """`esp_restart()`."""
        self._device.expect_restart()
        self._probe.post_last("restart")

    def crash(self) -> None:
        """`abort()`, after which the firmware starts again."""
        with self._device.crashing():
            self._probe.post_last("crash")

    def listen(self) -> None:
        """From here on the firmware prints the component's events."""
        if self._result("events/listen") != "ESP_OK":
            raise ConditionNotMet("no handler for events could be registered")

    def events(self, last: str) -> list[str]:
        """Wait for an event that starts with `last` and return all events up to it, since boot."""
        end, _ = self._console.wait_line(rf"scenarios: event {last}")
        found = (
            line.text.partition("scenarios: event ")[2] for line in self._console.lines[: end + 1]
        )
        return [event for event in found if event]

    def take_memory(self, heap: str, leave: int) -> None:
        """Use up the heap `data`, `exec` or `psram`, but for blocks of at most `leave` bytes."""
        if self._result("memory/take", heap=heap, leave=leave) != "ESP_OK":
            raise ConditionNotMet(f"the {heap} heap could not be used up")

    def give_memory(self) -> None:
        """Give back what was taken."""
        self._result("memory/give")

    def take_sockets(self) -> None:
        """Use up the sockets of the device."""
        if self._result("sockets/take") != "ESP_OK":
            raise ConditionNotMet("the sockets could not be used up")

    def give_sockets(self) -> None:
        """Give back what was taken."""
        self._result("sockets/give")

    def enter_module(self) -> None:
        """A task of the firmware enters the module and stays inside."""
        if self._result("inside/enter") != "ESP_OK":
            raise ConditionNotMet("no task could be created")

    def leave_module(self) -> None:
        """The task that is inside leaves."""
        self._result("inside/leave")

    def reload_from_inside(self) -> str:
        """`hotreload_reload()` called by a function that the module calls."""
        return self._result("inside/reload")

    def start_caller(self) -> None:
        """A task starts to call `answer()` without pause."""
        if self._result("caller/start") != "ESP_OK":
            raise ConditionNotMet("no task could be created")

    def stop_caller(self) -> Calls:
        return Calls(**self._probe.post("caller/stop"))

    def misuse(self) -> dict[str, str]:
        """The C API called wrongly: the name of the error code of each case."""
        return dict(self._probe.get_json("api", {}))

    def _result(self, endpoint: str, body: bytes = b"", **query: str | int) -> str:
        return str(self._probe.post(endpoint, body, **query)["error"])
