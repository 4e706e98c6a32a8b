"""A module is taken by the firmware that it was linked against, and by no other."""

from __future__ import annotations

import struct

import pytest

from elf_builder import IDENTITY, PF_R, PT_NOTE, ModuleBuilder, Segment, note
from host import Host

OTHER = bytes(range(16))
GNU_NOTE = note(owner=b"GNU\0", kind=3, content=bytes(20))


def module(notes: bytes | None, **fields: object) -> bytes:
    return ModuleBuilder(notes=notes, **fields).build()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "notes",
    [note(), GNU_NOTE + note(), note() + GNU_NOTE, note(kind=2, content=OTHER) + note()],
    ids=["alone", "last", "first", "behind one of another type"],
)
def test_own_module_is_taken(host: Host, notes: bytes) -> None:
    assert host.load(module(notes)).result("load") == "ESP_OK"


def test_module_of_another_firmware_is_refused(host: Host) -> None:
    run = host.load(module(note(content=OTHER)))
    assert run.result("load") == "HOTRELOAD_ERR_IDENTITY"
    assert OTHER.hex() in run.message("load")
    assert IDENTITY.hex() in run.message("load")


@pytest.mark.parametrize("byte", range(16))
def test_every_byte_counts(host: Host, byte: int) -> None:
    other = IDENTITY[:byte] + bytes([IDENTITY[byte] ^ 1]) + IDENTITY[byte + 1 :]
    assert host.load(module(note(content=other))).result("load") == "HOTRELOAD_ERR_IDENTITY"


def test_second_identity_counts_too(host: Host) -> None:
    for notes in (note() + note(content=OTHER), note(content=OTHER) + note()):
        assert host.load(module(notes)).result("load") == "HOTRELOAD_ERR_IDENTITY"
    segment = Segment(PT_NOTE, 0, note(content=OTHER), PF_R)
    run = host.load(module(note(), extra_segments=[segment]))
    assert run.result("load") == "HOTRELOAD_ERR_IDENTITY"


@pytest.mark.parametrize(
    "notes",
    [None, b"", GNU_NOTE, note(kind=2), note(owner=b"hotreloaD\0"), note(owner=b"hotreload")],
    ids=["no segment", "empty", "of another owner", "of another type", "typo", "name without end"],
)
def test_module_without_identity_is_refused(host: Host, notes: bytes | None) -> None:
    run = host.load(module(notes))
    assert run.result("load") == "HOTRELOAD_ERR_IDENTITY_MISSING"
    assert "module has no note" in run.message("load")


def test_firmware_without_identity_takes_nothing(host: Host) -> None:
    for notes in (note(content=bytes(16)), None):
        run = host.load(module(notes), ("f",), "unstamped")
        assert run.result("load") == "HOTRELOAD_ERR_IDENTITY_MISSING"
        assert "the firmware has no identity" in run.message("load")


BROKEN = {
    "header cut off": (note() + bytes(11), "11 bytes"),
    "name too long": (struct.pack("<III", 41, 0, 1) + bytes(28), "n_namesz 41 with n_descsz 0"),
    "content too long": (struct.pack("<III", 10, 17, 1) + bytes(28), "n_descsz 17"),
    "sizes wrap": (
        struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, 1) + bytes(28),
        "n_namesz 4294967295 with n_descsz 4294967295",
    ),
    "padding cut off": (note(content=IDENTITY + b"x")[:-1], "n_descsz 17"),
    "identity too short": (note(content=IDENTITY[:12]), "n_descsz is 12, not 16"),
    "identity too long": (note(content=bytes(20)), "n_descsz is 20, not 16"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_note_is_refused(host: Host, kind: str) -> None:
    notes, named = BROKEN[kind]
    run = host.load(module(notes))
    assert run.result("load") == "HOTRELOAD_ERR_NOTE"
    assert named in run.message("load")


def test_every_api_that_takes_a_module_checks_it(host: Host) -> None:
    """And nothing is switched, written or kept."""
    good, other = host.file(module(note())), host.file(module(note(content=OTHER)))
    steps = [f"raw={good}", "api_load", "pre=a", "post=b", "table", "blocks", "operations"]
    steps += [f"api_buffer={other}", f"api_update={other}", f"raw={other}", "api_reload"]
    run = host.run("names=f", "partition=524288,65536", *steps, "table", "blocks", "operations")
    for step in ("load_buffer", "update", "api_reload"):
        assert run.result(step) == "HOTRELOAD_ERR_IDENTITY"
    assert run.lines("hook ") == []
    for line in ("table", "blocks", "operations"):
        before, after = run.lines(line)
        assert before == after
    again = host.run("names=f", "partition=524288,65536", f"raw={other}", "api_load", "table")
    assert again.result("api_load") == "HOTRELOAD_ERR_IDENTITY"
    assert again.lines("table") == ["table f unloaded"]
