"""Firmwares that take turns on a device find their own modules, and leave each other's alone.

The other firmware is the scenario firmware with the component as it was before slots had a state in
flash (commit 4f8db00): its partitions are in the field.
"""

import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from pytest_embedded_hotreload.api import Device, FirmwareBuild, FirmwareBuilder, Variant
from pytest_embedded_hotreload.sim.sdk import cache_root

pytestmark = pytest.mark.needs("power-cut")

OLD = "4f8db00"
ROOT = Path(__file__).parents[1]


@pytest.fixture
def old_firmware(firmware_builder: FirmwareBuilder) -> FirmwareBuild:
    """The scenario firmware with the component, and the probe, of that commit."""
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", OLD, "component", "scenarios/firmware"],
        capture_output=True,
    )
    if archive.returncode != 0:
        pytest.skip(f"the history of this checkout has no commit {OLD}: `git fetch --unshallow`")
    folder = cache_root() / "exchange" / OLD
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
        for member in files.getmembers():
            target = folder / member.name
            content = files.extractfile(member)
            data = content.read() if content else b""
            # what is as it was is left alone, so that the build has nothing to do
            if content and not (target.exists() and target.read_bytes() == data):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
    return firmware_builder.build(folder / "scenarios" / "firmware")


def module_of(firmware: FirmwareBuild) -> bytes:
    """The module that its own build has made."""
    return (firmware.build_dir / "reloadable_stripped.so").read_bytes()


def states(device: Device) -> list[str]:
    """Of the slots, the newest module first."""
    return [slot["state"] for slot in device.client.status()["slots"]]


@pytest.fixture
def before_the_update(device: Device, old_firmware: FirmwareBuild) -> None:
    """The device runs the old firmware, with a module that was uploaded to it."""
    device.erase_partition("hotreload")
    device.flash_firmware(old_firmware)
    device.client.upload_and_reload(module_of(old_firmware))
    assert device.probe.call("answer") == 42


@pytest.mark.usefixtures("before_the_update")
def test_old_module_is_left_alone_while_there_is_room(
    device: Device, firmware: FirmwareBuild, old_firmware: FirmwareBuild, variant: Variant
) -> None:
    device.flash_firmware(firmware)

    status = device.client.status()
    assert not status["loaded"]
    assert [passed["error"] for passed in status["passed_over"]] == ["HOTRELOAD_ERR_IDENTITY"]
    assert states(device) == ["other", "blank"]

    for name, answer in (("answer_43", 43), ("changed_constant", 1234567)):
        device.client.upload_and_reload(variant(name))
        assert device.probe.call("answer") == answer
        assert states(device) == ["written", "other"]

    device.flash_firmware(old_firmware)
    assert device.probe.call("answer") == 42


@pytest.mark.usefixtures("before_the_update")
def test_old_firmware_takes_a_new_slot_for_empty(
    device: Device, firmware: FirmwareBuild, old_firmware: FirmwareBuild, variant: Variant
) -> None:
    device.flash_firmware(firmware)
    device.client.upload_and_reload(variant("answer_43"))
    device.flash_firmware(old_firmware)

    device.client.upload_and_reload(module_of(old_firmware))

    assert device.probe.call("answer") == 42
    device.power_cycle()
    assert device.probe.call("answer") == 42
    device.flash_firmware(firmware)
    assert states(device) == ["other", "other"]
    device.client.upload_and_reload(variant("answer_43"))
    assert device.probe.call("answer") == 43


def test_raw_elf_is_loaded_and_superseded(device: Device, variant: Variant) -> None:
    """What esptool wrote to the start of the partition, without a record."""
    device.client.upload_and_reload(variant("answer_43"))

    device.flash_raw(variant("changed_constant").data)

    assert device.probe.call("answer") == 1234567
    device.client.upload_and_reload(variant("answer_43"))
    device.power_cycle()
    assert device.probe.call("answer") == 43
