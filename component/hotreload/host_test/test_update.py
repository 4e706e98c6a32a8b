"""The public streaming update: begin, write, end, abort."""

from __future__ import annotations

import hashlib
import struct

import pytest

from elf_builder import DATA, IDENTITY, R_RELATIVE, TEXT, ModuleBuilder, Reloc, Symbol
from host import Host, Run

START = ["names=f", "partition=524288,4096"]
CHUNK = 1792  # bytes before anything is erased: HR_UPDATE_CHUNK_SIZE
TIMEOUT = 60 * 1000 * 1000  # microseconds, see stub/sdkconfig.h


def module(tag: int, size: int = 9000) -> bytes:
    data = struct.pack("<II", TEXT, tag) + bytes(size)
    return ModuleBuilder(data=data, rela=[Reloc(DATA, R_RELATIVE)]).build()


GOOD, NEW, OTHER = module(1), module(2), module(3)
LACKING = ModuleBuilder(symbols=[Symbol("g", TEXT)]).build()


def sha(elf: bytes) -> str:
    return hashlib.sha256(elf).hexdigest()


def newest(run: Run) -> list[str]:
    return [line.split("hash=")[1] for line in run.lines("newest size")]


@pytest.fixture
def loaded(host: Host) -> list[str]:
    """Steps to a device with a confirmed module that runs."""
    return [*START, f"api_update={host.file(GOOD)}", "api_load", "confirm"]


def write(file: object, first: int = 0, size: int = 99999, index: int = 0) -> str:
    return f"write={index},{first},{size},{file}"


@pytest.mark.parametrize("piece", [1, 51, CHUNK - 1, CHUNK, CHUNK + 1, 99999])
@pytest.mark.parametrize("size", [0, len(NEW)])
def test_whole(host: Host, loaded: list[str], piece: int, size: int) -> None:
    file = host.file(NEW)
    pieces = range(0, len(NEW), piece) if piece > 1 else [0]
    parts = [write(file, at, piece) for at in pieces] if piece > 1 else [write(file)]
    # an argument list is limited; single bytes are written for the header only
    if piece == 1:
        parts = [*(write(file, at, 1) for at in range(60)), write(file, 60)]
    run = host.run(
        *loaded,
        f"begin=0,{size}",
        *parts,
        "pending",
        "end=0",
        "pending",
        "newest",
        "api_reload",
        "blocks",
    )
    assert run.result("begin") == run.result("end") == "ESP_OK"
    assert set(run.results("write")) == {"ESP_OK"}
    assert newest(run) == [sha(NEW)]
    assert run.lines("pending") == ["pending no size=0", f"pending yes size={len(NEW)}"]
    assert run.lines("event updated") == [
        f"event updated size={size}" for size in (len(GOOD), len(NEW))
    ]
    assert run.result("api_reload") == "ESP_OK"


def test_no_memory_is_left(host: Host, loaded: list[str]) -> None:
    file = host.file(NEW)
    for end in (["end=0"], ["abort=0"]):
        run = host.run(*loaded, "blocks", "begin=0,0", write(file), *end, "blocks")
        assert run.lines("blocks")[0] == run.lines("blocks")[1]


@pytest.mark.parametrize("written", [0, 1, CHUNK - 1])
def test_abort_before_the_first_chunk_costs_nothing(
    host: Host, loaded: list[str], written: int
) -> None:
    file, other = host.file(NEW), host.file(OTHER)
    run = host.run(
        *loaded,
        "operations",
        "begin=0,0",
        write(file, 0, written),
        "abort=0",
        "operations",
        "newest",
        "begin=0,0",
        write(other),
        "end=0",
        "newest",
    )
    assert run.lines("operations")[0] == run.lines("operations")[1]
    assert run.results("abort") == ["ESP_OK"]
    assert newest(run) == [sha(GOOD), sha(OTHER)]
    assert "HR " in run.output and " abort op=update size=" in run.output


def test_abort_later_leaves_the_other_module(host: Host, loaded: list[str]) -> None:
    run = host.run(
        *loaded,
        "begin=0,0",
        write(host.file(NEW), 0, 5000),
        "abort=0",
        "newest",
        "pending",
        *["reboot=1", "names=f", "api_load"],
    )
    assert newest(run) == [sha(GOOD)]
    assert run.results("api_load")[-1] == "ESP_OK"


