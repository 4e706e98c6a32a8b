"""A module can be kept, given up and tried again over HTTP, and the device tells which one runs."""

import hashlib

import pytest

from pytest_embedded_hotreload.api import Device, HotReloadHTTPError, Slot, Variant
from scenarios.bench import Bench

#: nothing is confirmed by time while a test runs
PATIENT = {"CONFIG_HOTRELOAD_CONFIRM_MS": "3600000"}
COOPERATIVE = {**PATIENT, "CONFIG_HOTRELOAD_RELOAD_MODE_COOPERATIVE": "y"}
COMMANDS = ["/confirm", "/rollback", "/retry"]

pytestmark = pytest.mark.firmware(config=PATIENT)


def sha(elf: bytes) -> str:
    return hashlib.sha256(elf).hexdigest()


def slot_of(device: Device, elf: bytes) -> Slot:
    (found,) = [slot for slot in device.client.status()["slots"] if slot["hash"] == sha(elf)]
    return found


def test_flashed_module_is_told_with_its_record(device: Device, variant: Variant) -> None:
    """As the build flashes it, and as `hotreload-flash` does later."""
    flashed_by_the_build = next(device.firmware.build_dir.glob("*_stripped.so")).read_bytes()
    for elf, answer in ((flashed_by_the_build, 42), (variant("answer_43").data, 43)):
        if answer != 42:
            device.flash_module(elf)
        newest, _ = device.client.status()["slots"]
        assert device.probe.call("answer") == answer
        assert newest["hash"] == sha(elf)
        assert (newest["state"], newest["running"], newest["size"]) == ("written", True, len(elf))
        assert newest["sequence"] == 0xFFFFFFFF


def test_confirm_keeps_the_module_that_runs(device: Device, variant: Variant) -> None:
    elf = variant("answer_43").data
    device.client.upload_and_reload(elf)
    assert slot_of(device, elf)["state"] == "written"
    assert not device.client.status()["confirmed"]

    answer = device.client.confirm()

    assert answer == {"status": "ok", "module": 2, "size": len(elf)}
    assert slot_of(device, elf)["state"] == "confirmed"
    assert device.client.status()["confirmed"]
    device.power_cycle()
    assert device.client.status()["confirmed"]
    assert device.client.confirm()["status"] == "ok"  # once more


def test_rollback_gives_the_module_up_and_loads_the_other(device: Device, variant: Variant) -> None:
    bad = variant("answer_43").data
    device.client.upload_and_reload(bad)

    answer = device.client.rollback()

    assert (answer["status"], answer["module"]) == ("ok", 3)
    assert device.probe.call("answer") == 42
    newest, other = device.client.status()["slots"]
    assert (newest["hash"], newest["state"], newest["running"]) == (sha(bad), "bad", False)
    assert other["running"]
    device.power_cycle()
    assert device.probe.call("answer") == 42


def test_retry_takes_it_again_with_the_next_load(device: Device, variant: Variant) -> None:
    module = variant("answer_43").data
    device.client.upload_and_reload(module)
    device.client.rollback()

    device.client.retry()

    assert device.probe.call("answer") == 42
    assert slot_of(device, module)["state"] == "written"
    device.client.reload()
    assert device.probe.call("answer") == 43


def test_a_request_tells_what_it_passes_over(device: Device, variant: Variant) -> None:
    bad = variant("answer_43").data
    device.client.upload_and_reload(bad)
    device.client.rollback()

    device.client.reload()

    told = [(p["slot"], p["hash"], p["error"]) for p in device.client.status()["passed_over"]]
    assert told == [(slot_of(device, bad)["slot"], sha(bad), "HOTRELOAD_ERR_MARKED_BAD")]


def test_nothing_to_go_back_to(device: Device) -> None:
    with pytest.raises(HotReloadHTTPError, match="HOTRELOAD_ERR_NO_MODULE") as refused:
        device.client.rollback()

    assert refused.value.status == 404
    status = device.client.status()
    assert (status["loaded"], status["module"]) == (True, 1)
    assert status["slots"][0]["state"] == "written"


def test_nothing_to_try_again(device: Device) -> None:
    with pytest.raises(HotReloadHTTPError, match="HOTRELOAD_ERR_NOTHING_TO_UNDO") as refused:
        device.client.retry()

    assert refused.value.status == 409


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_take_no_body(device: Device, command: str) -> None:
    answer = device.client.request("POST", command, data=b"body")

    assert answer.status_code == 400
    assert answer.json()["error"] == "HOTRELOAD_ERR_BODY_UNEXPECTED"
    assert device.client.status()["slots"][0]["state"] == "written"


@pytest.mark.firmware(config=COOPERATIVE)
def test_application_chooses_the_moment_of_a_rollback(
    device: Device, bench: Bench, variant: Variant
) -> None:
    bad = variant("answer_43").data
    device.client.upload(bad)
    assert bench.reload() == "ESP_OK"

    answer = device.client.request("POST", "/rollback")

    assert (answer.status_code, answer.json()) == (202, {"status": "pending", "pending": None})
    assert device.client.request("POST", "/reload").status_code == 202
    assert device.probe.call("answer") == 43
    assert slot_of(device, bad)["state"] == "written"
    assert bench.reload() == "ESP_OK"
    assert device.probe.call("answer") == 42
    assert slot_of(device, bad)["state"] == "bad"
    assert device.client.request("POST", "/reload").status_code == 409


@pytest.mark.firmware(config=COOPERATIVE)
def test_update_after_a_rollback_that_waits(device: Device, bench: Bench, variant: Variant) -> None:
    """What was asked for last counts: the module that runs is not given up."""
    device.client.confirm()
    device.client.upload(variant("answer_43"))
    assert bench.reload() == "ESP_OK"
    device.client.confirm()
    device.client.rollback()

    device.client.upload(variant("bigger"))

    assert bench.reload() == "ESP_OK"
    assert device.probe.call("answer") == 1933
    assert [slot["state"] for slot in device.client.status()["slots"]] == ["written", "confirmed"]


@pytest.mark.firmware(config=COOPERATIVE)
def test_rollback_that_cannot_be_is_refused_at_once(device: Device) -> None:
    answer = device.client.request("POST", "/rollback")

    assert (answer.status_code, answer.json()["error"]) == (404, "HOTRELOAD_ERR_NO_MODULE")
    assert device.client.request("POST", "/reload").status_code == 409
