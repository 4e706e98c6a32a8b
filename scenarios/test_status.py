"""Every field of `/status` is what another source says, whatever has happened before."""

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from pytest_embedded_hotreload.api import Device, HotReloadHTTPError, Module, Variant
from pytest_embedded_hotreload.dynamic import DynamicTable
from scenarios.bench import Bench, module_with
from scenarios.test_going_back import PATIENT
from scenarios.test_unload_first import UNLOAD_FIRST, more_than_is_free

pytestmark = pytest.mark.firmware(config=PATIENT)

NOWHERE = {"address": "0x00000000", "size": 0}
#: of a module that was flashed, not uploaded
FLASHED = 0xFFFFFFFF
#: bytes that answers and connections take for a moment
NEAR = 4096
#: seconds between an operation and the question
SOON = 10.0


def sha(elf: bytes) -> str:
    return hashlib.sha256(elf).hexdigest()


@dataclass
class Slot:
    """What a test has done to a slot."""

    elf: bytes
    state: str = "written"
    sequence: int = FLASHED
    starts: int = 1
    running: bool = False


@dataclass
class Story:
    """What a test has done so far, from which it says what the whole answer has to be."""

    device: Device
    slots: list[Slot]
    loaded: Module | None
    module: int = 1
    loads: int = 1
    hash_known: bool = True
    confirmed: bool = False
    retired: int = 0
    restarts: int = 0
    reset_reason: str = "power-on"
    pending: bytes | None = None
    passed_over: list[dict[str, Any]] = field(default_factory=list)
    last_error: dict[str, str] | None = None
    #: seconds since boot that the last answer told, and how many lines the trace had then
    told: tuple[float, int] = (0.0, 0)

    def load(self, module: Module, slot: Slot | None = None) -> None:
        """It is the one that runs from here on."""
        self.loaded, self.hash_known = module, slot is not None
        self.module += 1
        self.loads += 1
        for other in self.slots:
            other.running = other is slot

    def fails(self, call: Callable[[], object]) -> None:
        """A request is refused; the answer says why."""
        with pytest.raises(HotReloadHTTPError) as refused:
            call()
        self.last_error = {"error": refused.value.name, "message": refused.value.message}

    def logged(self, name: str) -> None:
        """An operation of the application has failed: the log says why."""
        said = [line.text for line in self.device.console.lines if f": {name}: " in line.text]
        self.last_error = {"error": name, "message": said[-1].partition(f": {name}: ")[2]}

    def check(self) -> None:
        """Ask, and compare every field; one that is not here fails."""
        events = self.device.trace.events
        heaps = self.device.probe.heaps()
        status: dict[str, Any] = dict(self.device.client.status())
        later = self.device.probe.heaps()
        uptime, heap = status.pop("uptime_s"), status.pop("heap")
        before, seen = self.told
        self.told = uptime, len(events)

        assert status == self.expected(status)
        assert 0 <= uptime - events[-1].microseconds / 1e6 < SOON
        assert all(event.microseconds / 1e6 >= before for event in events[seen:][:1])
        free, least = heap.pop("data_free"), heap.pop("data_minimum")
        assert heap == {
            "exec_free": heaps.exec_free,
            "exec_largest": heaps.exec_largest,
            "psram_free": 0,
        }
        assert abs(free - heaps.data_free) < NEAR
        assert heaps.data_minimum >= least >= later.data_minimum
        assert free - least > 2 * NEAR, "the two have to differ to be told apart"

    def expected(self, status: dict[str, Any]) -> dict[str, Any]:
        elf = self.loaded.data if self.loaded else b""
        options = self.device.firmware.sdkconfig
        return {
            "status": "ok",
            "loaded": self.loaded is not None,
            "module": self.module if self.loaded else 0,
            "size": len(elf),
            "hash": sha(elf) if self.loaded and self.hash_known else None,
            "confirmed": self.confirmed,
            "confirm_ms": options["HOTRELOAD_CONFIRM_MS"],
            "loads": self.loads,
            "retired": self.retired,
            "reset_reason": self.reset_reason,
            "restarts": self.restarts,
            "firmware": self.device.firmware.identity.hex(),
            "text": self.text(),
            "data": self.data(),
            "partition": "hotreload",
            "max_size": options["HOTRELOAD_MAX_ELF_SIZE"],
            "reload_mode": "immediate",
            "pending": {"size": len(self.pending), "hash": sha(self.pending)}
            if self.pending
            else None,
            "slots": self.slots_told(),
            "passed_over": self.passed_over,
            "last_error": self.last_error,
        }

    def text(self) -> dict[str, Any]:
        """By where the firmware's stub of a function leads, and the ELF."""
        if self.loaded is None:
            return NOWHERE
        link, size, _ = self.segment(executable=True)
        linked = {symbol.name: symbol.value for symbol in DynamicTable(self.loaded.data).symbols()}
        called = {symbol.name: symbol.target for symbol in self.device.probe.symbols()}
        return {"address": f"{called['answer'] - linked['answer'] + link:#010x}", "size": size}

    def data(self) -> dict[str, Any]:
        """By where a function's text lies, and the ELF."""
        if self.loaded is None:
            return NOWHERE
        _, size, content = self.segment(executable=False)
        text = self.device.probe.text("greeting").encode() + b"\0"
        start = int(self.device.probe.call("greeting")) - content.index(text)
        return {"address": f"{start:#010x}", "size": size}

    def segment(self, executable: bool) -> tuple[int, int, bytes]:
        """Link address, bytes in memory, and bytes in the file."""
        assert self.loaded is not None
        (found,) = [
            segment
            for segment in ELFFile(io.BytesIO(self.loaded.data)).iter_segments()
            if segment["p_type"] == "PT_LOAD" and bool(segment["p_flags"] & 1) == executable
        ]
        return int(found["p_vaddr"]), int(found["p_memsz"]), bytes(found.data())

    def slots_told(self) -> list[dict[str, Any]]:
        """In the order of the story; the number is that of the half in which the flash has it."""
        partition = self.device.flash.read_partition("hotreload")
        halves = [partition.index(slot.elf) // (len(partition) // 2) for slot in self.slots]
        told: list[dict[str, Any]] = [
            {
                "slot": half,
                "state": slot.state,
                "size": len(slot.elf),
                "sequence": slot.sequence,
                "starts": slot.starts,
                "hash": sha(slot.elf),
                "running": slot.running,
            }
            for half, slot in zip(halves, self.slots, strict=True)
        ]
        if len(told) == 1:
            blank = {"state": "blank", "size": 0, "sequence": 0, "starts": 0, "hash": None}
            told.append({"slot": 1 - halves[0], **blank, "running": False})
        return told


@pytest.fixture
def story(device: Device, bench: Bench, variant: Variant) -> Story:
    """A device as it has started, whose heap was once nearly full."""
    bench.take_memory("data", leave=8 * 1024)
    bench.give_memory()
    base = variant()
    return Story(device, [Slot(base.data, running=True)], base)


def test_after_each_operation(story: Story, bench: Bench, variant: Variant) -> None:
    client, trace = story.device.client, story.device.trace
    story.check()

    first = variant("answer_43")
    client.upload(first)
    story.slots.insert(0, Slot(first.data, sequence=1, starts=0))
    story.slots[1].sequence = 0  # what was flashed is the older one now
    story.pending = first.data
    story.check()

    bench.visit(0, "queue", depth=2)
    client.reload()
    story.slots[0].starts = 1
    story.load(first, story.slots[0])
    story.pending, story.retired = None, 1
    story.check()

    bench.leave(0)
    trace.wait("free", module=1)
    story.retired = 0
    story.check()

    bigger = variant("bigger")
    assert bench.load_from_ram(bigger.data) == "ESP_OK"
    trace.wait("free", module=2)
    story.load(bigger)
    story.check()

    assert bench.unload() == "ESP_OK"
    trace.wait("free", module=3)
    story.loaded = None
    story.check()

    assert bench.load() == "ESP_OK"
    story.load(first, story.slots[0])
    story.check()


def test_last_failure(story: Story, bench: Bench, variant: Variant) -> None:
    """Each takes the place of the one before, with its own words; a success takes none away."""
    client = story.device.client
    story.fails(lambda: client.upload(b"no module"))
    story.check()

    story.fails(lambda: client.upload(bytes(100)))
    story.check()

    assert bench.load() == "ESP_ERR_INVALID_STATE"
    story.logged("ESP_ERR_INVALID_STATE")
    story.check()

    assert bench.load_from_ram(variant("answer_43").data) == "ESP_OK"
    story.device.trace.wait("free", module=1)
    story.load(variant("answer_43"))
    story.check()


def test_going_back(story: Story, variant: Variant) -> None:
    client, trace = story.device.client, story.device.trace
    base = variant()
    client.confirm()
    story.confirmed, story.slots[0].state = True, "confirmed"
    story.check()

    bad = variant("answer_43")
    client.upload_and_reload(bad)
    trace.wait("free", module=1)
    story.slots[0].sequence = 0
    story.slots.insert(0, Slot(bad.data, sequence=1))
    story.load(bad, story.slots[0])
    story.confirmed = False
    story.check()

    client.rollback()
    trace.wait("free", module=2)
    story.slots[0].state = "bad"
    story.load(base, story.slots[1])
    story.confirmed = True
    story.check()

    client.reload()
    trace.wait("free", module=3)
    story.load(base, story.slots[1])
    passed = story.slots_told()[0]
    message = "the module in slot {slot} of partition hotreload was marked bad".format(**passed)
    story.passed_over = [
        {
            "slot": passed["slot"],
            "hash": sha(bad.data),
            "error": "HOTRELOAD_ERR_MARKED_BAD",
            "message": message,
        }
    ]
    story.check()


@pytest.mark.firmware(config=UNLOAD_FIRST)
def test_module_that_was_fallen_back_to(story: Story, variant: Variant) -> None:
    """The sizes and places are those of the one that runs, not of the one that did not fit."""
    device, base = story.device, variant()
    too_large = module_with(variant, 43, more_than_is_free(device))

    story.fails(lambda: device.client.upload_and_reload(too_large))

    story.slots[0].sequence = 0
    story.slots.insert(0, Slot(too_large.data, sequence=1, starts=0))
    story.load(base, story.slots[1])
    story.check()


@pytest.mark.needs("soft-reset")
def test_after_a_restart(story: Story, bench: Bench) -> None:
    bench.restart()
    story.device.wait_ready()
    bench.take_memory("data", leave=8 * 1024)
    bench.give_memory()
    story.reset_reason, story.restarts = "software", 1
    story.check()
