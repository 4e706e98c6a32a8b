"""A module that crashes the device three boots in a row is set aside, and the one before runs."""

import hashlib

import pytest

from harness.client import HotReloadHTTPError
from harness.device import Device
from harness.errors import NoAnswer
from scenarios.bench import OTHER_FIRMWARE, Bench, Variant

pytestmark = pytest.mark.needs("soft-reset")


def sha(elf: bytes) -> str:
    return hashlib.sha256(elf).hexdigest()


def crashes(device: Device) -> int:
    return device.console.text.count("abort() was called")


def test_device_comes_up_with_the_module_before(device: Device, variant: Variant) -> None:
    """Log line, status and trace tell; also after the power was gone."""
    bad = variant("crashes_at_start").data
    device.client.upload_and_reload(variant("answer_43"))
    device.client.upload(bad)
    device.trace.mark()

    device.reset()

    assert crashes(device) == 3
    assert device.probe.call("answer") == 43
    assert device.client.status()["set_aside"] == [sha(bad)]
    assert device.trace.wait("store", op="set_aside")
    assert f"module {sha(bad)} has crashed the device 3 times in a row" in device.console.text
    device.power_cycle()
    assert crashes(device) == 3
    assert device.probe.call("answer") == 43
    assert device.client.status()["set_aside"] == [sha(bad)]


def test_first_call_after_an_upload_counts(device: Device, variant: Variant) -> None:
    """It crashes once when it is called, and twice more at the start of the device."""
    device.client.upload_and_reload(variant("crashes_at_start"))
    assert device.probe.call("answer") == 99

    with pytest.raises(NoAnswer):
        device.probe.call("started")
    device.wait_ready()

    assert crashes(device) == 3
    assert device.probe.call("answer") == 42


def test_upload_after_a_module_was_set_aside(device: Device, variant: Variant) -> None:
    device.client.upload(variant("crashes_at_start"))
    device.reset()
    assert device.probe.call("answer") == 42

    device.client.upload_and_reload(variant("answer_43"))
    device.reset()

    assert device.probe.call("answer") == 43
    assert device.client.status()["set_aside"] == []


def test_only_module_is_set_aside(device: Device, variant: Variant) -> None:
    """The device runs without a module and waits for one; what is flashed takes effect again."""
    bad = variant("crashes_at_start").data

    device.flash_module(bad)

    status = device.client.status()
    assert not status["loaded"]
    assert status["last_error"]
    assert status["last_error"]["error"] == "HOTRELOAD_ERR_NO_MODULE"
    assert status["set_aside"] == [None]
    with pytest.raises(HotReloadHTTPError, match="set aside"):
        device.client.reload()
    device.flash_module(variant("answer_43").data)
    assert device.probe.call("answer") == 43
    assert device.client.status()["set_aside"] == []


def test_same_module_flashed_again_takes_effect(device: Device, variant: Variant) -> None:
    """It was not the module's fault, say: it gets three more starts."""
    bad = variant("crashes_at_start").data
    device.client.upload(variant("answer_43"))
    device.flash_module(bad)
    assert device.probe.call("answer") == 43
    assert crashes(device) == 3

    device.flash_module(bad)

    assert crashes(device) == 6
    assert device.probe.call("answer") == 43


def test_clean_restarts_do_not_count(device: Device, bench: Bench, variant: Variant) -> None:
    device.client.upload_and_reload(variant("answer_43"))

    for _ in range(4):
        bench.restart()
        device.wait_ready()
    bench.crash()
    device.wait_ready()
    bench.crash()
    device.wait_ready()
    bench.restart()
    device.wait_ready()
    bench.crash()
    device.wait_ready()

    assert device.probe.call("answer") == 43
    assert device.client.status()["set_aside"] == []


@pytest.mark.firmware(config=OTHER_FIRMWARE)
def test_crash_after_the_probation_does_not_count(device: Device, bench: Bench) -> None:
    seen = 0
    for _ in range(4):
        device.console.wait_line("hotreload: the module has run for 100 ms", seen)
        seen = len(device.console.lines)
        bench.crash()
        device.wait_ready()

    assert device.probe.call("answer") == 42
    assert device.client.status()["set_aside"] == []
