"""What was taken from a module can be used for the grace period, unless the component needs its
memory; what is used later is recognised as that."""

import struct
from collections import Counter

import pytest

from pytest_embedded_hotreload.api import Device, Variant
from scenarios.bench import Bench, module_with

LARGEST = 96 * 1024
#: longer than a test takes
GRACE = {
    "CONFIG_HOTRELOAD_RETIRE_GRACE_MS": "60000",
    "CONFIG_HOTRELOAD_RETIRE_GRACE_BYTES": str(LARGEST),
    "CONFIG_HOTRELOAD_RETIRE_FILL": "y",
}
FILL = 0xA5A5A5A5

pytestmark = [pytest.mark.observed, pytest.mark.firmware(config=GRACE)]


def test_text_outlives_its_module(device: Device, bench: Bench, variant: Variant) -> None:
    """`text = greeting(); ...; printf(text)` with a reload in between."""
    address = device.probe.call("greeting")
    text = device.probe.text("greeting")
    before = device.memory.read(address, len(text))

    device.client.upload_and_reload(variant("changed_constant"))

    assert device.probe.text("greeting") != text
    assert device.memory.read(address, len(text)) == before == text.encode()


def test_the_next_module_takes_its_place(device: Device, variant: Variant) -> None:
    """No more than one rests."""
    for name in ("answer_43", "changed_constant"):
        device.client.upload_and_reload(variant(name))

    freed = [event["module"] for event in device.trace.events if event.name == "free"]
    assert freed == [1]


def test_memory_that_is_needed_is_not_kept(device: Device, variant: Variant) -> None:
    """Two of these fit, not three."""
    size = device.probe.heaps().data_largest * 45 // 100
    for answer in (43, 44):
        device.client.upload_and_reload(module_with(variant, answer, size))
    mark = device.trace.mark()

    device.client.upload_and_reload(module_with(variant, 45, size))

    events = [(event.name, event.fields.get("module")) for event in device.trace.since(mark)]
    assert ("free", 2) in events, "module 2 did not rest until its memory was needed"
    assert events.index(("free", 2)) < events.index(("switch", 4))
    assert device.probe.call("answer") == 45


def test_large_module_is_freed_at_once(device: Device, variant: Variant) -> None:
    device.client.upload_and_reload(module_with(variant, 43, LARGEST))
    mark = device.trace.mark()

    device.client.upload_and_reload(variant("answer_43"))

    # the first one rested until now, and would have made way for one that may rest
    device.trace.wait("free", module=2)
    freed = [event["module"] for event in device.trace.since(mark) if event.name == "free"]
    assert freed == [2]


def test_freed_memory_has_the_pattern(device: Device, variant: Variant) -> None:
    """What the heap and others have written to it since is little."""
    device.client.upload_and_reload(module_with(variant, 43, LARGEST))
    data = device.placement().data

    device.client.upload_and_reload(variant("answer_43"))

    device.trace.wait("free", module=2)
    left = device.memory.read(data.address, data.size // 4 * 4)
    words = Counter(word for (word,) in struct.iter_unpack("<I", left))
    assert words[FILL] > words.total() // 2
