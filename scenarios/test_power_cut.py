"""A device that loses power during an upload starts a whole module, and takes the next upload."""

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_embedded_hotreload.api import Device, NoAnswer, Variant

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


def cut_power_at_mark(device: Device, op: str, command: Callable[[], object]) -> None:
    """Cut the power when the mark has been written, before or after the device has answered."""
    device.trace.mark()
    with ThreadPoolExecutor(1) as other:
        answer = other.submit(command)
        device.trace.wait("store", op=op)
        device.power_cut()
        with contextlib.suppress(NoAnswer):
            answer.result()
    device.power_on()


def states(device: Device) -> list[str]:
    """Of the slots, the newest module first."""
    return [slot["state"] for slot in device.client.status()["slots"]]


def test_cut_at_each_mark(device: Device, variant: Variant) -> None:
    """What a mark says holds from then on, and what had not been marked can be asked for again."""
    device.client.upload_and_reload(variant("answer_43"))

    cut_power_at_mark(device, "bad", device.client.rollback)
    assert states(device) == ["bad", "written"]
    assert device.probe.call("answer") == 42

    cut_power_at_mark(device, "undo", device.client.retry)
    assert states(device) == ["written", "written"]
    assert device.probe.call("answer") == 43

    cut_power_at_mark(device, "confirm", device.client.confirm)
    assert states(device) == ["confirmed", "written"]
    assert device.probe.call("answer") == 43

    cut_power_at_mark(device, "start", lambda: device.client.upload_and_reload(variant("bigger")))
    assert states(device) == ["written", "confirmed"]
    assert device.probe.call("answer") == 1933


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


def test_newest_of_many_updates_starts(device: Device, variant: Variant) -> None:
    """Each goes over the older of two that are confirmed, and is newer than both."""
    for name, answer in (("answer_43", 43), ("changed_constant", 1234567), ("bigger", 1933)):
        device.client.upload_and_reload(variant(name))
        device.client.confirm()

        device.power_cycle()

        assert device.probe.call("answer") == answer
