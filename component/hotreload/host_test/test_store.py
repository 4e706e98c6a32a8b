"""The flash store: which module is taken, which slot an update overwrites, and that a power cut at
any operation of any change leaves what the rule says."""

from __future__ import annotations

import hashlib
import itertools
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from elf_builder import DATA, IDENTITY, R_RELATIVE, TEXT, ModuleBuilder, Reloc
from host import Host, Run
from hotreload_build.slot import flash_image
from slots import FLASHED, ONES, SAME_CRC, Slot, before, raw_bad, raw_superseded

GEOMETRIES = ["524288,65536", "524288,4096", "131072,4096"]
BOARD = GEOMETRIES[0]
SECOND = 524288 // 2  # offset of the second slot there
# a cut leaves half of an operation, or half of the bits, or every second page
TORN = ["cut_after", "cut_bits_after", "cut_pages_after"]
STARTS = 3  # after which a module has yielded, see stub/sdkconfig.h
OTHER_FIRMWARE = bytes(range(16))


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


def slots(run: Run) -> dict[int, str]:
    """What the last listing says of each slot: state, starts, sequence, size, hash."""
    found = run.lines("slot ")[-2:]
    return {int(line.split()[1]): line.split(" ", 2)[2] for line in found}


def state(run: Run, slot: int) -> str:
    return slots(run)[slot].split()[0]


def starts(run: Run, slot: int) -> int:
    return int(slots(run)[slot].split()[1].split("=")[1])


@pytest.fixture(params=GEOMETRIES)
def partition(request: pytest.FixtureRequest) -> str:
    return f"partition={request.param}"


def test_blank_flash_has_no_module(host: Host, partition: str) -> None:
    run = host.run(partition, "newest", "slots", "blocks")
    assert run.result("newest") == "HOTRELOAD_ERR_NO_MODULE"
    assert run.message("newest") == "no module: partition hotreload is blank"
    assert (state(run, 0), state(run, 1)) == ("blank", "blank")
    assert run.lines("blocks")[0].endswith("mappings 0")


def test_newest_is_the_last_update(host: Host, partition: str) -> None:
    old, new, third = (host.file(elf) for elf in (OLD, NEW, THIRD))
    steps = [f"api_update={old}", "newest", f"api_update={new}", "newest"]
    steps += [f"api_update={third}", "newest", f"api_update={old}", "newest"]
    run = host.run(partition, *steps)
    assert newest(run) == [sha(OLD), sha(NEW), sha(THIRD), sha(OLD)]


def test_record_is_as_documented(host: Host) -> None:
    """What an update writes is what this test's own reading of the format says."""
    steps = [f"api_update={host.file(OLD)}", "slots"]
    written = slots(host.run(f"partition={BOARD}", *steps))
    image = host.file(Slot(OLD, sequence=1).image())
    given = slots(host.run(f"partition={BOARD}", f"program={SECOND},{image}", "slots"))
    assert written == given
    assert written[1].startswith(f"written starts=0 sequence=1 size={len(OLD)}")


# ---- what a load takes ----


@dataclass(frozen=True)
class Kind:
    """A content of a slot, and what the rules say about it."""

    image: Callable[[bytes, int], bytes]  # of an ELF and a sequence
    state: str
    taken: bool = False
    worth: int = 0  # an update goes over the lower one
    newer_first: bool = False  # of two that are worth the same


def flashed(sequence: int) -> Callable[[bytes, int], bytes]:
    return lambda elf, _: Slot(elf, sequence, flashed=True).image()


KINDS = {
    "blank": Kind(lambda elf, n: b"\xff" * 64, "blank"),
    "torn": Kind(lambda elf, n: Slot(elf, n).torn(), "damaged"),
    "written": Kind(lambda elf, n: Slot(elf, n).image(), "written", True, 3, True),
    "tried": Kind(lambda elf, n: Slot(elf, n, starts=STARTS - 1).image(), "written", True, 3, True),
    "again": Kind(lambda elf, n: Slot(elf, n, life=2, starts=1).image(), "written", True, 3, True),
    "yielded": Kind(lambda elf, n: Slot(elf, n, starts=STARTS).image(), "yielded", False, 2),
    "confirmed": Kind(lambda elf, n: Slot(elf, n, confirmed=True).image(), "confirmed", True, 5),
    "confirmed late": Kind(
        lambda elf, n: Slot(elf, n, starts=30, confirmed=True, life=3).image(), "confirmed", True, 5
    ),
    "bad": Kind(lambda elf, n: Slot(elf, n, confirmed=True, bad=True).image(), "bad", False, 1),
    "other": Kind(lambda elf, n: Slot(elf, n, firmware=OTHER_FIRMWARE).image(), "other", False, 4),
    "other confirmed": Kind(
        lambda elf, n: Slot(elf, n, firmware=OTHER_FIRMWARE, confirmed=True).image(),
        *("other", False, 4),
    ),
    "other bad": Kind(
        lambda elf, n: Slot(elf, n, firmware=OTHER_FIRMWARE, bad=True).image(), "other", False, 1
    ),
    "before": Kind(before, "other", False, 4),
}
# of the first slot only; the age of a flashed one is not its sequence
FLASHED_KINDS = {
    "flashed": Kind(flashed(FLASHED), "written", True, 3, True),
    "flashed superseded": Kind(flashed(0), "written", True, 3, True),
    "flashed torn": Kind(flashed(0x00FF00FF), "written", True, 3, True),
    "raw": Kind(lambda elf, n: elf, "written", True, 3, True),
    "raw superseded": Kind(lambda elf, n: raw_superseded(elf), "written", True, 3, True),
    "raw bad": Kind(lambda elf, n: raw_bad(elf), "bad", False, 1),
}