REFUSED = {
    "text": (b"This is no module. " * 500, "HOTRELOAD_ERR_MAGIC"),
    # a small one, of which the note is in the first chunk, as the component's linker script has it
    "other firmware": (
        module(4, 8).replace(IDENTITY, bytes(16)) + bytes(3000),
        "HOTRELOAD_ERR_IDENTITY",
    ),
    "huge": (
        ModuleBuilder(bss=32 * 1024 * 1024, data=bytes(9000)).build(),
        "ESP_ERR_NO_MEM",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_can_never_be_loaded_is_refused_before_the_first_erase(
    host: Host, loaded: list[str], kind: str
) -> None:
    """And what follows gives the same error, while another update may begin."""
    data, error = REFUSED[kind]
    file, good = host.file(data), host.file(NEW)
    early = [write(file, 0, CHUNK), write(file, CHUNK, 1000), "begin=1,0", "operations", "end=0"]
    run = host.run(
        *loaded, "operations", "begin=0,0", *early, write(good, index=1), "end=1", "newest"
    )
    assert run.results("write") == [error, error, "ESP_OK"]
    assert run.results("end") == [error, "ESP_OK"]
    assert run.results("begin") == ["ESP_OK", "ESP_OK"]
    assert run.lines("operations")[0] == run.lines("operations")[1]
    assert newest(run) == [sha(NEW)]
    assert len(run.lines("event failed")) == 1


def test_what_is_found_out_at_the_end_costs_no_confirmed_module(
    host: Host, loaded: list[str]
) -> None:
    run = host.run(*loaded, "begin=0,0", write(host.file(LACKING)), "end=0", "newest", "pending")
    assert run.result("end") == "HOTRELOAD_ERR_SYMBOL_MISSING"
    assert newest(run) == [sha(GOOD)]
    assert run.lines("pending") == ["pending no size=0"]


def test_nothing_written_is_no_module(host: Host, loaded: list[str]) -> None:
    run = host.run(
        *loaded, "begin=0,0", "end=0", "begin=0,0", write(host.file(NEW), 0, 51), "end=0"
    )
    assert run.results("end") == ["HOTRELOAD_ERR_EMPTY", "HOTRELOAD_ERR_TRUNCATED"]


def test_size_is_refused_at_once(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, f"begin=0,{262144 - 127}", f"begin=0,{262144 - 128}")
    assert run.results("begin") == ["ESP_ERR_INVALID_SIZE", "ESP_OK"]


def test_larger_than_the_slot(host: Host) -> None:
    file = host.file(module(9, 70000))
    run = host.run("names=f", "partition=131072,4096", "begin=0,0", write(file), "end=0", "newest")
    assert run.result("write") == run.result("end") == "ESP_ERR_INVALID_SIZE"


# ---- one at a time ----


def test_one_at_a_time(host: Host, loaded: list[str]) -> None:
    file = host.file(NEW)
    run = host.run(
        *loaded,
        "begin=0,0",
        "begin=1,0",
        f"api_update={file}",
        f"stream=100,{file}",
        "end=0",
        "begin=1,0",
        "abort=1",
    )
    assert run.results("begin") == ["ESP_OK", "HOTRELOAD_ERR_BUSY", "ESP_OK"]
    assert run.results("update")[-1] == run.result("stream") == "HOTRELOAD_ERR_BUSY"


def test_loads_go_on_meanwhile(host: Host, loaded: list[str]) -> None:
    file = host.file(NEW)
    steps = ["begin=0,0", write(file, 0, 5000), "api_reload", "api_unload", "api_load"]
    run = host.run(*loaded, *steps, write(file, 5000), "end=0", "api_reload", "newest")
    assert run.results("api_reload") == ["ESP_OK", "ESP_OK"]
    assert run.results("api_load")[-1] == "ESP_OK"
    assert newest(run) == [sha(NEW)]


@pytest.mark.parametrize("written", [0, 5000])
def test_one_that_is_never_ended_is_given_up(host: Host, loaded: list[str], written: int) -> None:
    """The next one may begin, after the time and not before; late calls are told."""
    file, other = host.file(NEW), host.file(OTHER)
    early = ["begin=0,0", write(file, 0, written), f"time={TIMEOUT - 1}", "begin=1,0"]
    late = [f"time={TIMEOUT}", "begin=1,0", write(file, written), write(other, index=1), "end=0"]
    run = host.run(*loaded, "blocks", *early, *late, "end=1", "newest", "blocks")
    assert run.results("begin") == ["ESP_OK", "HOTRELOAD_ERR_BUSY", "ESP_OK"]
    timeout = "HOTRELOAD_ERR_UPLOAD_TIMEOUT"
    assert run.results("write") == ["ESP_OK", timeout, "ESP_OK"]
    assert run.results("end") == [timeout, "ESP_OK"]
    assert newest(run) == [sha(OTHER)]
    assert run.lines("blocks")[0] == run.lines("blocks")[1]


def test_late_call_ends_it_as_well(host: Host, loaded: list[str]) -> None:
    file = host.file(NEW)
    run = host.run(*loaded, "begin=0,0", f"time={TIMEOUT}", write(file), "begin=1,0", "abort=0")
    assert run.result("write") == "HOTRELOAD_ERR_UPLOAD_TIMEOUT"
    assert run.results("begin") == ["ESP_OK", "ESP_OK"]
    assert run.result("abort") == "ESP_OK"


def test_bad_arguments(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "bad_stream_arguments")
    assert set(run.results("bad stream")) == {"ESP_ERR_INVALID_ARG"}
    assert len(run.results("bad stream")) == 7


def test_not_from_a_hook(host: Host, loaded: list[str]) -> None:
    run = host.run(*loaded, "pre=reloading", "api_reload")
    assert run.result("begin in hook") == "ESP_ERR_INVALID_STATE"
    assert run.result("rollback in hook") == "ESP_ERR_INVALID_STATE"
    assert run.result("confirm in hook") == "ESP_OK"
    assert run.result("list in hook") == "ESP_OK"
    assert run.result("retry in hook") == "HOTRELOAD_ERR_NOTHING_TO_UNDO"
