"""A reload that fails has changed nothing: the old module answers, no hook ran, nothing leaks."""

from collections.abc import Callable

import pytest

from pytest_embedded_hotreload.api import Device, HotReloadHTTPError, Variant
from scenarios.bench import Bench

pytestmark = pytest.mark.observed

NOTE_OWNER = b"hotreload\0"


def large_module(variant: Variant) -> bytes:
    """One that needs 64 KB for its data."""
    return variant(
        text='#include "module_api.h"\n'
        "static volatile uint8_t bytes[64 * 1024];\n"
        "int32_t answer(void)\n{\n    return 43 + bytes[0];\n}\n"
    ).data


def foreign_module(variant: Variant) -> bytes:
    """One that says that it was linked against another firmware."""
    elf = variant("answer_43").data
    owner = elf.index(NOTE_OWNER)
    identity = (owner + len(NOTE_OWNER) + 3) // 4 * 4
    return (
        elf[:identity]
        + bytes(byte ^ 0xFF for byte in elf[identity : identity + 16])
        + (elf[identity + 16 :])
    )


FAILURES: dict[str, tuple[Callable[[Variant], bytes], str]] = {
    "no-memory-for-text": (lambda variant: variant("answer_43").data, "ESP_ERR_NO_MEM"),
    "no-memory-for-data": (large_module, "ESP_ERR_NO_MEM"),
    "missing-symbol": (
        lambda variant: variant("missing_symbol", allow_undefined=True).data,
        "HOTRELOAD_ERR_SYMBOL_UNDEFINED",
    ),
    "other-firmware": (foreign_module, "HOTRELOAD_ERR_IDENTITY"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_nothing_changes(device: Device, bench: Bench, variant: Variant, failure: str) -> None:
    build, error = FAILURES[failure]
    elf = build(variant)
    device.client.upload_and_reload(variant())  # what is made once is made now
    device.trace.wait("free", module=1)
    bench.register_hook("pre")
    bench.register_hook("post")
    if failure == "no-memory-for-text":
        bench.take_memory("exec", leave=0)
    if failure == "no-memory-for-data":
        bench.take_memory("data", leave=48 * 1024)
    table = device.probe.symbols()
    before = bench.allocated()
    mark = device.trace.mark()

    with pytest.raises(HotReloadHTTPError) as refused:
        device.client.upload_and_reload(elf)
    after = bench.allocated()

    assert refused.value.name == error
    assert device.probe.call("answer") == 42
    assert device.probe.symbols() == table
    assert bench.hook_calls() == []
    assert after.more_than(before) == {}
    events = {event.name for event in device.trace.since(mark)}
    assert "error" in events
    assert not events & {"hook_enter", "switch", "retire", "free"}
    bench.give_memory()
    device.client.upload_and_reload(variant("answer_43"))
    assert device.probe.call("answer") == 43


def test_entries_lead_to_the_stub_before_the_first_load(
    device: Device, bench: Bench, variant: Variant
) -> None:
    """Never to address 0: a device without a module returns 0 and says why."""
    device.erase_partition("hotreload")

    targets = {symbol.target for symbol in device.probe.symbols()}
    assert len(targets) == 1 and 0 not in targets
    assert device.probe.call("answer") == 0
    device.console.wait_line(r"no module is loaded \(none was loaded since the start\)")

    assert bench.load_from_ram(variant("answer_43").data[:-300]) != "ESP_OK"
    assert {symbol.target for symbol in device.probe.symbols()} == targets
    assert device.probe.call("answer") == 0


def test_unloaded_module_is_reported_without_a_flood(
    device: Device, bench: Bench, variant: Variant
) -> None:
    bench.start_caller()
    bench.stop_caller()
    bench.unload()
    bench.start_caller()
    device.console.wait_line(
        r"no module is loaded \(it was unloaded\): a call to it returned 0, 1 "
    )
    _, second = device.console.wait_line(r"\(it was unloaded\).* returned 0, (\d{2,}) so far")

    seen = bench.stop_caller()

    assert seen.zeros == seen.calls >= int(second[1])
    lines = [line.text for line in device.console.lines if "(it was unloaded)" in line.text]
    assert len(lines) < seen.calls / 10
