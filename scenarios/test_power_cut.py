"""A device that loses power during an upload starts a whole module, and takes the next upload."""

import pytest

from harness.device import Device
from scenarios.bench import Variant

pytestmark = [pytest.mark.reload, pytest.mark.needs("power-cut")]


def cut_power_during_upload(device: Device, elf: bytes, sent: int) -> None:
    """Cut the power when the device has begun to write, and has got `sent` bytes at most."""
    device.trace.mark()
    with device.client.raw("/upload", len(elf)) as upload:
        upload.send(elf[:sent])
        device.trace.wait("store", op="write")
        device.power_cut()
    device.power_on()


@pytest.mark.parametrize("part", [0.2, 0.6, 1.0])
def test_cut_before_the_upload_is_complete(device: Device, variant: Variant, part: float) -> None:
    elf = variant("bigger").data

    cut_power_during_upload(device, elf, sent=int((len(elf) - 1) * part))

    assert device.probe.call("answer") == 42
    device.client.upload_and_reload(variant("answer_43"))
    assert device.probe.call("answer") == 43


def test_cut_during_a_later_update(device: Device, variant: Variant) -> None:
    """The module in use is unproven: the new one is written over it, and the one before starts."""
    elf = variant("bigger").data
    device.client.upload_and_reload(variant("changed_constant"))
    device.client.upload_and_reload(variant("answer_43"))

    cut_power_during_upload(device, elf, sent=len(elf) - 1)

    assert device.probe.call("answer") == 42
    device.client.upload_and_reload(elf)
    assert device.probe.call("answer") == 1933


def test_cut_right_after_the_update(device: Device, variant: Variant) -> None:
    device.client.upload(variant("answer_43"))

    device.power_cycle()

    assert device.probe.call("answer") == 43


@pytest.mark.parametrize("uploads", [1, 2])
def test_flashed_module_takes_effect(device: Device, variant: Variant, uploads: int) -> None:
    """Whatever was uploaded before, and also when it is what was flashed before all that."""
    flashed, smallest = variant("bigger").data, variant("smaller", base=False).data
    for elf in (flashed, smallest):
        for name in ("changed_constant", "answer_43")[:uploads]:
            device.client.upload(variant(name))

        device.flash_module(elf)

        assert device.probe.call("answer") == (1933 if elf == flashed else 7)
    device.flash_module(flashed)
    device.client.upload_and_reload(variant("answer_43"))
    device.flash_module(flashed)
    assert device.probe.call("answer") == 1933
