"""Hooks carry state from module to module; what nobody carries starts fresh or stays untouched."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from pytest_embedded_hotreload.api import Device, FirmwareBuild, Variant
from scenarios.bench import Bench

pytestmark = pytest.mark.reload


def test_counter_is_carried(device: Device, bench: Bench, variant: Variant) -> None:
    bench.carry_state()
    for expected in (1, 2, 3):
        assert device.probe.call("counter_next") == expected

    device.client.upload_and_reload(variant("answer_43"))

    assert device.probe.call("answer") == 43
    assert device.probe.call("counter_value") == 3
    assert device.probe.call("counter_next") == 4


def test_counter_is_carried_into_another_layout(
    device: Device, bench: Bench, variant: Variant
) -> None:
    bench.carry_state()
    device.probe.call("counter_restore", 1000)

    device.client.upload_and_reload(variant("changed_layout"))
    assert device.probe.call("counter_next") == 1001

    device.client.upload_and_reload(variant("answer_43"))
    assert device.probe.call("counter_next") == 1002


def test_counter_starts_again_when_nobody_carries_it(device: Device, variant: Variant) -> None:
    device.probe.call("counter_restore", 1000)

    device.client.upload_and_reload(variant("answer_43"))

    assert device.probe.call("counter_value") == 0


def test_heap_structure_is_carried(device: Device, bench: Bench, variant: Variant) -> None:
    bench.carry_state()
    for length, value in enumerate((10, 200, 3000), start=1):
        assert device.probe.call("list_push", value) == length

    device.client.upload_and_reload(variant("answer_43"))

    assert device.probe.call("list_sum") == 3210
    assert device.probe.call("list_push", 40000) == 4
    assert device.probe.call("list_sum") == 43210


def test_connection_is_carried(device: Device, bench: Bench, variant: Variant) -> None:
    bench.carry_state()
    assert device.probe.call("link_open") == 1
    assert device.probe.call("link_send", 7) == 1
    assert device.probe.call("link_send", 8) == 2

    device.client.upload_and_reload(variant("answer_43"))

    assert device.probe.call("link_send", 9) == 3
    state = bench.firmware_state()
    assert (state.opened, state.closed) == (1, 0)
    assert state.digest == (7 * 31 + 8) * 31 + 9


def test_connection_is_lost_when_nobody_carries_it(device: Device, variant: Variant) -> None:
    assert device.probe.call("link_open") == 1
    device.client.upload_and_reload(variant("answer_43"))

    assert device.probe.call("link_send", 9) == 0


def test_state_survives_ten_reloads(device: Device, bench: Bench, variant: Variant) -> None:
    bench.carry_state()
    modules = [variant("answer_43"), variant("changed_layout")]
    for i in range(10):
        assert device.probe.call("counter_next") == i + 1
        assert device.probe.call("list_push", i) == i + 1
        device.client.upload_and_reload(modules[i % 2])

    assert device.probe.call("counter_value") == 10
    assert device.probe.call("list_sum") == sum(range(10))


def test_static_data_is_fresh_after_each_load(device: Device, variant: Variant) -> None:
    for _ in range(3):
        assert device.probe.call("statics_sum") == 4321
        device.probe.call("statics_scribble", 5)
        assert device.probe.call("statics_sum") == 5 * 68
        device.client.reload()
    assert device.probe.call("statics_sum") == 4321


def test_static_data_is_fresh_after_unload_and_load(device: Device, bench: Bench) -> None:
    device.probe.call("statics_scribble", 0xFFFFFFFF)

    assert bench.unload() == "ESP_OK"
    assert bench.load() == "ESP_OK"

    assert device.probe.call("statics_sum") == 4321


def test_refused_module_leaves_state_as_it_is(
    device: Device, bench: Bench, variant: Variant
) -> None:
    bench.carry_state()
    device.probe.call("counter_restore", 77)
    device.probe.call("statics_scribble", 1)

    error = bench.load_from_ram(variant("missing_export", base=False).data)

    assert error == "HOTRELOAD_ERR_SYMBOL_MISSING"
    assert device.probe.call("counter_value") == 77
    assert device.probe.call("statics_sum") == 68


#: of ESP-IDF's esp_app_desc_t: the ELF's SHA-256, which is written into the image, not the ELF
APP_DESCRIPTION, APP_ELF_SHA256 = ".flash.appdesc", range(144, 176)


def constant_sections(elf: Path) -> Iterator[tuple[str, int, bytes]]:
    """Code and constants of the firmware: name, address, content."""
    with elf.open("rb") as file:
        for section in ELFFile(file).iter_sections():
            loaded = (
                section["sh_flags"] & SH_FLAGS.SHF_ALLOC and section["sh_type"] == "SHT_PROGBITS"
            )
            if loaded and not section["sh_flags"] & SH_FLAGS.SHF_WRITE:
                address, content = section["sh_addr"], section.data()
                if section.name == APP_DESCRIPTION:
                    yield section.name, address, content[: APP_ELF_SHA256.start]
                    address += APP_ELF_SHA256.stop
                    content = content[APP_ELF_SHA256.stop :]
                yield section.name, address, content


def test_firmware_is_untouched(
    device: Device, bench: Bench, variant: Variant, firmware: FirmwareBuild
) -> None:
    before = bench.firmware_state()
    for name in ("answer_43", "bigger", "changed_layout"):
        device.client.upload_and_reload(variant(name))
        device.probe.call("statics_scribble", 0xA5A5A5A5)

    assert bench.firmware_state() == before
    checked = 0
    for name, address, content in constant_sections(firmware.elf):
        assert device.memory.read(address, len(content)) == content, name
        checked += len(content)
    assert checked > 100_000
