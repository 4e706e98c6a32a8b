"""The flash store: what is current, and that a power cut at any operation leaves a whole module."""

from __future__ import annotations

import hashlib
import struct

import pytest
from elf_builder import DATA, R_RELATIVE, TEXT, ModuleBuilder, Reloc
from host import Host, Run

GEOMETRIES = ["524288,65536", "524288,4096", "131072,4096"]
BOARD = GEOMETRIES[0]
# a cut leaves half of an operation, or half of the bits, or every second page
TORN = ["cut_after", "cut_bits_after", "cut_pages_after"]


def module(tag: int, size: int = 0) -> bytes:
    """A module that differs from those of other tags; `size` bytes of data make it large."""
    data = struct.pack("<II", TEXT, tag) + bytes(size)
    return ModuleBuilder(data=data, rela=[Reloc(DATA, R_RELATIVE)]).build()


OLD, NEW, THIRD = module(1, 5000), module(2, 9000), module(3)


def newest(run: Run) -> list[str]:
    return [line.split("hash=")[1] for line in run.lines("newest size")]


def previous(run: Run) -> list[str]:
    return [line.split("hash=")[1] for line in run.lines("previous")]


def sha(elf: bytes) -> str:
    return hashlib.sha256(elf).hexdigest()


@pytest.fixture(params=GEOMETRIES)
def partition(request: pytest.FixtureRequest) -> str:
    return f"partition={request.param}"


def test_blank_flash_has_no_module(host: Host, partition: str) -> None:
    run = host.run(partition, "newest", "blocks")
    assert run.result("newest") == "HOTRELOAD_ERR_NO_MODULE"
    assert run.message("newest") == "no module: partition hotreload is blank"
    assert run.lines("blocks")[0].endswith("mappings 0")


def test_newest_is_the_last_update(host: Host, partition: str) -> None:
    old, new, third = (host.file(elf) for elf in (OLD, NEW, THIRD))
    steps = [f"api_update={old}", "newest", f"api_update={new}", "newest"]
    steps += [f"api_update={third}", "newest", f"api_update={old}", "newest"]
    run = host.run(partition, *steps)
    assert newest(run) == [sha(OLD), sha(NEW), sha(THIRD), sha(OLD)]


def test_raw_elf_is_used_until_an_update(host: Host, partition: str) -> None:
    old, new = host.file(OLD), host.file(NEW)
    run = host.run(partition, f"raw={old}", "newest", f"api_update={new}", "newest")
    assert newest(run) == [sha(OLD), sha(NEW)]


@pytest.mark.parametrize("updates", [0, 1, 2, 3])
def test_flashed_raw_elf_always_takes_effect(host: Host, partition: str, updates: int) -> None:
    """Also when it is the same one again that an update has replaced."""
    old, new = host.file(OLD), host.file(NEW)
    steps = [f"raw={old}", *updates * [f"api_update={new}"], f"raw={old}", "newest"]
    assert newest(host.run(partition, *steps)) == [sha(OLD)]


@pytest.mark.parametrize("start", ["blank", "raw", "raw replaced", "first", "second"])
@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("torn", TORN)
def test_power_cut_at_every_operation(host: Host, torn: str, geometry: str, start: str) -> None:
    """The old module stays until the last operation is done, and the next update works."""
    old, new, third = (host.file(elf) for elf in (OLD, NEW, THIRD))
    before = {
        "blank": [],
        "raw": [f"raw={old}"],
        "raw replaced": [f"raw={third}", f"api_update={old}"],
        "first": [f"api_update={third}", f"api_update={old}"],
        "second": [f"api_update={old}", f"api_update={third}", f"api_update={old}"],
    }[start]
    prepare = [f"partition={geometry}", *before]
    clean = host.run(*prepare, "operations", f"api_update={new}", "operations", "newest")
    first, last = (int(line.split()[1]) for line in clean.lines("operations"))
    assert newest(clean) == [sha(NEW)]
    assert last > first

    # the last operation writes the record: cut there, half a record is none
    for done in range(last - first):
        cut = [f"{torn}={done}", f"api_update={new}", "power", "newest"]
        again = [f"api_update={third}", "newest"]
        run = host.run(*prepare, *cut, *again)
        found = newest(run)
        # blank flash has nothing to fall back to; of a raw ELF, flags may be cleared in part
        flags = [bytes([0, bits, 0, 0]) for bits in (0, 1, 2, 3)]
        expected = [[sha(OLD[:36] + value + OLD[40:])] for value in flags] if before else [[]]
        assert found[:-1] in expected, f"power cut after {done} operations"
        assert found[-1] == sha(THIRD)