def pairs() -> Iterator[tuple[str, str, bool]]:
    """Names of what is in both slots, and whether the first one is the newer one."""
    for first, second in itertools.product(KINDS, KINDS):
        yield first, second, True
        yield first, second, False
    for first, second in itertools.product(FLASHED_KINDS, KINDS):
        yield first, second, "superseded" not in first and "torn" not in first


@dataclass(frozen=True)
class Partition:
    """Two slots, and what the rules say: written from the issue, not from the component."""

    kinds: tuple[Kind, Kind]
    first_is_newer: bool

    def candidates(self) -> list[int]:
        order = [0, 1] if self.first_is_newer else [1, 0]
        return [slot for slot in order if self.kinds[slot].taken]

    def victim(self) -> int:
        first, second = self.kinds
        if first.worth != second.worth:
            return 0 if first.worth < second.worth else 1
        if first.worth == 0:
            return 1
        return 0 if self.first_is_newer == first.newer_first else 1


@pytest.mark.parametrize(("first", "second", "first_is_newer"), list(pairs()))
def test_what_is_taken_and_what_is_overwritten(
    host: Host, first: str, second: str, first_is_newer: bool
) -> None:
    kinds = ({**KINDS, **FLASHED_KINDS}[first], KINDS[second])
    rules = Partition(kinds, first_is_newer)
    sequences = (8, 7) if first_is_newer else (7, 8)
    elfs = (OLD, NEW)
    images = [host.file(kinds[i].image(elfs[i], sequences[i])) for i in (0, 1)]
    prepare = [f"partition={BOARD}", f"program=0,{images[0]}", f"program={SECOND},{images[1]}"]
    run = host.run(*prepare, "slots", "newest", f"api_update={host.file(THIRD)}", "slots", "newest")
    before_update = run.lines("slot ")[:2]
    states = {int(line.split()[1]): line.split()[2] for line in before_update}
    assert (states[0], states[1]) == (kinds[0].state, kinds[1].state)

    order = rules.candidates()
    hashes = [
        sha(raw_superseded(OLD) if i == 0 and first == "raw superseded" else elfs[i]) for i in order
    ]
    assert newest(run)[:-1] + previous(run)[: len(order) - 1] == hashes
    assert newest(run)[-1] == sha(THIRD)

    victim = rules.victim()
    assert slots(run)[victim].startswith("written starts=0 ")
    assert slots(run)[victim].endswith(sha(THIRD))
    stays = 1 - victim
    assert state(run, stays) == kinds[stays].state
    if kinds[stays].taken:
        assert previous(run)[-1] in (sha(elfs[stays]), sha(raw_superseded(elfs[stays])))


@pytest.mark.parametrize("slot", [0, 1])
@pytest.mark.parametrize("kind", ["confirmed", "other", "before", "written"])
def test_slot_that_only_seems_to_have_a_module_goes_first(host: Host, kind: str, slot: int) -> None:
    """Its record is good, its content is not: nothing is lost with it, unlike the unproven one."""
    image = bytearray(KINDS[kind].image(OLD, 9))
    image[1000] ^= 1
    good = Slot(NEW, 5).image()
    offsets = (0, SECOND) if slot == 0 else (SECOND, 0)
    steps = [f"program={offsets[0]},{host.file(bytes(image))}"]
    steps += [f"program={offsets[1]},{host.file(good)}", f"api_update={host.file(THIRD)}"]
    run = host.run(f"partition={BOARD}", *steps, "newest")
    # of two unproven ones, the newer one goes, which is the damaged one here as well
    assert (newest(run), previous(run)) == ([sha(THIRD)], [sha(NEW)])


def test_what_is_passed_over_is_told(host: Host) -> None:
    yielded = host.file(Slot(OLD, 4, starts=STARTS).image())
    other = host.file(Slot(NEW, 5, firmware=OTHER_FIRMWARE).image())
    run = host.run(
        f"partition={BOARD}",
        f"program=0,{yielded}",
        f"program={SECOND},{other}",
        "newest",
        "names=f",
        "api_load",
    )
    told = [line.split(" ", 3)[1:3] for line in run.lines("passed slot")]
    assert told == [["slot=1", "HOTRELOAD_ERR_IDENTITY"], ["slot=0", "HOTRELOAD_ERR_YIELDED"]]
    assert run.result("newest") == "HOTRELOAD_ERR_NO_MODULE"
    assert f"is for the firmware {OTHER_FIRMWARE.hex()}" in run.message("newest")
    assert run.result("api_load") == "HOTRELOAD_ERR_IDENTITY"
    assert run.lines("event passed_over") == [
        "event passed_over slot=1 error=HOTRELOAD_ERR_IDENTITY",
        "event passed_over slot=0 error=HOTRELOAD_ERR_YIELDED",
    ]
    assert len(run.lines("W hotreload: passed over: ")) == 2


