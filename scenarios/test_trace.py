"""Each kind of line of the trace has the fields that another source predicts, and no others."""

import hashlib
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from pytest_embedded_hotreload.api import (
    Device,
    HotReloadHTTPError,
    Module,
    Placement,
    Segment,
    TraceEvent,
    Variant,
    functions_run,
)
from pytest_embedded_hotreload.dynamic import DynamicTable
from pytest_embedded_hotreload.trace import EVENTS
from scenarios.bench import Bench, Hook, module_with
from scenarios.test_server import half_sent
from scenarios.test_unload_first import UNLOAD_FIRST, more_than_is_free

pytestmark = pytest.mark.firmware(config=UNLOAD_FIRST)

LABEL = "hotreload"
#: of a slot: its record and the marks, in front of the ELF
RECORD = 64
ELF_AT = 128
#: by number, as the Xtensa supplement to the ABI has them
TYPES = {0: "none", 1: "r32", 3: "glob_dat", 4: "jmp_slot", 5: "relative", 6: "plt"}
CODES = {
    "ESP_ERR_NO_MEM": 0x101,
    "ESP_ERR_INVALID_STATE": 0x103,
    "HOTRELOAD_ERR_MARKED_BAD": 0x4804D,
    "HOTRELOAD_ERR_BODY_TRUNCATED": 0x48025,
}
#: what only hotreload_update_abort() gives, which the component's host tests call
ELSEWHERE = {"abort"}

MADE_AND_UNMADE = """\
#include "module_api.h"
static volatile int32_t made;
int32_t answer(void) { return 43 + made; }
__attribute__((constructor(200))) static void begin_first(void) { made = 1; }
__attribute__((constructor(300))) static void begin_second(void) { made = made * 10 + 2; }
__attribute__((destructor)) static void end(void) { made = 0; }
"""

Line = tuple[str, dict[str, Any]]


def failed(name: str) -> dict[str, Any]:
    return {"code": CODES[name], "name": name}


