"""Any two choices of the configuration get along: each pair of them is in a firmware that works.

The rows come from allpairspy; each is built and run, a few of them with every change.
"""

import itertools
from collections.abc import Iterator

import pytest
from _pytest.mark import ParameterSet
from allpairspy import AllPairs

from pytest_embedded_hotreload.api import Device, HotReloadHTTPError, Variant
from scenarios.bench import Bench, HookCall
from scenarios.ignored import options
from scenarios.test_ignored_options import ROOT
from scenarios.test_memory import PSRAM

GUARDED = "HOTRELOAD_BOOT_GUARD"
COOPERATIVE = "HOTRELOAD_RELOAD_MODE_COOPERATIVE"
UNLOAD_FIRST = "HOTRELOAD_UNLOAD_FIRST"
TRACE = "HOTRELOAD_TRACE"
IN_PSRAM = "HOTRELOAD_DATA_IN_PSRAM"
BY_APPLICATION = "HOTRELOAD_CONFIRM_BY_APPLICATION"

SWITCHES = [
    COOPERATIVE,
    "HOTRELOAD_WEB_PAGE",
    "HOTRELOAD_AUTH",
    UNLOAD_FIRST,
    "HOTRELOAD_HOLD_CALLERS",
    "HOTRELOAD_RETIRE_FILL",
    IN_PSRAM,
    GUARDED,
    BY_APPLICATION,
    "HOTRELOAD_MESSAGES",
    TRACE,
]
CHOICES: dict[str, list[str]] = {
    **{name: ["n", "y"] for name in SWITCHES},
    "HOTRELOAD_MAX_HOOKS": ["1", "64"],
    "HOTRELOAD_RETIRE_GRACE_MS": ["0", "200"],
    "HOTRELOAD_SERVER_STACK_SIZE": ["6144", "16384"],
    "HOTRELOAD_SERVER_PRIORITY": ["5", "1", "20"],
    "FREERTOS_HZ": ["100", "1000"],
}
#: numbers that meet nothing of others, or are of no use without an option that is a choice here
ALONE = {
    *("HOTRELOAD_COMPONENT", "HOTRELOAD_MAX_ELF_SIZE", "HOTRELOAD_RECV_TIMEOUT_MS"),
    *("HOTRELOAD_UPLOAD_TIMEOUT_MS", "HOTRELOAD_RELOAD_MODE_IMMEDIATE", "HOTRELOAD_QEMU_IRAM"),
    *("HOTRELOAD_TRUSTED_ORIGIN", "HOTRELOAD_BUILD_FLOOR", "HOTRELOAD_NONCE_LIFETIME_MS"),
    *("HOTRELOAD_UNLOAD_TIMEOUT_MS", "HOTRELOAD_HOLD_LIMIT_MS", "HOTRELOAD_RETIRE_GRACE_BYTES"),
    *("HOTRELOAD_DESTRUCTOR_STACK_SIZE", "HOTRELOAD_TRIAL_STARTS", "HOTRELOAD_CONFIRM_MS"),
}
#: rows that run with every change; of the first one allpairspy has all first values
WITH_EVERY_CHANGE = (1, 3)

ROWS = [dict(zip(CHOICES, row, strict=True)) for row in AllPairs(list(CHOICES.values()))]


def rows() -> Iterator[ParameterSet]:
    for number, row in enumerate(ROWS):
        config = {f"CONFIG_{name}": value for name, value in row.items()}
        marks = [pytest.mark.timeout(300)]
        if row[IN_PSRAM] == "y":
            config |= PSRAM
            marks.append(pytest.mark.needs("psram"))
        if number not in WITH_EVERY_CHANGE:
            marks.append(pytest.mark.nightly)
        marks.append(pytest.mark.firmware(config=config))
        yield pytest.param(row, marks=marks, id=f"row-{number}")


@pytest.mark.parametrize("row", rows())
def test_configuration_works(
    device: Device, bench: Bench, variant: Variant, row: dict[str, str]
) -> None:
    """What every firmware promises, and the differences that its options make."""

    def reload() -> None:
        if row[COOPERATIVE] == "y":
            assert device.client.request("POST", "/reload").status_code == 202
            assert bench.reload() == "ESP_OK"
        else:
            device.client.reload()

    module = variant("answer_43")
    bench.register_hook("pre")
    bench.register_hook("post")
    status = device.client.status()
    assert (status["module"], status["confirmed"]) == (1, False)
    assert status["reload_mode"] == ("cooperative" if row[COOPERATIVE] == "y" else "immediate")
    assert (status["confirm_ms"] is None) == (row[BY_APPLICATION] == "y")

    device.client.upload(module)
    assert device.probe.call("answer") == 42
    reload()
    assert device.probe.call("answer") == 43
    assert bench.hook_calls() == [HookCall("pre", "a", 0, 42), HookCall("post", "a", 0, 43)]

    with pytest.raises(HotReloadHTTPError) as refused:
        device.client.upload(bytes(100))
    assert refused.value.name == "HOTRELOAD_ERR_MAGIC"
    assert (refused.value.message != refused.value.name) == (row["HOTRELOAD_MESSAGES"] == "y")
    assert device.probe.call("answer") == 43

    assert bench.unload() == "ESP_OK"
    assert device.probe.call("answer") == 0
    assert bench.load() == "ESP_OK"
    assert bench.load_from_ram(variant("changed_constant").data) == "ESP_OK"
    assert device.probe.call("answer") == 1234567

    device.reset()
    assert device.probe.call("answer") == 43
    slot = device.client.status()["slots"][0]
    assert slot["running"]
    assert (slot["starts"] > 0) == (row[GUARDED] == "y")
    assert device.client.confirm()["status"] == "ok"
    assert device.client.status()["confirmed"]
    assert any(line.text.startswith("HR ") for line in device.console.lines) == (row[TRACE] == "y")


def test_each_pair_is_in_a_row() -> None:
    """As allpairspy promises; and each option is a choice here, or alone."""
    met = {pair for row in ROWS for pair in itertools.combinations(row.items(), 2)}
    for (first, ones), (second, others) in itertools.combinations(CHOICES.items(), 2):
        for one, other in itertools.product(ones, others):
            assert ((first, one), (second, other)) in met
    ours = {name for name in CHOICES if name.startswith("HOTRELOAD_")}
    assert ours | ALONE == set(options(ROOT))
    assert not ours & ALONE