@pytest.mark.parametrize("kind", ["bad", "torn", "before"])
def test_reason_of_what_is_passed_over(host: Host, kind: str) -> None:
    errors = {
        "bad": "HOTRELOAD_ERR_MARKED_BAD",
        "torn": "HOTRELOAD_ERR_STORE",
        "before": "HOTRELOAD_ERR_IDENTITY",
    }
    good = host.file(Slot(OLD, 4, confirmed=True).image())
    image = host.file(KINDS[kind].image(NEW, 5))
    run = host.run(f"partition={BOARD}", f"program=0,{good}", f"program={SECOND},{image}", "newest")
    assert newest(run) == [sha(OLD)]
    assert len(run.lines(f"passed slot=1 {errors[kind]} ")) == 1
    # a slot without a module is older than any that has one
    output = run.output.splitlines()
    is_first = output[0].startswith("passed slot=1")
    assert is_first == (kind != "torn")


def test_corrupt_module_falls_back_to_the_one_before(host: Host) -> None:
    old, new = host.file(OLD), host.file(NEW)
    steps = [f"api_update={old}", "mark=confirmed", f"api_update={new}"]
    # the first update went to the second slot, the second one to the first
    run = host.run(
        f"partition={BOARD}", *steps, "corrupt=228", "newest", f"api_update={new}", "newest"
    )
    assert newest(run) == [sha(OLD), sha(NEW)]
    assert len(run.lines("passed slot=0 HOTRELOAD_ERR_STORE")) == 1


def test_what_keeps_the_one_before_from_being_used_is_told(host: Host) -> None:
    """Not what is wrong with the newest one: that was no memory for the other's hash."""
    old = Slot(OLD, sequence=1, confirmed=True, crc=ONES).image()
    steps = [f"program={SECOND},{host.file(old)}", f"api_update={host.file(NEW)}"]
    run = host.run("names=f", f"partition={BOARD}", *steps, "corrupt=228", "fail_at=2", "newest")
    assert run.result("newest") == "ESP_ERR_NO_MEM"
    assert "no SHA-256 of the module" in run.message("newest")


# ---- by what a module is found to be whole ----


def beside_old(host: Host, image: bytes) -> list[str]:
    """`image` is newer than OLD."""
    old = Slot(OLD, sequence=1, confirmed=True).image()
    return [
        f"partition={BOARD}",
        f"program=0,{host.file(old)}",
        f"program={SECOND},{host.file(image)}",
    ]