@dataclass
class Story:
    """Predicts the lines of each operation from the ELFs and from what the test has asked for."""

    device: Device
    exports: int
    half: int
    hooks: dict[str, Hook] = field(default_factory=dict)
    number: int = 0
    loaded: Module | None = None
    placed: dict[int, Placement] = field(default_factory=dict)

    def request(self, op: str, **fields: Any) -> Line:
        return "request", {"op": op, **fields}

    def from_flash(self, op: str) -> Line:
        return self.request(op, source="flash", partition=LABEL)

    def validate(self, module: Module) -> Line:
        table = DynamicTable(module.data)
        symbols = ELFFile(io.BytesIO(module.unstripped.read_bytes())).get_section_by_name(".dynsym")
        assert isinstance(symbols, SymbolTableSection)
        return "validate", {
            "size": len(module.data),
            "segments": len(segments(module)),
            "relocs": len(list(table.relocations())),
            "symbols": symbols.num_symbols(),
        }

    def update(self, module: Module, slot: int, supersedes: int | None = None) -> Iterator[Line]:
        """An upload; the pieces that it is written in are taken together."""
        at = slot * self.half
        size = len(module.data)
        yield self.request("update", partition=LABEL, size=size)
        yield self.store("erase", at, ELF_AT + size)
        yield self.store("write", at + ELF_AT, size)
        yield self.validate(module)
        if supersedes is not None:
            yield self.store("supersede", supersedes * self.half + 4, 4)
        yield self.store("commit", at, ELF_AT)
        yield "done", {"op": "update", "module": self.number if self.loaded else 0}

    def store(self, op: str, offset: int, size: int) -> Line:
        return "store", {"op": op, "partition": LABEL, "offset": offset, "size": size}

    def place(self, module: Module, from_ram: bool = False) -> Iterator[Line]:
        """The next number; addresses are those that the memory is compared at by the oracle."""
        self.number += 1
        number = {"module": self.number}
        self.loaded = module
        placement = placement_of(self.device, self.number)
        self.placed[self.number] = placement
        for index, segment in enumerate(segments(module)):
            kind = "text" if segment.executable else "data"
            address = (placement.text if segment.executable else placement.data).address
            fields = {"seg": index, "kind": kind, "link": segment.link, "size": segment.size}
            yield "place", number | fields | {"filesz": segment.file_size, "addr": address}
        counts = Counter(TYPES[entry.type] for entry in DynamicTable(module.data).relocations())
        kinds = {name: counts[name] for name in TYPES.values()}
        yield "relocate", number | kinds | {"other": 0}
        elf = hashlib.sha256(module.data).hexdigest()[:8]
        yield (
            "resolve",
            number | {"symbols": self.exports, "elf": "0" if from_ram else elf},
        )

    def start(self, slot: int) -> Line:
        """Its first start is counted, in the first of its marks."""
        return self.store("start", slot * self.half + RECORD, 4)

    def hook(self, kind: str) -> Iterator[Line]:
        hook = self.hooks[kind]
        fields = {"kind": kind, "index": 0, "fn": hook.fn, "ctx": hook.ctx}
        yield "hook_enter", fields
        yield "hook_leave", fields

    def unload(self) -> Iterator[Line]:
        """The old module goes."""
        yield "switch", {"module": 0}
        yield "retire", {"module": self.number}

    def free(self) -> Iterator[Line]:
        assert self.loaded is not None
        placement = self.placed[self.number]
        destructors = functions_run(self.loaded.data, placement)[1]
        for index, function in enumerate(destructors):
            place = {"index": len(destructors) - 1 - index, "fn": function}
            yield "destruct", {"module": self.number, **place}
        addresses = {"text": placement.text.address, "data": placement.data.address}
        yield "free", {"module": self.number, **addresses}

    def construct(self) -> Iterator[Line]:
        assert self.loaded is not None
        functions = functions_run(self.loaded.data, self.placed[self.number])[0]
        for index, function in enumerate(functions):
            yield "construct", {"module": self.number, "index": index, "fn": function}

    def replace(
        self, op: str, module: Module, slot: int | None = None, from_ram: bool = False
    ) -> Iterator[Line]:
        """A whole reload, unloading first; `slot` when it is the first start of what is there."""
        yield self.validate(module)
        yield from self.hook("pre")
        yield from self.unload()
        yield from self.free()
        yield from self.place(module, from_ram)
        if slot is not None:
            yield self.start(slot)
        yield from self.construct()
        yield "switch", {"module": self.number}
        yield from self.hook("post")


class Loadable(NamedTuple):
    """A PT_LOAD program header."""

    link: int
    file_size: int
    size: int
    executable: bool


def segments(module: Module) -> list[Loadable]:
    """What the device loads of it."""
    return [
        Loadable(s["p_vaddr"], s["p_filesz"], s["p_memsz"], bool(s["p_flags"] & 1))
        for s in ELFFile(io.BytesIO(module.data)).iter_segments()
        if s["p_type"] == "PT_LOAD"
    ]


def placement_of(device: Device, number: int) -> Placement:
    """Where a module lay."""
    return Placement(
        number,
        tuple(
            Segment(*(event[key] for key in ("seg", "kind", "link", "size", "filesz", "addr")))
            for event in device.trace.events
            if event.name == "place" and event["module"] == number
        ),
    )


def lines(events: list[TraceEvent]) -> list[Line]:
    """As the story has them: what is written in pieces is one, and blocks are erased whole."""
    told: list[Line] = []
    for event in events:
        fields = dict(event.fields)
        if "elf" in fields:
            fields["elf"] = str(fields["elf"])  # digits that may look like a number
        if fields.get("op") == "write" and told[-1][1].get("op") == "write":
            last = told[-1][1]
            assert fields["offset"] == last["offset"] + last["size"]
            last["size"] += fields["size"]
        else:
            told.append((event.name, fields))
    return told


def rounded(line: Line, size: int) -> Line:
    """With the blocks that had to be erased for so many bytes."""
    name, fields = line
    if fields.get("op") == "erase" and fields["size"] % 4096 == 0 and fields["size"] >= size:
        return name, fields | {"size": size}
    return line


