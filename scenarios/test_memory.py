"""Text and data lie in the memory that each of them needs, and are written as it has to be."""

from collections.abc import Callable

import pytest

from pytest_embedded_hotreload.api import Device, HotReloadHTTPError, Module, NoAnswer, Variant
from scenarios.bench import RELOCATION_ANSWERS, Bench, MemoryKind, Visit

#: executable memory of the simulated board refuses bytes, as a chip's does; freed memory is filled
WORDS = {"CONFIG_ESP_SYSTEM_IRAM_WORDS_ONLY": "y", "CONFIG_HEAP_POISONING_COMPREHENSIVE": "y"}

PSRAM = {
    "CONFIG_SPIRAM": "y",
    "CONFIG_SPIRAM_ALLOW_STACK_EXTERNAL_MEMORY": "y",
    "CONFIG_FREERTOS_TASK_CREATE_ALLOW_EXT_MEM": "y",  # its name from v5.4 on
}
DATA_IN_PSRAM = PSRAM | {"CONFIG_HOTRELOAD_DATA_IN_PSRAM": "y"}

TEXT = MemoryKind(executable=True, bytes=False, external=False)
INTERNAL_DATA = MemoryKind(executable=False, bytes=True, external=False)
EXTERNAL_DATA = MemoryKind(executable=False, bytes=True, external=True)

READS_ITS_TEXT = """
#include "module_api.h"
static __attribute__((noinline)) int32_t inside(int32_t value)
{
    return firmware_negate(value) + 1;
}

int32_t answer(void)
{
    return inside(3) + ((const volatile uint8_t *)(uintptr_t)inside)[1];
}
"""


def with_bytes(count: int) -> str:
    """A module with so many bytes of data."""
    return (
        '#include "module_api.h"\n'
        f"static volatile uint8_t bytes[{count}];\n"
        "int32_t answer(void)\n{\n    return 43 + bytes[0];\n}\n"
    )


def kinds(device: Device, bench: Bench) -> list[MemoryKind]:
    """Of the first and last byte of the text, and of the data, of the module that is loaded."""
    placement = device.placement()
    return [
        bench.memory_kind(address)
        for segment in (placement.text, placement.data)
        for address in (segment.address, segment.address + segment.size - 1)
    ]


@pytest.mark.needs("iram-words")
@pytest.mark.firmware(config=WORDS)
def test_text_is_written_and_read_by_words(
    device: Device,
    bench: Bench,
    variant: Variant,
    assert_image_exact: Callable[[Module], None],
) -> None:
    for name, answer in RELOCATION_ANSWERS.items():
        module = variant(f"relocation/{name}")
        device.client.upload_and_reload(module)
        assert_image_exact(module)
        assert device.probe.call("answer") == answer
    device.client.upload_and_reload(variant())
    assert bench.wrong_signatures() == {}


@pytest.mark.needs("iram-words")
@pytest.mark.firmware(config=WORDS)
def test_old_text_is_left_while_the_new_one_is_written(
    device: Device, bench: Bench, variant: Variant
) -> None:
    before = bench.allocated()

    soak = bench.soak(30, [(variant("answer_43").data, 43), (variant().data, 42)], timeout=60)

    assert (soak.failed, soak.wrong) == (0, 0)
    assert bench.allocated().more_than(before) == {}


@pytest.mark.needs("iram-words")
@pytest.mark.firmware(config=WORDS)
def test_a_byte_of_text_cannot_be_read(device: Device, variant: Variant) -> None:
    """What the tests above rest on."""
    device.client.upload_and_reload(variant(text=READS_ITS_TEXT))

    with device.crashing(), pytest.raises(NoAnswer):
        device.probe.call("answer")

    device.console.wait_line("Guru Meditation Error.*LoadStoreError")


def test_text_and_data_are_apart(device: Device, bench: Bench, variant: Variant) -> None:
    for name in ("data_kinds", "switch_table"):
        device.client.upload_and_reload(variant(f"relocation/{name}"))
        assert kinds(device, bench) == [TEXT, TEXT, INTERNAL_DATA, INTERNAL_DATA]


@pytest.mark.needs("psram")
@pytest.mark.firmware(config=PSRAM)
def test_data_stays_inside_unless_configured(
    device: Device, bench: Bench, variant: Variant
) -> None:
    device.client.upload_and_reload(variant("bigger"))

    assert device.client.status()["heap"]["psram_free"] > 1 << 20
    assert kinds(device, bench) == [TEXT, TEXT, INTERNAL_DATA, INTERNAL_DATA]


