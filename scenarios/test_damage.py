"""A damaged module harms nobody: not the loader, and not the start of the device."""

import io
import struct
from collections.abc import Callable

import pytest
from elftools.elf.elffile import ELFFile

from pytest_embedded_hotreload.api import Device, HotReloadHTTPError, Variant
from scenarios.bench import Bench
from scenarios.flash_damage import SAME_CRC, UNREAD, changed, damage, module_43

TEXT, DATA = 0, 1  # program headers of a module, in this order
P_OFFSET, P_VADDR, P_FILESZ, P_MEMSZ = 4, 8, 16, 20
MEGABYTE = 1024 * 1024
FLIPS = (b"\x01", b"\xff", b"\x80")

Damage = Callable[[bytes], bytes]


def field(segment: int, offset: int) -> int:
    """Where a field of a program header is."""
    return 52 + 32 * segment + offset


def read(elf: bytes, segment: int, offset: int) -> int:
    value: int = struct.unpack_from("<I", elf, field(segment, offset))[0]
    return value


def written(segment: int, offset: int, value: int) -> Damage:
    at = slice(field(segment, offset), field(segment, offset) + 4)
    return lambda elf: elf[: at.start] + struct.pack("<I", value) + elf[at.stop :]


def garbage_in_text(elf: bytes) -> bytes:
    start, size = read(elf, TEXT, P_OFFSET), read(elf, TEXT, P_FILESZ)
    return elf[:start] + bytes(i * 193 % 251 for i in range(size)) + elf[start + size :]


def refusal(name: str) -> bool:
    """Whether the loader has said what is wrong; the exact errors have tests of their own."""
    return name.startswith("HOTRELOAD_ERR_") or name == "ESP_ERR_NO_MEM"


def structures(elf: bytes) -> set[int]:
    """Positions of all bytes of the headers and of the dynamic table."""
    headers = ELFFile(io.BytesIO(elf))
    tables = [s for s in headers.iter_segments() if s["p_type"] == "PT_DYNAMIC"]
    (start, size) = (tables[0]["p_offset"], tables[0]["p_filesz"])
    return {*range(52 + 32 * headers["e_phnum"]), *range(start, start + size)}


@pytest.mark.damages
def test_any_byte_may_be_wrong(device: Device, bench: Bench, variant: Variant) -> None:
    """All of the headers and of the dynamic table, and some of the rest, one at a time."""
    good = variant().data
    positions = structures(good) | {*range(0, len(good), 13)}
    assert bench.load_from_ram(good) == "ESP_OK"
    device.trace.wait("free", module=1)
    before = bench.allocated()

    refused = 0
    for at in sorted(positions):
        result = bench.load_from_ram(changed(good, at, FLIPS[at % 3]))
        if result == "ESP_OK":
            assert bench.load_from_ram(good) == "ESP_OK", at
        else:
            assert refusal(result), (at, result)
            refused += 1
        assert device.probe.call("answer") == 42, at

    assert refused > len(positions) // 3
    device.trace.wait("free", module=device.client.status()["module"] - 1)
    after = bench.allocated()
    # on ESP-IDF connections that are about to end hold some blocks
    assert after.data < before.data + refused // 10
    assert after.exec == before.exec


DAMAGES: dict[str, Damage] = {
    "no-elf": lambda elf: bytes(len(elf)),
    "half": lambda elf: elf[: len(elf) // 2],
    "200-bytes": lambda elf: elf[:200],
    "garbage-in-text": garbage_in_text,
    "64-MB-in-the-file": written(TEXT, P_FILESZ, 64 * MEGABYTE),
    "64-MB-in-memory": written(DATA, P_MEMSZ, 64 * MEGABYTE),
    "offset": written(DATA, P_OFFSET, 0x7FFF0000),
    "address": written(TEXT, P_VADDR, 0xFFFFFF00),
}


@pytest.mark.needs("power-cut")
@pytest.mark.parametrize("name", DAMAGES)
def test_device_starts_with_a_damaged_module_in_flash(
    device: Device, variant: Variant, name: str
) -> None:
    """It was written by a programmer, so that nobody has checked it."""
    partition = device.flash.partition("hotreload")
    elf = DAMAGES[name](variant().data)

    device.power_cut()
    device.flash.write(partition.offset, elf + b"\xff" * (partition.size - len(elf)))
    device.power_on()

    status = device.client.status()
    assert not status["loaded"]
    assert status["last_error"] is not None and refusal(status["last_error"]["error"])
    device.client.upload_and_reload(variant("answer_43"))
    device.reset()
    assert device.probe.call("answer") == 43


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_module_is_not_stored(
    device: Device, bench: Bench, variant: Variant, name: str
) -> None:
    """It is found before it becomes what the next start loads."""
    elf = DAMAGES[name](variant("answer_43").data)

    assert refusal(bench.update(elf))
    with pytest.raises(HotReloadHTTPError) as refused:
        device.client.upload(elf)
    assert refusal(refused.value.name)

    device.reset()
    assert device.probe.call("answer") == 42


@pytest.mark.needs("power-cut")
@pytest.mark.parametrize("state", ["unproven", "confirmed"])
def test_byte_that_flips_in_flash(device: Device, variant: Variant, state: str) -> None:
    """The module that was uploaded is no longer what it was: the one before is started."""
    device.client.confirm()  # the starts of this test are no reason to give it up
    elf = variant("answer_43").data
    device.client.upload_and_reload(elf)
    assert device.probe.call("answer") == 43
    if state == "confirmed":
        device.client.confirm()

    damage(device, elf, read(elf, TEXT, P_OFFSET) + read(elf, TEXT, P_FILESZ) // 2, b"\x10")

    assert device.probe.call("answer") == 42
    (passed,) = device.client.status()["passed_over"]
    assert passed["error"] == "HOTRELOAD_ERR_STORE"


@pytest.mark.needs("power-cut")
def test_unproven_module_is_never_taken_by_its_crc(device: Device, variant: Variant) -> None:
    device.client.confirm()
    elf = module_43(variant).data
    device.client.upload_and_reload(elf)
    assert device.probe.call("answer") == 43

    damage(device, elf, elf.index(UNREAD) + 4, SAME_CRC)

    assert device.probe.call("answer") == 42
    (passed,) = device.client.status()["passed_over"]
    assert passed["error"] == "HOTRELOAD_ERR_STORE"
