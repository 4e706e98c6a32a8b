"""A module that is started three times and never confirmed yields; no start counts in vain."""

import hashlib

import pytest

from pytest_embedded_hotreload.api import Device, NoAnswer, Variant
from scenarios.bench import OTHER_FIRMWARE, Bench

BY_APPLICATION = {"CONFIG_HOTRELOAD_CONFIRM_BY_APPLICATION": "y"}

pytestmark = pytest.mark.needs("soft-reset")


def sha(elf: bytes) -> str:
    return hashlib.sha256(elf).hexdigest()


def crashes(device: Device) -> int:
    return device.console.text.count("abort() was called")


def known(device: Device, elf: bytes) -> tuple[str, int]:
    """State and starts of the slot that has the module."""
    (slot,) = [slot for slot in device.client.status()["slots"] if slot["hash"] == sha(elf)]
    return slot["state"], slot["starts"]


def test_device_comes_up_with_the_module_before(device: Device, variant: Variant) -> None:
    """Log line, status and trace tell; also after the power was gone."""
    bad = variant("crashes_at_start").data
    device.client.upload(bad)
    device.trace.mark()

    with device.crashing(3):
        device.reset()

    assert crashes(device) == 3
    assert device.probe.call("answer") == 42
    assert known(device, bad) == ("yielded", 3)
    (passed,) = device.client.status()["passed_over"]
    assert passed["error"] == "HOTRELOAD_ERR_YIELDED"
    assert device.trace.wait("pass", slot=1)
    assert "hotreload: passed over: HOTRELOAD_ERR_YIELDED" in device.console.text
    device.power_cycle()
    assert crashes(device) == 3
    assert device.probe.call("answer") == 42
    assert known(device, bad) == ("yielded", 3)


@pytest.mark.parametrize("where", ["in_task", "masked", "in_handler"])
@pytest.mark.parametrize(
    "confirms",
    [
        "time",
        pytest.param("application", marks=pytest.mark.firmware(config=BY_APPLICATION)),
    ],
)
def test_module_that_hangs_yields(
    device: Device, variant: Variant, where: str, confirms: str
) -> None:
    """Somebody switches it off and on three times, before it has run long enough."""
    bad = variant(f"hangs_{where}").data
    device.client.upload(bad)

    for _ in range(3):
        seen = len(device.console.lines)
        device.power_cut()
        device.switch_on()
        device.console.wait_line("the module hangs", seen)
    device.power_cycle()

    assert device.probe.call("answer") == 42
    assert known(device, bad) == ("yielded", 3)


def test_crashes_of_a_module_are_counted(device: Device, bench: Bench, variant: Variant) -> None:
    """Until another one is loaded; who has sent it sees why the device has started again."""
    before = device.client.status()
    assert before["restarts"] == 0

    for restarts in (1, 2):
        bench.crash()
        device.wait_ready()
        status = device.client.status()
        assert (status["restarts"], status["reset_reason"]) == (restarts, "panic")
    assert status["hash"] == before["hash"]

    device.client.upload_and_reload(variant("answer_43"))
    status = device.client.status()
    assert (status["restarts"], status["reset_reason"]) == (0, "panic")
    device.power_cycle()
    status = device.client.status()
    assert (status["restarts"], status["reset_reason"]) == (0, "power-on")


def test_first_call_after_an_upload_counts(device: Device, variant: Variant) -> None:
    """It crashes once when it is called, and twice more at the start of the device."""
    device.client.upload_and_reload(variant("crashes_at_start"))
    assert device.probe.call("answer") == 99

    with device.crashing(3):
        with pytest.raises(NoAnswer):
            device.probe.call("started")
        device.wait_ready()

    assert crashes(device) == 3
    assert device.probe.call("answer") == 42


def test_upload_after_a_module_has_yielded(device: Device, variant: Variant) -> None:
    device.client.upload(variant("crashes_at_start"))
    with device.crashing(3):
        device.reset()
    assert device.probe.call("answer") == 42

    device.client.upload_and_reload(variant("answer_43"))
    device.reset()

    assert device.probe.call("answer") == 43
    assert device.client.status()["passed_over"] == []


def test_same_module_uploaded_again_gets_three_more_starts(
    device: Device, variant: Variant
) -> None:
    bad = variant("crashes_at_start").data
    device.client.upload(bad)
    with device.crashing(3):
        device.reset()
    assert crashes(device) == 3

    device.client.upload(bad)
    with device.crashing(3):
        device.reset()

    assert crashes(device) == 6
    assert device.probe.call("answer") == 42


def test_ends_without_fault_do_not_count(device: Device, bench: Bench, variant: Variant) -> None:
    """Restarts, and panics of the firmware in which the module was not involved."""
    module = variant("answer_43").data
    device.client.upload_and_reload(module)

    for _ in range(2):
        bench.restart()
        device.wait_ready()
    for _ in range(4):
        bench.crash()
        device.wait_ready()

    assert device.probe.call("answer") == 43
    assert known(device, module) == ("written", 1)


@pytest.mark.firmware(config=OTHER_FIRMWARE)
def test_module_is_confirmed_after_its_time(device: Device, bench: Bench, variant: Variant) -> None:
    """Then it starts for ever, whatever happens."""
    one_more = "#include <stdint.h>\nint32_t one_more(void) { return 1; }\n"
    module = variant("answer_43", text=one_more).data
    confirmed = "hotreload: the module has run for 100 ms and is confirmed"
    seen, _ = device.console.wait_line(confirmed)
    device.client.upload_and_reload(module)

    device.console.wait_line(confirmed, seen + 1)

    assert device.client.status()["confirmed"] is True
    assert known(device, module) == ("confirmed", 1)
    for _ in range(4):
        bench.crash()
        device.wait_ready()
    assert device.probe.call("answer") == 43
