"""The flash store: what is current, and that a power cut at any operation leaves a whole module."""

from __future__ import annotations

import struct
import zlib

import pytest
from elf_builder import DATA, R_RELATIVE, TEXT, ModuleBuilder, Reloc
from host import Host, Run

GEOMETRIES = ["524288,65536", "524288,4096", "131072,4096"]
BOARD = GEOMETRIES[0]


def module(tag: int, size: int = 0) -> bytes:
    """A module that differs from those of other tags; `size` bytes of data make it large."""
    data = struct.pack("<II", TEXT, tag) + bytes(size)
    return ModuleBuilder(data=data, rela=[Reloc(DATA, R_RELATIVE)]).build()


OLD, NEW, THIRD = module(1, 5000), module(2, 9000), module(3)


def newest(run: Run) -> list[str]:
    return [line.split("crc=")[1] for line in run.lines("newest size")]


def crc(elf: bytes) -> str:
    return f"0x{zlib.crc32(elf):08x}"


def marked(elf: bytes) -> bytes:
    """A raw ELF that an update was about to replace: e_flags are cleared, which nobody reads."""
    return elf[:36] + bytes(4) + elf[40:]


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
    assert newest(run) == [crc(OLD), crc(NEW), crc(THIRD), crc(OLD)]


def test_raw_elf_is_used_until_an_update(host: Host, partition: str) -> None:
    old, new = host.file(OLD), host.file(NEW)
    run = host.run(partition, f"raw={old}", "newest", f"api_update={new}", "newest")
    assert newest(run) == [crc(OLD), crc(NEW)]


@pytest.mark.parametrize("updates", [0, 1, 2, 3])
def test_flashed_raw_elf_always_takes_effect(host: Host, partition: str, updates: int) -> None:
    """Also when it is the same one again that an update has replaced."""
    old, new = host.file(OLD), host.file(NEW)
    steps = [f"raw={old}", *updates * [f"api_update={new}"], f"raw={old}", "newest"]
    assert newest(host.run(partition, *steps)) == [crc(OLD)]


@pytest.mark.parametrize("start", ["blank", "raw", "raw replaced", "first", "second"])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_power_cut_at_every_operation(host: Host, geometry: str, start: str) -> None:
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
    assert newest(clean) == [crc(NEW)]
    assert last > first

    # the last operation writes the record: cut there, half a record is none
    for done in range(last - first):
        cut = [f"cut_after={done}", f"api_update={new}", "power", "newest"]
        again = [f"api_update={third}", "newest"]
        run = host.run(*prepare, *cut, *again)
        found = newest(run)
        # blank flash has nothing to fall back to
        expected = [[crc(OLD)], [crc(marked(OLD))]] if before else [[]]
        assert found[:-1] in expected, f"power cut after {done} operations"
        assert found[-1] == crc(THIRD)


def test_corrupt_module_falls_back_to_the_one_before(host: Host) -> None:
    old, new = host.file(OLD), host.file(NEW)
    steps = [f"api_update={old}", f"api_update={new}"]
    # the second update went to the first slot; 100 bytes behind its record is text of the module
    run = host.run(
        f"partition={BOARD}", *steps, "corrupt=164", "newest", f"api_update={new}", "newest"
    )
    assert newest(run) == [crc(OLD), crc(NEW)]


def test_corrupt_record_counts_for_nothing(host: Host) -> None:
    """Not even when its sequence number has become the higher one."""
    old, new = host.file(OLD), host.file(NEW)
    second_slot = 524288 // 2
    steps = [f"api_update={old}", f"api_update={new}", f"corrupt={second_slot + 4}", "newest"]
    assert newest(host.run(f"partition={BOARD}", *steps)) == [crc(NEW)]


def test_bad_module_is_not_written(host: Host) -> None:
    old, bad = host.file(OLD), host.file(NEW[:-1])
    steps = [f"raw={old}", "operations", f"api_update={bad}", "operations", "newest"]
    run = host.run(f"partition={BOARD}", *steps)
    assert run.result("update").startswith("HOTRELOAD_ERR_")
    assert run.lines("operations") == ["operations 0", "operations 0"]
    assert newest(run) == [crc(OLD)]


@pytest.mark.parametrize("piece", [1, 51, 52, 1000, 10000])
def test_update_arrives_in_pieces(host: Host, partition: str, piece: int) -> None:
    run = host.run(partition, "names=f", f"stream={piece},{host.file(NEW)}", "newest")
    assert run.result("stream") == "ESP_OK"
    assert newest(run) == [crc(NEW)]


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
    assert newest(run) == [crc(OLD)]


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
    assert newest(run) == [crc(OLD)]
    assert run.lines("blocks")[0].endswith("mappings 0")


def test_partition_of_one_block(host: Host) -> None:
    run = host.run("partition=65536,65536", f"api_update={host.file(NEW)}")
    assert run.result("update") == "HOTRELOAD_ERR_PARTITION"


def test_encrypted_partition_is_read_only(host: Host) -> None:
    old, new = host.file(OLD), host.file(NEW)
    run = host.run(f"partition={BOARD}", f"raw={old}", "encrypt", f"api_update={new}", "newest")
    assert run.result("update") == "HOTRELOAD_ERR_PARTITION"
    assert newest(run) == [crc(OLD)]


def test_update_is_not_loaded(host: Host) -> None:
    run = host.run("names=f", f"partition={BOARD}", f"api_update={host.file(NEW)}", "table")
    assert run.lines("table") == ["table f unloaded"]
