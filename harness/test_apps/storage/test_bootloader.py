"""The boot loader: what it says, and does not start, when the flash is damaged."""

import hashlib
import struct
from collections.abc import Callable
from typing import Any

import pytest

TABLE = 0x8000
ENTRY = 32
APP = 0x10000
FIRST_SEGMENT = APP + 24
READY = "Press ENTER to see the list of tests"

Damage = Callable[[bytearray], None]


def put(offset: int, data: bytes) -> Damage:
    def damage(flash: bytearray) -> None:
        flash[offset : offset + len(data)] = data

    return damage


def put_in_table(offset: int, data: bytes) -> Damage:
    """A change of the partition table that its MD5 row agrees with."""

    def damage(flash: bytearray) -> None:
        flash[TABLE + offset : TABLE + offset + len(data)] = data
        md5 = flash.index(b"\xeb\xeb", TABLE)
        flash[md5 + 16 : md5 + 32] = hashlib.md5(flash[TABLE:md5]).digest()

    return damage


def flip(offset: int) -> Damage:
    def damage(flash: bytearray) -> None:
        flash[offset] ^= 1

    return damage


def change_flash(dut: Any, *damages: Damage) -> None:
    dut.expect_exact(READY)
    dut.power_cut()
    flash = bytearray(dut.qemu.flash_path.read_bytes())
    for damage in damages:
        damage(flash)
    dut.qemu.flash_path.write_bytes(flash)
    dut.power_on()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(put(TABLE, b"\xff" * 0xC00), "it is empty", id="blank"),
        pytest.param(flip(TABLE + 12), "its MD5 does not match", id="flipped bit"),
        pytest.param(flip(TABLE + ENTRY), "an entry has no valid magic number", id="magic"),
        pytest.param(
            put_in_table(ENTRY + 8, struct.pack("<I", 0xFFFFFFFF)),
            "a partition is beyond the end of the flash",
            id="size",
        ),
        pytest.param(
            put(TABLE, (b"\xaa\x50" + bytes(30)) * 96), "it has no end", id="endless table"
        ),
    ],
)
def test_damaged_partition_table(dut: Any, damage: Damage, message: str) -> None:
    change_flash(dut, damage)
    dut.expect_exact(
        f"boot: Partition table at 0x8000 cannot be used: {message}. Halted", not_matching=READY
    )


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(put(APP, b"\xff" * 0x10000), "it does not begin with 0xe9", id="blank"),
        pytest.param(put(APP + 1, b"\0"), "its number of segments is not valid", id="none"),
        pytest.param(put(APP + 1, b"\x11"), "its number of segments is not valid", id="many"),
        pytest.param(
            put(FIRST_SEGMENT, struct.pack("<I", 0x64000000)),
            "a segment is not for RAM",
            id="address",
        ),
        pytest.param(
            put(FIRST_SEGMENT, struct.pack("<I", 0x4001FFFC)),
            "a segment is not for RAM",
            id="boot loader's own memory",
        ),
        pytest.param(
            put(FIRST_SEGMENT + 4, struct.pack("<I", 0xFFFFFFF0)),
            "a segment ends beyond the partition",
            id="length",
        ),
        pytest.param(put(FIRST_SEGMENT, b"\x01"), "a segment is not aligned", id="alignment"),
        pytest.param(flip(APP + 0x1000), "its checksum does not match", id="flipped bit"),
    ],
)
def test_damaged_application(dut: Any, damage: Damage, message: str) -> None:
    change_flash(dut, damage)
    dut.expect_exact(
        f"boot: App image at 0x10000 cannot be started: {message}. Halted", not_matching=READY
    )


def test_no_application_partition(dut: Any) -> None:
    factory_subtype = ENTRY + 3
    change_flash(dut, put_in_table(factory_subtype, b"\x41"))
    dut.expect_exact("boot: No bootable app partitions in the partition table. Halted")


def test_repaired_flash_starts_again(dut: Any) -> None:
    change_flash(dut, flip(APP))
    dut.expect_exact("Halted")
    dut.power_cut()
    flash = bytearray(dut.qemu.flash_path.read_bytes())
    flip(APP)(flash)
    dut.qemu.flash_path.write_bytes(flash)
    dut.power_on()
    dut.expect_exact(READY)


def test_many_resets(dut: Any) -> None:
    """No register or memory left over from the run before keeps it from starting."""
    for _ in range(20):
        dut.expect_exact(READY)
        dut.hard_reset()
    dut.expect_exact(READY)
