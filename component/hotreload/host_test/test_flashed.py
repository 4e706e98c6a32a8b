"""What the build writes to the partition is what the component reads there, byte by byte."""

from __future__ import annotations

import hashlib

import pytest

from elf_builder import IDENTITY, ModuleBuilder
from host import Host
from hotreload_build.identity import module_identity
from hotreload_build.slot import HEADER_SIZE, NEWEST, flash_image

ELF = ModuleBuilder(data=bytes(5000)).build()
PARTITION = "partition=524288,4096"
START = [PARTITION, "names=f", "place=0x40080000,0x3ffb0000"]


def first_slot(host: Host, image: bytes, *steps: str) -> str:
    run = host.run(PARTITION, f"raw={host.file(image)}", *steps, "slots")
    assert run.result("slots") == "ESP_OK"
    return next(line for line in run.lines("slot ") if line.startswith("slot 0 "))


def test_record_is_read_as_it_was_written(host: Host) -> None:
    image = flash_image(ELF, module_identity(ELF))
    assert first_slot(host, image) == (
        f"slot 0 written starts=0 sequence={NEWEST} size={len(ELF)} newest=1 "
        f"hash={hashlib.sha256(ELF).hexdigest()}"
    )
    assert host.run(*START, f"raw={host.file(image)}", "api_load").result("api_load") == "ESP_OK"


def test_record_of_another_firmware(host: Host) -> None:
    assert first_slot(host, flash_image(ELF, bytes(16))).startswith("slot 0 other ")


@pytest.mark.parametrize("at", [0, 8, 11, 12, 43, 44, 59, 60, 63])
def test_each_field_is_checked(host: Host, at: int) -> None:
    """All but the sequence, which the device changes: nothing of a damaged record is believed."""
    image = bytearray(flash_image(ELF, IDENTITY))
    image[at] ^= 0x10
    assert first_slot(host, bytes(image)).startswith("slot 0 damaged ")


def test_state_begins_behind_the_record(host: Host) -> None:
    """Confirmed: the second of the words that were all ones."""
    image = bytearray(flash_image(ELF, IDENTITY))
    image[68:72] = bytes(4)
    assert first_slot(host, bytes(image)).startswith("slot 0 confirmed ")
    assert image[64:68] + image[72 : HEADER_SIZE - 4] == b"\xff" * 56


def test_update_makes_a_flashed_module_older(host: Host) -> None:
    update = ModuleBuilder(data=bytes(100)).build()
    slot = first_slot(host, flash_image(ELF, IDENTITY), f"api_update={host.file(update)}")
    assert " sequence=0 " in slot and " newest=0 " in slot
