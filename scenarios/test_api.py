"""The C API answers misuse with the error of the contract, and goes on."""

import pytest

from pytest_embedded_hotreload.api import Device, Variant
from scenarios.bench import Bench

pytestmark = pytest.mark.reload

MISUSE = {
    "load null": "ESP_ERR_INVALID_ARG",
    "load empty label": "ESP_ERR_INVALID_ARG",
    "load null label": "ESP_ERR_INVALID_ARG",
    "load null table": "ESP_ERR_INVALID_ARG",
    "load null names": "ESP_ERR_INVALID_ARG",
    "load twice": "ESP_ERR_INVALID_STATE",
    "unload": "ESP_OK",
    "unload twice": "ESP_ERR_INVALID_STATE",
    "load no partition": "ESP_ERR_NOT_FOUND",
    "load": "ESP_OK",
    "buffer null": "ESP_ERR_INVALID_ARG",
    "buffer empty": "HOTRELOAD_ERR_EMPTY",
    "buffer null table": "ESP_ERR_INVALID_ARG",
    "buffer null names": "ESP_ERR_INVALID_ARG",
    "reload null": "ESP_ERR_INVALID_ARG",
    "reload empty label": "ESP_ERR_INVALID_ARG",
    "reload null label": "ESP_ERR_INVALID_ARG",
    "reload null table": "ESP_ERR_INVALID_ARG",
    "reload null names": "ESP_ERR_INVALID_ARG",
    "reload no partition": "ESP_ERR_NOT_FOUND",
    "update null label": "ESP_ERR_INVALID_ARG",
    "update empty label": "ESP_ERR_INVALID_ARG",
    "update null data": "ESP_ERR_INVALID_ARG",
    "update no data": "HOTRELOAD_ERR_EMPTY",
    "update no partition": "ESP_ERR_NOT_FOUND",
    "update too large": "ESP_ERR_INVALID_SIZE",
    "server null": "ESP_ERR_INVALID_ARG",
    "server empty label": "ESP_ERR_INVALID_ARG",
    "server null table": "ESP_ERR_INVALID_ARG",
    "server null names": "ESP_ERR_INVALID_ARG",
    "server started twice": "ESP_ERR_INVALID_STATE",
}


def test_misuse_has_its_error_and_changes_nothing(device: Device, bench: Bench) -> None:
    assert bench.misuse() == MISUSE
    assert device.probe.call("answer") == 42

    # the first round has made locks that stay
    before = bench.allocated()
    assert bench.misuse() == MISUSE
    assert bench.allocated().more_than(before) == {}


def test_unload_gives_all_memory_back(device: Device, bench: Bench) -> None:
    assert bench.unload() == "ESP_OK"
    device.trace.wait("free", module=1)
    empty = bench.allocated()
    assert bench.load() == "ESP_OK"
    loaded = bench.allocated()
    assert bench.unload() == "ESP_OK"
    device.trace.wait("free", module=2)
    again = bench.allocated()

    assert loaded.data > empty.data and loaded.exec > empty.exec
    assert again.more_than(empty) == {}
    assert bench.load() == "ESP_OK"
    assert device.probe.call("answer") == 42


def test_module_too_large_for_memory(device: Device, bench: Bench, variant: Variant) -> None:
    greedy = variant(
        text='#include "module_api.h"\n'
        "static volatile uint8_t bytes[512 * 1024];\n"
        "int32_t answer(void)\n{\n    return bytes[1];\n}\n"
    )

    assert bench.load_from_ram(greedy.data) == "ESP_ERR_NO_MEM"
    before = bench.allocated()
    assert bench.load_from_ram(greedy.data) == "ESP_ERR_NO_MEM"

    assert device.probe.call("answer") == 42
    assert bench.allocated().more_than(before) == {}


def test_server_stops_and_starts(device: Device, bench: Bench, variant: Variant) -> None:
    assert bench.stop_server() == "ESP_OK"
    assert bench.stop_server() == "ESP_ERR_INVALID_STATE"
    assert bench.start_server(max_elf_size=0) == "ESP_OK"

    device.client.upload_and_reload(variant("answer_43"))
    assert device.probe.call("answer") == 43
