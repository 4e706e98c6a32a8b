"""A module runs in the firmware that it was linked against, and every other one refuses it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_embedded_hotreload.api import Device, FirmwareBuild, HotReloadHTTPError, Module, Variant
from scenarios.bench import Bench


def assert_nothing_changed(device: Device, bench: Bench, before: bytes) -> None:
    assert device.probe.call("answer") == 42
    assert bench.hook_calls() == []
    assert device.client.status()["module"] == 1
    assert device.flash.read_partition("hotreload")[: len(before)] == before


@pytest.mark.parametrize("endpoint", ["upload", "upload_and_reload"], ids=["write", "both"])
def test_upload_is_refused_with_both_identities(
    device: Device,
    bench: Bench,
    firmware: FirmwareBuild,
    other_firmware: FirmwareBuild,
    foreign: Module,
    endpoint: str,
) -> None:
    before = device.flash.read_partition("hotreload")[:4096]
    bench.register_hook("pre")

    with pytest.raises(HotReloadHTTPError) as refused:
        getattr(device.client, endpoint)(foreign)

    assert refused.value.status == 409
    assert refused.value.name == "HOTRELOAD_ERR_IDENTITY"
    answer = json.loads(refused.value.body)
    assert answer["firmware"] == firmware.identity.hex()
    assert answer["module_firmware"] == other_firmware.identity.hex()
    assert firmware.identity.hex() in answer["message"]
    assert other_firmware.identity.hex() in answer["message"]
    assert_nothing_changed(device, bench, before)


def test_calls_in_c_refuse_it(foreign: Module, device: Device, bench: Bench) -> None:
    before = device.flash.read_partition("hotreload")[:4096]
    bench.register_hook("pre")

    assert bench.update(foreign.data) == "HOTRELOAD_ERR_IDENTITY"
    assert bench.load_from_ram(foreign.data) == "HOTRELOAD_ERR_IDENTITY"

    assert_nothing_changed(device, bench, before)


def test_flashed_one_is_refused_at_start(
    device: Device, firmware: FirmwareBuild, foreign: Module, variant: Variant
) -> None:
    """The application goes on without a module, and takes one that fits."""
    device.flash_module(foreign.data)

    status = device.client.status()
    assert not status["loaded"]
    assert status["last_error"]
    assert status["last_error"]["error"] == "HOTRELOAD_ERR_IDENTITY"
    assert firmware.identity.hex() in status["last_error"]["message"]
    assert "started without a module: HOTRELOAD_ERR_IDENTITY" in device.console.text
    with pytest.raises(HotReloadHTTPError) as refused:
        device.client.reload()
    assert (refused.value.status, refused.value.name) == (409, "HOTRELOAD_ERR_IDENTITY")
    device.client.upload_and_reload(variant("answer_43"))
    assert device.probe.call("answer") == 43


def test_module_without_identity_is_refused(
    device: Device, variant: Variant, without_note: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(HotReloadHTTPError) as refused:
        device.client.upload_and_reload(without_note(variant("answer_43").data))

    assert (refused.value.status, refused.value.name) == (422, "HOTRELOAD_ERR_IDENTITY_MISSING")
    assert device.probe.call("answer") == 42


@pytest.fixture
def without_note() -> Callable[[bytes], bytes]:
    """Makes the program header of the notes void, as if there were none."""

    def remove(elf: bytes) -> bytes:
        content = bytearray(elf)
        count = int.from_bytes(content[44:46], "little")
        for at in range(52, 52 + 32 * count, 32):
            if content[at] == 4:
                content[at] = 0
        return bytes(content)

    return remove


def test_module_built_by_hand_fits(
    device: Device, firmware: FirmwareBuild, tmp_path: Path, variant: Variant
) -> None:
    """The same identity in firmware, manifest and module: what `build` makes is taken."""
    module = variant("answer_43")
    assert module.data.count(firmware.identity) == 1
    device.client.upload_and_reload(module)
    assert device.probe.call("answer") == 43