def test_corrupt_module_falls_back_to_the_one_before(host: Host) -> None:
    old, new = host.file(OLD), host.file(NEW)
    steps = [f"api_update={old}", f"api_update={new}"]
    # the second update went to the first slot; 100 bytes behind its record is text of the module
    run = host.run(
        f"partition={BOARD}", *steps, "corrupt=164", "newest", f"api_update={new}", "newest"
    )
    assert newest(run) == [sha(OLD), sha(NEW)]


def test_what_keeps_the_one_before_from_being_used_is_told(host: Host) -> None:
    """Not what is wrong with the newest one: that was no memory for the other's hash."""
    steps = [f"api_update={host.file(OLD)}", f"api_update={host.file(NEW)}", "corrupt=164"]
    run = host.run("names=f", f"partition={BOARD}", *steps, "fail_at=2", "newest")
    assert run.result("newest") == "ESP_ERR_NO_MEM"
    assert "no SHA-256 of the module" in run.message("newest")


def test_raw_elf_that_is_broken_falls_back_to_what_was_uploaded(host: Host) -> None:
    """Flashing was cut off, say; the next update does not cost the good one."""
    old, new, third = (host.file(elf) for elf in (OLD, NEW, THIRD))
    half = host.file(NEW[: len(NEW) // 2])
    steps = [f"raw={new}", f"api_update={old}", f"raw={half}", "newest"]
    run = host.run(f"partition={BOARD}", *steps)
    assert newest(run) == [sha(OLD)]
    assert "the newest module is not complete, using the one before: " in run.output
    for done in range(3):
        cut = [f"cut_after={done}", f"api_update={third}", "power", "newest"]
        assert newest(host.run(f"partition={BOARD}", *steps, *cut)) == [sha(OLD), sha(OLD)]


@pytest.mark.parametrize("length", [200, 4000, 6000])
def test_broken_raw_elf_alone_is_told(host: Host, length: int) -> None:
    run = host.run("names=f", f"partition={BOARD}", f"raw={host.file(NEW[:length])}", "api_load")
    assert run.result("api_load").startswith("HOTRELOAD_ERR_")
    assert run.result("api_load") != "HOTRELOAD_ERR_NO_MODULE"


def test_corrupt_module_alone_is_told(host: Host) -> None:
    second_slot = 524288 // 2
    steps = [f"api_update={host.file(NEW)}", f"corrupt={second_slot + 164}", "api_load"]
    run = host.run("names=f", f"partition={BOARD}", *steps)
    assert run.result("api_load") == "HOTRELOAD_ERR_STORE"


def test_shorter_record_is_not_the_same_module(host: Host) -> None:
    """The length counts as well: the hash is of exactly the bytes that were uploaded."""
    longer = NEW + bytes(100)
    steps = [f"api_update={host.file(longer)}", "newest", f"api_update={host.file(NEW)}", "newest"]
    assert newest(host.run(f"partition={BOARD}", *steps)) == [sha(longer), sha(NEW)]


def test_previous_module(host: Host, partition: str) -> None:
    old, new, third = (host.file(elf) for elf in (OLD, NEW, THIRD))
    steps = ["newest", f"api_update={old}", "newest", f"api_update={new}", "newest"]
    run = host.run(partition, *steps, f"api_update={third}", "newest", f"raw={old}", "newest")
    # the second update went to the first slot, the third over the first update, the raw one over
    # the second
    assert previous(run) == [sha(OLD), sha(NEW), sha(THIRD)]


@pytest.mark.parametrize("updates", [1, 2])
def test_module_set_aside_is_used_no_more(host: Host, partition: str, updates: int) -> None:
    files = [host.file(elf) for elf in (OLD, NEW, THIRD)]
    steps = [f"api_update={file}" for file in files[: updates + 1]]
    run = host.run(partition, *steps, "set_aside", "newest", "aside", f"api_update={files[2]}")
    before, crashing = [(OLD, NEW), (NEW, THIRD)][updates - 1]
    assert newest(run) == [sha(before)]
    assert run.lines("set aside") == [f"set aside hash={sha(crashing)}"]
    assert [line for line in run.lines("HR") if "op=set_aside" in line]


def test_update_after_a_module_was_set_aside(host: Host, partition: str) -> None:
    old, new, third = (host.file(elf) for elf in (OLD, NEW, THIRD))
    steps = [f"raw={old}", f"api_update={new}", "set_aside", f"api_update={third}", "newest"]
    run = host.run(partition, *steps, "aside", "set_aside", "newest")
    assert newest(run)[0] == sha(THIRD)
    assert run.lines("set aside") == []  # the update was written over it
    assert newest(run)[1] in (sha(OLD), sha(OLD[:36] + bytes(4) + OLD[40:]))


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("before", ["blank", "raw", "update"])
def test_flashing_takes_effect_after_a_module_was_set_aside(
    host: Host, partition: str, before: str, same: bool
) -> None:
    old, new = host.file(OLD), host.file(NEW)
    first = {"blank": [], "raw": [f"raw={old}"], "update": [f"api_update={old}"] * 2}[before]
    last = f"raw={new}"
    crashing = {"blank": last, "raw": f"api_update={new}", "update": f"api_update={new}"}[before]
    flashed = f"raw={new if same else old}"
    run = host.run(partition, *first, crashing, "set_aside", flashed, "newest")
    assert newest(run) == [sha(NEW if same else OLD)]


def test_only_module_set_aside_leaves_none(host: Host, partition: str) -> None:
    new, old = host.file(NEW), host.file(OLD)
    steps = [f"raw={new}", "set_aside", "newest", "aside", f"api_update={old}", "newest"]
    run = host.run(partition, *steps)
    assert run.results("newest") == ["HOTRELOAD_ERR_NO_MODULE", "ESP_OK"]
    assert run.message("newest") == "no module: partition hotreload has only what was set aside"
    assert run.lines("set aside") == [f"set aside hash={'0' * 64}"]  # a raw one has no record
    assert newest(run) == [sha(OLD)]


@pytest.mark.parametrize("torn", TORN)
@pytest.mark.parametrize("start", ["raw", "update"])
def test_power_cut_while_a_module_is_set_aside(host: Host, start: str, torn: str) -> None:
    """It was set aside, or it was not: nothing else is lost, and the next update works."""
    old, new, third = (host.file(elf) for elf in (OLD, NEW, THIRD))
    steps = [f"api_update={old}", f"raw={new}"]
    if start == "update":
        steps = [f"raw={old}", f"api_update={new}"]
    cut = [f"{torn}=0", "set_aside", "power", "newest", "aside"]
    run = host.run(f"partition={BOARD}", *steps, *cut, f"api_update={third}", "newest")
    found, last = newest(run)
    if found == sha(NEW):
        assert run.lines("set aside") == []
    else:
        assert found in (sha(OLD), sha(OLD[:36] + bytes(4) + OLD[40:]))
        assert len(run.lines("set aside")) == 1
    assert last == sha(THIRD)


def test_corrupt_record_counts_for_nothing(host: Host) -> None:
    """Not even when its sequence number has become the higher one."""
    old, new = host.file(OLD), host.file(NEW)
    second_slot = 524288 // 2
    steps = [f"api_update={old}", f"api_update={new}", f"corrupt={second_slot + 4}", "newest"]
    assert newest(host.run(f"partition={BOARD}", *steps)) == [sha(NEW)]


def test_bad_module_is_not_written(host: Host) -> None:
    old, bad = host.file(OLD), host.file(NEW[:-1])
    steps = [f"raw={old}", "operations", f"api_update={bad}", "operations", "newest"]
    run = host.run(f"partition={BOARD}", *steps)
    assert run.result("update").startswith("HOTRELOAD_ERR_")
    assert run.lines("operations") == ["operations 0", "operations 0"]
    assert newest(run) == [sha(OLD)]


@pytest.mark.parametrize("piece", [1, 51, 52, 1000, 10000])
def test_update_arrives_in_pieces(host: Host, partition: str, piece: int) -> None:
    run = host.run(partition, "names=f", f"stream={piece},{host.file(NEW)}", "newest")
    assert run.result("stream") == "ESP_OK"
    assert newest(run) == [sha(NEW)]


NO_MODULES = {
    "nothing": (b"", "HOTRELOAD_ERR_EMPTY"),
    "half a header": (NEW[:51], "HOTRELOAD_ERR_TRUNCATED"),
    "text": (b"This is no module. " * 500, "HOTRELOAD_ERR_MAGIC"),
    "other machine": (NEW[:18] + b"\xf3\x00" + NEW[20:], "HOTRELOAD_ERR_MACHINE"),
}


@pytest.mark.parametrize("piece", [1, 52, 10000])
@pytest.mark.parametrize("kind", NO_MODULES)
def test_what_is_no_module_costs_no_erase(host: Host, kind: str, piece: int) -> None:
    data, error = NO_MODULES[kind]
    steps = [f"raw={host.file(OLD)}", f"stream={piece},{host.file(data)}", "operations", "newest"]
    run = host.run(f"partition={BOARD}", "names=f", *steps, f"stream=52,{host.file(NEW)}")
    assert run.results("stream") == [error, "ESP_OK"]
    assert run.lines("operations") == ["operations 0"]
    assert newest(run) == [sha(OLD)]


def test_what_no_memory_holds_is_not_stored(host: Host) -> None:
    """The next start would load it in vain."""
    huge = host.file(ModuleBuilder(bss=32 * 1024 * 1024).build())
    steps = [f"raw={host.file(OLD)}", f"api_update={huge}", "operations", f"stream=999,{huge}"]
    run = host.run(f"partition={BOARD}", "names=f", *steps, "newest")
    assert (run.result("update"), run.result("stream")) == ("ESP_ERR_NO_MEM",) * 2
    assert "all memory for data" in run.message("stream")
    assert run.lines("operations") == ["operations 0"]
    assert newest(run) == [sha(OLD)]


def test_update_erases_only_what_it_writes(host: Host) -> None:
    new = host.file(NEW)
    run = host.run("partition=524288,4096", f"api_update={new}")
    erased = [line for line in run.lines("HR") if "op=erase" in line]
    assert len(erased) == (len(NEW) + 64 + 4095) // 4096


@pytest.mark.parametrize(("extra", "expected"), [(0, "ESP_OK"), (1, "ESP_ERR_INVALID_SIZE")])
def test_largest_module(host: Host, extra: int, expected: str) -> None:
    """Half of the partition without the record."""
    size = 65536 - 64 + extra
    elf = module(1)
    elf += bytes(size - len(elf))  # what follows an ELF does not matter
    run = host.run("partition=131072,4096", f"api_update={host.file(elf)}")
    assert run.result("update") == expected


def test_missing_partition(host: Host) -> None:
    run = host.run(f"api_update={host.file(NEW)}", "names=f", "api_load=hotreload", "api_reload=x")
    assert run.result("update") == "ESP_ERR_NOT_FOUND"
    assert run.result("api_load") == "ESP_ERR_NOT_FOUND"
    assert run.result("api_reload") == "ESP_ERR_NOT_FOUND"


@pytest.mark.parametrize("how", ["api_update=", "stream=1000,"])
def test_what_flash_did_not_keep_is_not_current(host: Host, how: str) -> None:
    """A cell of the second slot is worn out; the driver says that all is well."""
    old, new = host.file(OLD), host.file(NEW)
    steps = [f"raw={old}", f"wear_out={524288 // 2 + 64 + 1}", f"{how}{new}", "newest", "blocks"]
    run = host.run(f"partition={BOARD}", "names=f", *steps)
    assert run.result("stream" if "stream" in how else "update") == "HOTRELOAD_ERR_STORE"
    assert newest(run) == [sha(OLD)]
    assert run.lines("blocks")[0].endswith("mappings 0")


def test_partition_of_one_block(host: Host) -> None:
    run = host.run("partition=65536,65536", f"api_update={host.file(NEW)}")
    assert run.result("update") == "HOTRELOAD_ERR_PARTITION"


def test_encrypted_partition_is_read_only(host: Host) -> None:
    old, new = host.file(OLD), host.file(NEW)
    run = host.run(f"partition={BOARD}", f"raw={old}", "encrypt", f"api_update={new}", "newest")
    assert run.result("update") == "HOTRELOAD_ERR_PARTITION"
    assert newest(run) == [sha(OLD)]


def test_update_is_not_loaded(host: Host) -> None:
    run = host.run("names=f", f"partition={BOARD}", f"api_update={host.file(NEW)}", "table")
    assert run.lines("table") == ["table f unloaded"]
