"""An application hears of each step by an event, in order and with its data."""

import pytest

from pytest_embedded_hotreload.api import Device, HotReloadHTTPError, Variant
from scenarios.bench import Bench


def test_replacement(device: Device, bench: Bench, variant: Variant) -> None:
    module = variant("answer_43")
    bench.listen()

    device.client.upload_and_reload(module)

    assert bench.events("retired") == [
        f"updated size={len(module.data)}",
        f"staged module=2 size={len(module.data)}",
        "switched module=2 previous=1 answer=43",
        "retired module=1",
    ]


def test_module_from_ram(device: Device, bench: Bench, variant: Variant) -> None:
    module = variant("answer_43")
    bench.listen()

    assert bench.load_from_ram(module.data) == "ESP_OK"

    assert bench.events("retired") == [
        f"staged module=2 size={len(module.data)}",
        "switched module=2 previous=1 answer=43",
        "retired module=1",
    ]


def test_unload_and_load(device: Device, bench: Bench, variant: Variant) -> None:
    bench.listen()

    assert bench.unload() == "ESP_OK"
    assert bench.events("retired") == ["switched module=0 previous=1 answer=0", "retired module=1"]

    assert bench.load() == "ESP_OK"
    assert bench.events("switched module=2")[2:] == [
        f"staged module=2 size={len(variant().data)}",
        "switched module=2 previous=0 answer=42",
    ]


def test_failures(device: Device, bench: Bench, variant: Variant) -> None:
    bench.listen()

    with pytest.raises(HotReloadHTTPError):
        device.client.upload(variant("missing_symbol", allow_undefined=True))
    assert bench.load() == "ESP_ERR_INVALID_STATE"
    assert bench.load_from_ram(b"") == "HOTRELOAD_ERR_EMPTY"
    assert bench.unload() == "ESP_OK"
    bench.events("retired")
    assert bench.unload() == "ESP_ERR_INVALID_STATE"
    device.erase_partition("hotreload")
    bench.listen()
    assert bench.reload() == "HOTRELOAD_ERR_NO_MODULE"

    assert bench.events("failed operation=reload") == [
        "failed operation=update error=HOTRELOAD_ERR_SYMBOL_UNDEFINED module=1",
        "failed operation=load error=ESP_ERR_INVALID_STATE module=1",
        "failed operation=load_buffer error=HOTRELOAD_ERR_EMPTY module=1",
        "switched module=0 previous=1 answer=0",
        "retired module=1",
        "failed operation=unload error=ESP_ERR_INVALID_STATE module=0",
        "failed operation=reload error=HOTRELOAD_ERR_NO_MODULE module=0",
    ]


def test_update_from_ram(device: Device, bench: Bench, variant: Variant) -> None:
    module = variant("answer_43")
    bench.listen()

    assert bench.update(module.data) == "ESP_OK"

    assert bench.events("updated") == [f"updated size={len(module.data)}"]