def changes(size: int) -> Iterator[tuple[int, bytes]]:
    """Of an ELF with so many bytes: one bit, two of them far apart, and as many as 32 in a row."""
    for at in (*range(0, size - 4, size // 23), size - 4):
        yield at, bytes([1 << at % 8])
        yield at, (at % 0xFFFF_FFFF + 1).to_bytes(4, "little")
    yield 0, b"\x01" + bytes(size - 2) + b"\x80"
    yield 100, b"\xff" * (size - 100)


@pytest.mark.parametrize("confirmed", [False, True])
def test_damage_is_found(host: Host, confirmed: bool) -> None:
    slot = Slot(NEW, sequence=2, confirmed=confirmed)
    for at, bits in changes(len(NEW)):
        run = host.run(*beside_old(host, slot.damaged(at, bits)), "newest")
        assert newest(run) == [sha(OLD)], (at, bits[:4])
        assert len(run.lines("passed slot=1 HOTRELOAD_ERR_STORE")) == 1


@pytest.mark.parametrize(
    ("slot", "seen"),
    [
        (Slot(NEW, sequence=2), True),
        (Slot(NEW, sequence=2, life=1), True),
        (Slot(NEW, sequence=2, confirmed=True, crc=ONES), True),
        (Slot(NEW, sequence=2, confirmed=True), False),
    ],
    ids=["unproven", "unproven again", "confirmed without CRC", "confirmed"],
)
@pytest.mark.parametrize("at", [0, 200, len(NEW) - len(SAME_CRC)])
def test_only_of_a_confirmed_module_the_crc_is_enough(
    host: Host, slot: Slot, seen: bool, at: int
) -> None:
    """Damage that no CRC-32 sees; the SHA-256 does."""
    run = host.run(*beside_old(host, slot.damaged(at, SAME_CRC)), "newest")
    assert newest(run) == [sha(OLD if seen else NEW)]


@pytest.mark.parametrize("crc", [0, 1, ONES - 1])
def test_damaged_crc_is_no_damaged_module(host: Host, crc: int) -> None:
    image = Slot(NEW, sequence=2, confirmed=True, crc=crc).image()
    assert newest(host.run(*beside_old(host, image), "newest")) == [sha(NEW)]


@pytest.mark.parametrize("state", ["confirmed", "undo"])
@pytest.mark.parametrize("way", ["update", "flashed"])
def test_confirmed_module_costs_no_hash(host: Host, way: str, state: str) -> None:
    """As it needs the memory of none; once it is unproven again, it does."""
    image = host.file(flash_image(OLD, IDENTITY))
    brings = f"api_update={host.file(OLD)}" if way == "update" else f"raw={image}"
    steps = [f"partition={BOARD}", brings, "mark=confirmed"]
    steps += ["mark=undo"] if state == "undo" else []
    run = host.run(*steps, "fail_at=1", "newest")
    assert run.result("newest") == ("ESP_OK" if state == "confirmed" else "ESP_ERR_NO_MEM")


# ---- flashing ----


@pytest.mark.parametrize("kind", ["raw", "flashed"])
def test_flashed_module_is_used_until_an_update(host: Host, partition: str, kind: str) -> None:
    image, new = host.file(FLASHED_KINDS[kind].image(OLD, 0)), host.file(NEW)
    run = host.run(partition, f"raw={image}", "newest", f"api_update={new}", "newest")
    assert newest(run) == [sha(OLD), sha(NEW)]


@pytest.mark.parametrize("kind", ["raw", "flashed"])
@pytest.mark.parametrize("updates", [0, 1, 2, 3])
def test_flashed_module_always_takes_effect(
    host: Host, partition: str, updates: int, kind: str
) -> None:
    """Also when it is the same one again that an update has replaced."""
    image, new = host.file(FLASHED_KINDS[kind].image(OLD, 0)), host.file(NEW)
    steps = [f"raw={image}", *updates * [f"api_update={new}"], f"raw={image}", "newest"]
    assert newest(host.run(partition, *steps)) == [sha(OLD)]
    marked = [*steps[:-1], "mark=bad", f"raw={image}", "newest"]
    assert newest(host.run(partition, *marked)) == [sha(OLD)]


def test_flashed_module_is_confirmed_although_it_is_superseded(host: Host) -> None:
    """An update arrives while it runs: what is known of it is still kept."""
    image, new = host.file(Slot(OLD, flashed=True).image()), host.file(NEW)
    steps = [f"raw={image}", "remember", f"api_update={new}", "mark_remembered=confirmed", "slots"]
    run = host.run(f"partition={BOARD}", *steps)
    assert run.result("mark_remembered") == "ESP_OK"
    assert (state(run, 0), state(run, 1)) == ("confirmed", "written")


def test_raw_elf_that_is_broken_falls_back_to_what_was_uploaded(host: Host) -> None:
    """Flashing was cut off, say; the next update does not cost the good one."""
    old, third = host.file(OLD), host.file(THIRD)
    half = host.file(NEW[: len(NEW) // 2])
    steps = [f"api_update={old}", f"raw={half}", "newest"]
    assert newest(host.run(f"partition={BOARD}", *steps)) == [sha(OLD)]
    for done in range(3):
        cut = [f"cut_after={done}", f"api_update={third}", "power", "newest"]
        # half of the last operation is enough for the update to be there
        last = THIRD if done == 2 else OLD
        assert newest(host.run(f"partition={BOARD}", *steps, *cut)) == [sha(OLD), sha(last)]


@pytest.mark.parametrize("length", [200, 4000, 6000])
def test_broken_raw_elf_alone_is_told(host: Host, length: int) -> None:
    run = host.run("names=f", f"partition={BOARD}", f"raw={host.file(NEW[:length])}", "api_load")
    assert run.result("api_load").startswith("HOTRELOAD_ERR_")
    assert run.result("api_load") != "HOTRELOAD_ERR_NO_MODULE"


def test_corrupt_module_alone_is_told(host: Host) -> None:
    steps = [f"api_update={host.file(NEW)}", f"corrupt={SECOND + 228}", "api_load"]
    run = host.run("names=f", f"partition={BOARD}", *steps)
    assert run.result("api_load") == "HOTRELOAD_ERR_STORE"


def test_shorter_record_is_not_the_same_module(host: Host) -> None:
    """The length counts as well: the hash is of exactly the bytes that were uploaded."""
    longer = NEW + bytes(100)
    steps = [f"api_update={host.file(longer)}", "newest", f"api_update={host.file(NEW)}", "newest"]
    assert newest(host.run(f"partition={BOARD}", *steps)) == [sha(longer), sha(NEW)]


@pytest.mark.parametrize("offset", [4, 8, 12, 43, 44, 59, 60])
def test_corrupt_record_counts_for_nothing(host: Host, offset: int) -> None:
    """Not even when its sequence number has become the higher one."""
    old, new = host.file(OLD), host.file(NEW)
    steps = [f"api_update={old}", "mark=confirmed", f"api_update={new}"]
    run = host.run(f"partition={BOARD}", *steps, f"corrupt={SECOND + offset}", "newest", "slots")
    assert newest(run) == [sha(NEW)]
    assert state(run, 1) == "damaged"


# ---- marks ----

MARKS = {"start": "written", "confirmed": "confirmed", "bad": "bad"}


@pytest.mark.parametrize("kind", MARKS)
def test_mark(host: Host, partition: str, kind: str) -> None:
    run = host.run(partition, f"api_update={host.file(NEW)}", f"mark={kind}", "slots")
    assert run.result("mark") == "ESP_OK"
    assert state(run, 1) == MARKS[kind]
    assert starts(run, 1) == (kind == "start")


@pytest.mark.parametrize("kind", [*MARKS, "undo"])
@pytest.mark.parametrize("same", [True, False])
def test_mark_is_bound_to_the_module_it_was_meant_for(host: Host, kind: str, same: bool) -> None:
    """Another update has taken the slot meanwhile; also one of the same content."""
    new, next_one = host.file(NEW), host.file(NEW if same else THIRD)
    steps = ["remember", f"api_update={next_one}", f"mark_remembered={kind}", "slots"]
    run = host.run(f"partition={BOARD}", f"api_update={new}", "mark=start", *steps)
    # the newer of two unproven ones: the same slot again, but that there is a blank one first
    assert run.result("mark_remembered") == "ESP_OK"
    full = [f"api_update={host.file(OLD)}", "mark=confirmed", f"api_update={new}", *steps]
    run = host.run(f"partition={BOARD}", *full)
    assert run.result("mark_remembered") == "HOTRELOAD_ERR_STORE"
    assert "does not hold the module any more" in run.message("mark_remembered")
    assert (state(run, 0), state(run, 1)) == ("written", "confirmed")
    assert starts(run, 0) == 0


@pytest.mark.parametrize("kind", ["confirmed", "bad", "undo"])
def test_slot_that_is_written_to_is_not_marked(host: Host, kind: str) -> None:
    big = host.file(module(4, 20000))
    steps = [f"api_update={host.file(OLD)}", "mark=confirmed", f"api_update={host.file(NEW)}"]
    stream = ["remember", "begin=0,0", f"write=0,0,5000,{big}", f"mark_remembered={kind}"]
    run = host.run(f"partition={BOARD}", *steps, *stream, "abort=0", f"mark_remembered={kind}")
    assert run.results("mark_remembered") == ["HOTRELOAD_ERR_BUSY", "HOTRELOAD_ERR_STORE"]


def test_update_takes_what_is_unproven_when_it_is_first_written(host: Host) -> None:
    """What was confirmed while the first bytes came is not overwritten."""
    big = host.file(module(4, 20000))
    steps = [f"api_update={host.file(OLD)}", f"api_update={host.file(NEW)}"]
    stream = ["begin=0,0", f"write=0,0,1000,{big}", "mark=confirmed", f"write=0,1000,99999,{big}"]
    run = host.run("names=f", f"partition={BOARD}", *steps, *stream, "end=0", "newest")
    assert run.result("end") == "ESP_OK"
    assert (newest(run), previous(run)) == ([sha(module(4, 20000))], [sha(NEW)])


def test_module_is_no_candidate_while_an_update_is_written_over_it(host: Host) -> None:
    big = host.file(module(4, 20000))
    steps = [f"api_update={host.file(OLD)}", "mark=confirmed", f"api_update={host.file(NEW)}"]
    stream = ["begin=0,0", f"write=0,0,1791,{big}", "newest", f"write=0,1791,1,{big}", "newest"]
    run = host.run(f"partition={BOARD}", *steps, *stream, "abort=0", "newest")
    assert newest(run) == [sha(NEW), sha(OLD), sha(OLD)]


@pytest.mark.parametrize("kind", ["confirmed", "bad", "undo", "start"])
def test_nothing_is_marked_in_an_encrypted_partition(host: Host, kind: str) -> None:
    image = host.file(Slot(OLD, flashed=True, starts=STARTS).image())
    run = host.run(
        f"partition={BOARD}", f"raw={image}", "encrypt", f"mark={kind}", "operations", "newest"
    )
    assert run.result("mark") == ("ESP_OK" if kind == "start" else "HOTRELOAD_ERR_PARTITION")
    assert run.lines("operations") == ["operations 0"]
    assert newest(run) == [sha(OLD)]  # however often it was started


@pytest.mark.parametrize("kind", ["confirmed", "undo"])
def test_raw_elf_cannot_be_marked(host: Host, kind: str) -> None:
    run = host.run(f"partition={BOARD}", f"raw={host.file(OLD)}", f"mark={kind}", "operations")
    assert run.result("mark") == "ESP_ERR_NOT_SUPPORTED"
    assert "idf.py hotreload-flash" in run.message("mark")
    assert run.lines("operations") == ["operations 0"]


def test_raw_elf_is_bad_for_good(host: Host) -> None:
    old = host.file(OLD)
    steps = ["remember", "mark=bad", "newest", "mark_remembered=bad", "slots", "retry"]
    run = host.run(f"partition={BOARD}", f"raw={old}", *steps, f"raw={old}", "newest")
    assert run.results("mark_remembered") == ["ESP_OK"]
    assert state(run, 0) == "bad"
    assert run.result("retry") == "HOTRELOAD_ERR_UNDO_USED_UP"
    assert newest(run) == [sha(OLD)]


def test_another_raw_elf_is_not_marked(host: Host) -> None:
    """Flashed while the device ran, say: the hash is made anew."""
    steps = [f"raw={host.file(OLD)}", "remember", f"raw={host.file(NEW)}", "mark_remembered=bad"]
    run = host.run(f"partition={BOARD}", *steps, "newest")
    assert run.result("mark_remembered") == "HOTRELOAD_ERR_STORE"
    assert newest(run) == [sha(NEW)]


def test_confirming_what_is_bad_is_refused(host: Host) -> None:
    steps = ["remember", "mark=bad", "mark_remembered=confirmed", "slots"]
    run = host.run(f"partition={BOARD}", f"api_update={host.file(OLD)}", *steps)
    assert run.result("mark_remembered") == "ESP_ERR_INVALID_STATE"
    assert state(run, 1) == "bad"


@pytest.mark.parametrize("kind", ["confirmed", "bad"])
def test_same_mark_is_not_written_twice(host: Host, kind: str) -> None:
    steps = ["remember", f"mark={kind}", "operations", f"mark_remembered={kind}", "operations"]
    run = host.run(f"partition={BOARD}", f"api_update={host.file(OLD)}", *steps)
    assert run.lines("operations")[0] == run.lines("operations")[1]
    assert run.result("mark_remembered") == "ESP_OK"


def test_undo_is_possible_three_times(host: Host) -> None:
    steps = [step for _ in range(4) for step in ("mark=bad", "retry", "slots")]
    run = host.run(f"partition={BOARD}", f"api_update={host.file(OLD)}", *steps, "newest")
    assert run.results("retry") == [*["ESP_OK"] * 3, "HOTRELOAD_ERR_UNDO_USED_UP"]
    states = [line.split()[2] for line in run.lines("slot 1")]
    assert states == ["written", "written", "written", "bad"]
    assert newest(run) == []
    assert "upload it again" in run.output
    again = host.run(
        f"partition={BOARD}",
        f"api_update={host.file(OLD)}",
        *steps,
        f"api_update={host.file(OLD)}",
        "mark=bad",
        "retry",
        "newest",
    )
    assert again.results("retry")[-1] == "ESP_OK"
    assert newest(again) == [sha(OLD)]


def test_undo_forgets_all_that_is_known(host: Host) -> None:
    image = host.file(Slot(OLD, 3, starts=7, confirmed=True, bad=True).image())
    run = host.run(f"partition={BOARD}", f"program=0,{image}", "retry", "slots")
    assert slots(run)[0].startswith("written starts=0 ")


def test_undo_takes_the_newest_that_has_something_to_undo(host: Host) -> None:
    first, second = Slot(OLD, 3, bad=True).image(), Slot(NEW, 4, starts=STARTS).image()
    steps = [f"program=0,{host.file(first)}", f"program={SECOND},{host.file(second)}"]
    run = host.run(f"partition={BOARD}", *steps, *["retry", "newest"] * 3)
    assert run.results("retry") == ["ESP_OK", "ESP_OK", "HOTRELOAD_ERR_NOTHING_TO_UNDO"]
    assert newest(run) == [sha(NEW)] * 3
    assert previous(run) == [sha(OLD)] * 2


def test_undo_leaves_what_is_another_firmwares(host: Host) -> None:
    image = host.file(Slot(OLD, 3, firmware=OTHER_FIRMWARE, bad=True).image())
    run = host.run(f"partition={BOARD}", f"program=0,{image}", "retry", "operations")
    assert run.result("retry") == "HOTRELOAD_ERR_NOTHING_TO_UNDO"
    assert run.lines("operations") == ["operations 0"]


@pytest.mark.parametrize("how", ["freeze", "wear_out"])
def test_mark_that_the_flash_does_not_keep_is_an_error(host: Host, how: str) -> None:
    fault = "freeze" if how == "freeze" else f"wear_out={SECOND + 64 + 4}"
    kind = "bad" if how == "freeze" else "start"
    step = [f"api_update={host.file(OLD)}", "freeze", f"mark={kind}"]
    run = host.run(f"partition={BOARD}", *step)
    assert run.result("mark") == "HOTRELOAD_ERR_STORE", fault
    assert "the flash is worn out" in run.message("mark")


def test_sequence_of_a_failed_update_is_not_given_again(host: Host) -> None:
    """What an application knows by it would be another module."""
    steps = [f"api_update={host.file(OLD)}", "mark=confirmed"]
    failed = ["cut_after=2", f"api_update={host.file(NEW)}", "power"]
    run = host.run(f"partition={BOARD}", *steps, *failed, f"api_update={host.file(THIRD)}", "slots")
    assert slots(run)[0].split()[2] == "sequence=3"


# ---- power cuts ----

OLD_FLASHED = Slot(OLD, flashed=True)
CUT_STARTS = {
    "blank": [],
    "raw": ["raw={old}"],
    "flashed": ["raw={flashed}"],
    "flashed and confirmed": ["raw={flashed}", "mark=confirmed"],
    "raw superseded": ["raw={third}", "api_update={old}"],
    "flashed superseded": ["raw={flashed_third}", "api_update={old}"],
    "flashed, confirmed and superseded": [
        *("raw={flashed_third}", "mark=confirmed", "api_update={old}"),
    ],
    "unproven": ["api_update={old}"],
    "two unproven": ["api_update={third}", "api_update={old}"],
    "confirmed": ["api_update={old}", "mark=confirmed"],
    "older one confirmed": ["api_update={third}", "mark=confirmed", "api_update={old}"],
    "two confirmed": [
        *("api_update={third}", "mark=confirmed", "api_update={old}", "mark=confirmed"),
    ],
    "confirmed and bad": [
        *("api_update={old}", "mark=confirmed", "api_update={third}", "mark=bad"),
    ],
}


def prepared(host: Host, geometry: str, start: str) -> list[str]:
    files = {
        "old": OLD,
        "third": THIRD,
        "flashed": OLD_FLASHED.image(),
        "flashed_third": Slot(THIRD, flashed=True).image(),
    }
    paths = {name: host.file(content) for name, content in files.items()}
    return [f"partition={geometry}", *(step.format(**paths) for step in CUT_STARTS[start])]


@pytest.mark.parametrize("start", CUT_STARTS)
@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("torn", TORN)
def test_power_cut_at_every_operation_of_an_update(
    host: Host, torn: str, geometry: str, start: str
) -> None:
    """What the update was not written over is as it was, until the last operation is done; then the
    next update works."""
    new, fourth = host.file(NEW), host.file(module(4))
    steps = prepared(host, geometry, start)
    clean = host.run(
        *steps, "newest", "operations", f"api_update={new}", "operations", "newest", "slots"
    )
    first, last = (int(line.split()[1]) for line in clean.lines("operations"))
    had = newest(clean)[:-1]
    stays = [hash for hash in previous(clean)[-1:] if newest(clean)[-1] == sha(NEW)]
    # e_flags of a raw ELF are cleared when it becomes the older one, perhaps in part
    marked = {sha(OLD[:36] + bytes([0, bits, 0, 0]) + OLD[40:]): sha(OLD) for bits in range(4)}
    assert newest(clean)[-1] == sha(NEW)
    assert last > first

    # the last operation writes the header: cut there, half a record is none, and a whole one is an
    # update, also when the CRC behind it was not written
    for done in range(last - first):
        cut = [f"{torn}={done}", f"api_update={new}", "power", "newest"]
        run = host.run(*steps, *cut, f"api_update={fourth}", "newest")
        found = [marked.get(value, value) for value in newest(run)]
        allowed = [[marked.get(value, value)] for value in (*had, *stays)] or [[]]
        if done == last - first - 1:
            allowed.append([sha(NEW)])
        if not stays and had:
            allowed.append([])  # the only one was written over
        assert found[:-1] in allowed, f"power cut after {done} operations"
        assert found[-1] == sha(module(4))
        if stays:
            assert found[:-1] != [], f"power cut after {done} operations"


@pytest.mark.parametrize("torn", TORN)
@pytest.mark.parametrize("start", ["flashed", "unproven", "older one confirmed", "two confirmed"])
@pytest.mark.parametrize("kind", [*MARKS, "undo"])
def test_power_cut_while_a_module_is_marked(host: Host, kind: str, start: str, torn: str) -> None:
    """It was marked, or it was not: nothing else has changed, and it can be marked then."""
    steps = [*prepared(host, BOARD, start), "remember", "slots"]
    whole = host.run(*steps, f"mark_remembered={kind}", "slots")
    run = host.run(
        *steps,
        f"{torn}=0",
        f"mark_remembered={kind}",
        "power",
        "slots",
        f"mark_remembered={kind}",
        "slots",
    )
    before_cut, after_cut = run.lines("slot ")[:2], run.lines("slot ")[2:4]
    marked = whole.lines("slot ")[2:]
    assert after_cut in (before_cut, marked)
    if kind == "start":  # one that was marked already is this one, or the one before
        counts = [int(line.split("starts=")[1].split()[0]) for line in run.lines("slot ")[4:]]
        assert max(counts) in (0, 1, 2)
    elif kind != "undo" or after_cut == before_cut:
        assert run.lines("slot ")[4:] == marked


@pytest.mark.parametrize("torn", TORN)
@pytest.mark.parametrize("other", ["confirmed", "unproven"])
def test_power_cut_at_every_operation_of_a_rollback(host: Host, other: str, torn: str) -> None:
    """Either module starts then, and a rollback that is asked for again is done."""
    steps = ["names=f", f"partition={BOARD}", f"api_update={host.file(OLD)}"]
    steps += ["mark=confirmed"] if other == "confirmed" else []
    steps += ["api_load", f"api_update={host.file(NEW)}", "api_reload"]
    clean = host.run(*steps, "operations", "rollback", "operations", "slots", "newest")
    first, last = (int(line.split()[1]) for line in clean.lines("operations"))
    assert (clean.result("rollback"), newest(clean)) == ("ESP_OK", [sha(OLD)])
    assert state(clean, 0) == "bad"
    assert last > first
    for done in range(last - first):
        cut = [f"{torn}={done}", "rollback", "power", "reboot=1", "names=f", "api_load", "newest"]
        run = host.run(*steps, *cut, "rollback", "newest")
        assert run.results("api_load")[-1] == "ESP_OK"
        assert newest(run)[0] in (sha(OLD), sha(NEW))
        if newest(run)[0] == sha(NEW):
            assert run.results("rollback")[-1] == "ESP_OK"
            assert newest(run)[-1] == sha(OLD)
        else:  # it was done
            assert run.results("rollback")[-1] == "HOTRELOAD_ERR_NO_MODULE"


@pytest.mark.parametrize("torn", TORN)
def test_power_cut_while_a_start_is_counted(host: Host, torn: str) -> None:
    """The module does not start uncounted, and the next start takes it."""
    steps = ["names=f", f"partition={BOARD}", f"api_update={host.file(OLD)}"]
    run = host.run(
        *steps,
        f"{torn}=0",
        "api_load",
        "table",
        "power",
        "reboot=1",
        "names=f",
        "api_load",
        "table",
    )
    assert run.results("api_load") == ["ESP_FAIL", "ESP_OK"]
    assert run.lines("table") == ["table f unloaded", "table f loaded"]


# ---- other firmware ----


def firmware(value: int) -> bytes:
    return bytes([value]) * 16


def module_of(value: int, tag: int) -> bytes:
    note = firmware(value)
    return module(tag).replace(bytes(range(0xA0, 0xB0)), note)


def test_module_of_the_firmware_before_is_found_again_after_a_rollback(host: Host) -> None:
    """The new firmware takes the other slot as long as there is one, whatever it uploads."""
    mine, theirs = host.file(module_of(1, 1)), [host.file(module_of(2, tag)) for tag in (2, 3, 4)]
    steps = [f"partition={BOARD}", "firmware=1", f"api_update={mine}", "mark=confirmed"]
    updates = [step for file in theirs for step in (f"api_update={file}", "mark=start")]
    run = host.run(*steps, "firmware=2", "newest", *updates, "newest", "firmware=1", "newest")
    assert run.results("newest") == ["HOTRELOAD_ERR_NO_MODULE", "ESP_OK", "ESP_OK"]
    assert newest(run) == [sha(module_of(2, 4)), sha(module_of(1, 1))]
    # what it has confirmed is worth more to it than what another firmware has left
    confirmed = ["firmware=2", updates[0], "mark=confirmed", updates[2], "newest", "firmware=1"]
    run = host.run(*steps, *confirmed, "newest")
    assert (newest(run), previous(run)) == ([sha(module_of(2, 3))], [sha(module_of(2, 2))])
    assert run.results("newest")[-1] == "HOTRELOAD_ERR_NO_MODULE"


# ---- what is written ----


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
    "other firmware": (module_of(7, 2), "HOTRELOAD_ERR_IDENTITY"),
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


def test_identity_is_refused_early_only_where_it_is_in_the_first_bytes(host: Host) -> None:
    """A linker that puts the note elsewhere: refused at the end, at no confirmed one's cost."""
    data = struct.pack("<II", TEXT, 5) + bytes(9000)
    builder = ModuleBuilder(data=data, rela=[Reloc(DATA, R_RELATIVE)])
    elf = builder.build().replace(bytes(range(0xA0, 0xB0)), firmware(7))
    note_first = elf.index(firmware(7)) < 1792
    steps = [f"api_update={host.file(OLD)}", "mark=confirmed", "operations"]
    run = host.run(
        f"partition={BOARD}",
        "names=f",
        *steps,
        f"stream=1000,{host.file(elf)}",
        "operations",
        "newest",
    )
    assert run.result("stream") == "HOTRELOAD_ERR_IDENTITY"
    assert (run.lines("operations")[0] == run.lines("operations")[1]) == note_first
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
    assert len(erased) == (len(NEW) + 128 + 4095) // 4096


def test_developers_uploads_cost_one_erase_of_one_slot_each(host: Host) -> None:
    """None is confirmed: the confirmed one stays, and the unproven slot is used again."""
    uploads = [
        step
        for tag in range(2, 6)
        for step in (f"api_update={host.file(module(tag))}", "mark=start")
    ]
    steps = [f"api_update={host.file(OLD)}", "mark=confirmed", *uploads, "newest"]
    run = host.run(f"partition={BOARD}", *steps)
    erased = [line.split("offset=")[1].split()[0] for line in run.lines("HR") if "op=erase" in line]
    assert erased == [hex(SECOND), *["0x0"] * 4]
    assert (newest(run), previous(run)) == ([sha(module(5))], [sha(OLD)])


@pytest.mark.parametrize(("extra", "expected"), [(0, "ESP_OK"), (1, "ESP_ERR_INVALID_SIZE")])
def test_largest_module(host: Host, extra: int, expected: str) -> None:
    """Half of the partition without what precedes the ELF."""
    size = 65536 - 128 + extra
    elf = module(1)
    elf += bytes(size - len(elf))  # what follows an ELF does not matter
    run = host.run("partition=131072,4096", f"api_update={host.file(elf)}")
    assert run.result("update") == expected


def test_missing_partition(host: Host) -> None:
    run = host.run(
        f"api_update={host.file(NEW)}",
        "names=f",
        "api_load=hotreload",
        "api_reload=x",
        "retry",
        "list",
    )
    for step in ("update", "api_load", "api_reload", "retry", "list"):
        assert run.result(step) == "ESP_ERR_NOT_FOUND"


@pytest.mark.parametrize("how", ["api_update=", "stream=1000,"])
@pytest.mark.parametrize("at", [0, 4, 40, 129])
def test_what_flash_did_not_keep_is_not_current(host: Host, how: str, at: int) -> None:
    """A cell of the second slot is worn out, of its header or its ELF; the driver says that all is
    well."""
    old, new = host.file(OLD), host.file(NEW)
    confirmed = host.file(Slot(OLD, flashed=True, confirmed=True).image())
    steps = [f"raw={confirmed}", f"wear_out={SECOND + at}", f"{how}{new}", "newest", "blocks"]
    run = host.run(f"partition={BOARD}", "names=f", *steps)
    assert run.result("stream" if "stream" in how else "update") == "HOTRELOAD_ERR_STORE"
    assert newest(run) == [sha(OLD)]
    assert run.lines("blocks")[0].endswith("mappings 0")
    assert old


def test_crc_that_the_flash_did_not_keep_is_not_missed(host: Host) -> None:
    steps = [f"wear_out={SECOND + 124}", f"api_update={host.file(NEW)}", "mark=confirmed", "newest"]
    run = host.run(f"partition={BOARD}", "names=f", *steps)
    assert run.result("update") == "ESP_OK"
    assert newest(run) == [sha(NEW)]


def test_partition_of_one_block(host: Host) -> None:
    run = host.run("partition=65536,65536", f"api_update={host.file(NEW)}", "list")
    assert run.result("update") == run.result("list") == "HOTRELOAD_ERR_PARTITION"


def test_encrypted_partition_is_read_only(host: Host) -> None:
    old, new = host.file(OLD), host.file(NEW)
    steps = [f"raw={old}", "encrypt", f"api_update={new}", "begin=0,0", "newest"]
    run = host.run(f"partition={BOARD}", *steps)
    assert run.result("update") == run.result("begin") == "HOTRELOAD_ERR_PARTITION"
    assert newest(run) == [sha(OLD)]


def test_update_is_not_loaded(host: Host) -> None:
    run = host.run("names=f", f"partition={BOARD}", f"api_update={host.file(NEW)}", "table")
    assert run.lines("table") == ["table f unloaded"]