def test_each_line(device: Device, bench: Bench, variant: Variant) -> None:
    partition = device.flash.partition(LABEL)
    story = Story(device, len(device.probe.symbols()), partition.size // 2)
    base, old, plain = variant(), variant(text=MADE_AND_UNMADE), variant("answer_43")
    too_large = module_with(variant, 43, more_than_is_free(device))
    expected: list[Line] = [("trace", {"version": 1}), story.from_flash("load")]
    expected += [story.validate(base), *story.place(base), story.start(0)]
    expected += [("switch", {"module": 1}), ("done", {"op": "load", "module": 1})]

    story.hooks = {"pre": bench.register_hook("pre"), "post": bench.register_hook("post", "b", 3)}
    device.client.upload_and_reload(old)
    expected += [*story.update(old, 1, supersedes=0), story.from_flash("reload")]
    expected += [*story.replace("reload", old, 1), ("done", {"op": "reload", "module": 2})]

    device.client.confirm()
    expected += [story.store("confirm", story.half + RECORD + 4, 4)]

    assert bench.load_from_ram(plain.data) == "ESP_OK"
    size = len(plain.data)
    expected += [story.request("load_buffer", source="ram", size=size)]
    expected += story.replace("load_buffer", plain, from_ram=True)
    expected += [("done", {"op": "load_buffer", "module": 3})]

    assert bench.load() == "ESP_ERR_INVALID_STATE"
    expected += [story.from_flash("load")]
    expected += [("error", {"op": "load", **failed("ESP_ERR_INVALID_STATE")})]

    with pytest.raises(HotReloadHTTPError):
        device.client.upload_and_reload(too_large)
    expected += [*story.update(too_large, 0), story.from_flash("reload")]
    expected += [story.validate(too_large), *story.hook("pre"), *story.unload(), *story.free()]
    expected += [("fallback", failed("ESP_ERR_NO_MEM")), story.validate(old), *story.place(old)]
    expected += [*story.construct(), ("switch", {"module": 4}), *story.hook("post")]
    expected += [("error", {"op": "reload", **failed("ESP_ERR_NO_MEM")})]

    device.client.upload_and_reload(plain)
    expected += [*story.update(plain, 0), story.from_flash("reload")]
    expected += [*story.replace("reload", plain, 0), ("done", {"op": "reload", "module": 5})]

    device.client.rollback()
    expected += [story.from_flash("rollback"), *story.replace("rollback", old)]
    expected += [story.store("bad", RECORD + 8, 4), ("done", {"op": "rollback", "module": 6})]

    device.client.reload()
    expected += [story.from_flash("reload")]
    expected += [("pass", {"slot": 0, **failed("HOTRELOAD_ERR_MARKED_BAD")})]
    expected += [*story.replace("reload", old), ("done", {"op": "reload", "module": 7})]

    device.client.retry()
    expected += [story.store("undo", RECORD + 12, 4)]

    with half_sent(device, plain.data) as upload:
        upload.cut()
    device.trace.wait("error", op="update")
    cut = device.trace.events[-2]
    assert (cut["op"], cut["offset"]) == ("write", ELF_AT)
    assert cut["size"] <= size // 2
    expected += [story.request("update", partition=LABEL, size=size)]
    expected += [story.store("erase", 0, ELF_AT + size), story.store("write", ELF_AT, cut["size"])]
    expected += [("error", {"op": "update", **failed("HOTRELOAD_ERR_BODY_TRUNCATED")})]

    assert bench.unload() == "ESP_OK"
    device.trace.wait("free", module=7)
    expected += [story.request("unload"), *story.unload()]
    expected += [("done", {"op": "unload", "module": 0}), *story.free()]

    told = lines(device.trace.events)
    told = [
        rounded(line, fields["size"]) if name == "store" else line
        for line, (name, fields) in zip(told, expected, strict=False)
    ]
    for number, (line, wanted) in enumerate(zip(told, expected, strict=False)):
        assert line == wanted, f"line {number} of the trace"
    assert len(told) == len(expected)
    assert {name for name, _ in expected} == EVENTS - ELSEWHERE
    uptime = device.client.status()["uptime_s"]
    times = [event.microseconds / 1e6 for event in device.trace.events]
    assert times == sorted(times) and uptime - 10 < times[-1] <= uptime