@pytest.mark.needs("psram")
@pytest.mark.firmware(config=DATA_IN_PSRAM)
def test_data_in_psram(
    device: Device,
    bench: Bench,
    variant: Variant,
    assert_image_exact: Callable[[Module], None],
) -> None:
    free = device.client.status()["heap"]["psram_free"]
    inside = bench.free_memory()
    for name, answer in RELOCATION_ANSWERS.items():
        module = variant(f"relocation/{name}")
        device.client.upload_and_reload(module)
        assert_image_exact(module)
        assert device.probe.call("answer") == answer
        assert kinds(device, bench) == [TEXT, TEXT, EXTERNAL_DATA, EXTERNAL_DATA]

    # more than all internal RAM, of which not more is used than before
    device.client.upload_and_reload(variant(text=with_bytes(1 << 20)))

    assert device.probe.call("answer") == 43
    device.trace.wait("free", module=device.client.status()["module"] - 1)
    assert device.client.status()["heap"]["psram_free"] < free - (1 << 20) + 4096
    assert bench.free_memory().data > inside.data - 4096
    device.client.upload_and_reload(variant("smaller", base=False))
    device.trace.wait("free", module=device.client.status()["module"] - 1)
    assert device.client.status()["heap"]["psram_free"] > free - 4096


@pytest.mark.needs("psram")
@pytest.mark.firmware(config=DATA_IN_PSRAM)
def test_psram_that_is_full_is_an_error(device: Device, bench: Bench, variant: Variant) -> None:
    bench.take_memory("psram", leave=16 * 1024)
    table = device.probe.symbols()

    with pytest.raises(HotReloadHTTPError) as refused:
        device.client.upload_and_reload(variant(text=with_bytes(64 * 1024)))

    assert refused.value.name == "ESP_ERR_NO_MEM"
    assert "data (PSRAM)" in str(refused.value)
    assert device.probe.symbols() == table
    assert device.probe.call("answer") == 42


@pytest.mark.needs("psram")
@pytest.mark.firmware(config=DATA_IN_PSRAM)
def test_data_larger_than_psram_is_not_stored(device: Device, variant: Variant) -> None:
    with pytest.raises(HotReloadHTTPError) as refused:
        device.client.upload(variant(text=with_bytes(5 << 20)))

    assert refused.value.name == "ESP_ERR_NO_MEM"
    assert "data (PSRAM)" in str(refused.value)
    assert device.client.status()["pending"] is None


@pytest.mark.needs("psram")
@pytest.mark.firmware(config=DATA_IN_PSRAM)
@pytest.mark.parametrize("stay", ["queue", "compute"])
def test_a_task_inside_has_its_stack_in_psram(
    device: Device, bench: Bench, variant: Variant, stay: str
) -> None:
    old = device.placement()
    image = [device.memory.read(seg.address, seg.size) for seg in old.segments]
    bench.visit(0, stay, depth=5, psram=True)
    mark = device.trace.mark()

    device.client.upload_and_reload(variant("answer_43"))

    assert device.probe.call("answer") == 43
    assert [event.name for event in device.trace.since(mark)][-2:] == ["retire", "done"]
    assert [device.memory.read(seg.address, seg.size) for seg in old.segments] == image
    assert bench.leave(0) == Visit(42)
    device.trace.wait("free", module=1)


@pytest.mark.needs("psram")
@pytest.mark.firmware(config=DATA_IN_PSRAM)
def test_a_stack_in_psram_is_refused_the_flash(
    device: Device, bench: Bench, variant: Variant
) -> None:
    """ESP-IDF would end the program at the first use of the flash."""
    device.client.upload(variant("answer_43"))

    bench.visit(0, "reload", psram=True)

    assert bench.leave(0) == Visit(42, error="ESP_ERR_INVALID_STATE")
    device.console.wait_line("reload: ESP_ERR_INVALID_STATE: the stack of the calling task lies in")
    assert device.probe.call("answer") == 42
    assert bench.reload() == "ESP_OK"
    assert device.probe.call("answer") == 43


@pytest.mark.needs("psram")
@pytest.mark.firmware(config=DATA_IN_PSRAM)
def test_a_module_is_given_in_psram(
    device: Device,
    bench: Bench,
    variant: Variant,
    assert_image_exact: Callable[[Module], None],
) -> None:
    new, other = variant("answer_43"), variant("relocation/data_kinds")

    assert bench.load_from_ram(new.data, shift=1, psram=True) == "ESP_OK"

    assert_image_exact(new)
    assert device.probe.call("answer") == 43
    assert bench.update(other.data, psram=True) == "ESP_OK"
    assert bench.reload() == "ESP_OK"
    assert_image_exact(other)
    assert device.probe.call("answer") == RELOCATION_ANSWERS["data_kinds"]
