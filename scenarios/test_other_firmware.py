"""A module that was linked against another firmware is refused, whichever way it comes."""

import json

import pytest

from harness.client import HotReloadHTTPError
from harness.device import Device
from harness.firmware import FirmwareBuild, FirmwareBuilder
from scenarios.bench import Variant
from scenarios.test_signature_table import SIGNATURES


@pytest.fixture
def other_firmware(firmware: FirmwareBuild, firmware_builder: FirmwareBuilder) -> FirmwareBuild:
    """The same firmware with more exported functions, whose module has all of this one's."""
    return firmware_builder.build(firmware.project, SIGNATURES)


@pytest.fixture
def stranger(other_firmware: FirmwareBuild) -> bytes:
    return (other_firmware.build_dir / "reloadable_stripped.so").read_bytes()


def test_upload_of_another_firmware_s_module(
    device: Device,
    variant: Variant,
    firmware: FirmwareBuild,
    other_firmware: FirmwareBuild,
    stranger: bytes,
) -> None:
    for endpoint in (device.client.upload, device.client.upload_and_reload):
        with pytest.raises(HotReloadHTTPError) as refused:
            endpoint(stranger)
        assert (refused.value.status, refused.value.name) == (409, "HOTRELOAD_ERR_IDENTITY")
        answer = json.loads(refused.value.body)
        assert answer["firmware"] == firmware.identity.hex()
        assert answer["module_firmware"] == other_firmware.identity.hex()

    assert device.probe.call("answer") == 42
    device.reset()
    assert device.probe.call("answer") == 42
    device.client.upload_and_reload(variant("answer_43"))
    assert device.probe.call("answer") == 43


@pytest.mark.needs("power-cut")
def test_start_with_another_firmware_s_module_in_flash(
    device: Device, variant: Variant, stranger: bytes
) -> None:
    device.power_cut()
    partition = device.flash.partition("hotreload")
    device.flash.write(partition.offset, stranger + b"\xff" * (partition.size - len(stranger)))
    device.power_on()

    status = device.client.status()
    assert not status["loaded"]
    assert status["last_error"] is not None
    assert status["last_error"]["error"] == "HOTRELOAD_ERR_IDENTITY"
    device.client.upload_and_reload(variant("answer_43"))
    assert device.probe.call("answer") == 43
