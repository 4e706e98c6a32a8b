"""A reload replaces the running module, whatever has changed and whichever way it arrives."""

import itertools
import shutil
from pathlib import Path

import pytest

from pytest_embedded_hotreload.api import Device, Variant
from scenarios.bench import Bench, Visit

pytestmark = pytest.mark.reload


def test_new_function_body(device: Device, variant: Variant) -> None:
    assert device.probe.call("answer") == 42

    device.client.upload_and_reload(variant("answer_43"))

    assert device.probe.call("answer") == 43


def test_changed_constants(device: Device, bench: Bench, variant: Variant) -> None:
    assert device.probe.call("add", 3, 4) == 7

    device.client.upload_and_reload(variant("changed_constant"))

    assert device.probe.call("answer") == 1234567
    assert device.probe.call("add", 3, 4) == 7 + 7
    assert device.probe.call("add", 4, 4) == 8 + 100000
    assert device.probe.text("greeting") == "hello from a changed constant"


def test_changed_data_layout(device: Device, bench: Bench, variant: Variant) -> None:
    assert device.probe.call("statics_sum") == 4321

    device.client.upload_and_reload(variant("changed_layout"))

    assert device.probe.call("statics_sum") == 0x55667788 + 9
    assert device.probe.call("counter_next") == 1
    assert device.probe.text("word_get", 2) == "third"
    # what the variant did not change is there too
    assert device.probe.call("dispatch", 5, ret="i32") == -995


def test_bigger_and_smaller_module(device: Device, bench: Bench, variant: Variant) -> None:
    device.client.upload_and_reload(variant("bigger"))
    assert device.probe.call("answer") == 136 + 1720 + 77
    device.trace.wait("free", module=1)
    with_bigger = bench.free_memory()

    device.client.upload_and_reload(variant("smaller", base=False))
    assert device.probe.call("answer") == 7
    device.trace.wait("free", module=2)
    with_smaller = bench.free_memory()

    assert with_smaller.data - with_bigger.data > 32 * 1024
    assert with_smaller.exec > with_bigger.exec


def test_module_of_any_optimisation(device: Device, bench: Bench, variant: Variant) -> None:
    for optimisation in ("-O0", "-O1", "-Os", "-O2", "-O3"):
        device.client.upload_and_reload(variant("answer_43", cflags=[optimisation]))

        assert device.probe.call("answer") == 43, optimisation
        assert device.probe.call("operation_apply", 2, -6, 7, ret="i32") == -42, optimisation
        assert device.probe.text("word_get", 3) == "scenario firmware", optimisation


def test_every_function_points_into_the_new_module(
    device: Device, bench: Bench, variant: Variant
) -> None:
    device.client.upload_and_reload(variant("answer_43"))

    text = device.placement().text
    for symbol in device.probe.symbols():
        assert text.address <= symbol.target < text.address + text.size, symbol.name


def test_hundred_reloads_leak_nothing(device: Device, bench: Bench, variant: Variant) -> None:
    modules = [
        (variant("answer_43"), 43),
        (variant("bigger"), 136 + 1720 + 77),
        (variant("smaller", base=False), 7),
        (variant(), 42),
    ]
    allocated = []
    for round_ in range(25):
        for number, (module, answer) in enumerate(modules, len(modules) * round_ + 1):
            device.client.upload_and_reload(module)
            assert device.probe.call("answer") == answer, f"round {round_}"
            device.trace.wait("free", module=number)
        allocated.append(bench.allocated())

    assert [later.more_than(allocated[0]) for later in allocated] == [{}] * len(allocated)


def test_upload_then_reload(device: Device, variant: Variant) -> None:
    device.client.upload(variant("answer_43"))
    assert device.probe.call("answer") == 42

    device.client.reload()
    assert device.probe.call("answer") == 43


def test_from_flash_after_a_reset(device: Device, variant: Variant) -> None:
    device.client.upload(variant("answer_43"))
    assert device.probe.call("answer") == 42

    device.reset()

    assert device.probe.call("answer") == 43


@pytest.mark.needs("soft-reset")
def test_from_flash_after_a_restart(device: Device, bench: Bench, variant: Variant) -> None:
    device.client.upload_and_reload(variant("changed_constant"))

    bench.restart()
    device.wait_ready()

    assert device.probe.call("answer") == 1234567


@pytest.mark.needs("soft-reset")
def test_from_flash_after_a_crash(device: Device, bench: Bench, variant: Variant) -> None:
    device.client.upload_and_reload(variant("answer_43"))

    bench.crash()
    device.wait_ready()

    assert device.probe.call("answer") == 43


def test_curl_as_in_the_contract(device: Device, variant: Variant, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed: apt-get install curl")
    elf = tmp_path / "build" / "reloadable_stripped.so"
    elf.parent.mkdir()
    elf.write_bytes(variant("answer_43").data)

    command = [curl, "-X", "POST", "-F", "file=@build/reloadable_stripped.so"]
    command += [
        "--silent",
        "--show-error",
        "--fail-with-body",
        f"{device.client.url}/upload-and-reload",
    ]
    device.run(command, cwd=tmp_path).check_returncode()

    assert device.probe.call("answer") == 43


def test_from_ram(device: Device, bench: Bench, variant: Variant) -> None:
    assert bench.load_from_ram(variant("answer_43").data) == "ESP_OK"
    assert device.probe.call("answer") == 43

    # what came from RAM is not stored
    device.reset()
    assert device.probe.call("answer") == 42


def test_from_ram_at_any_alignment(device: Device, bench: Bench, variant: Variant) -> None:
    modules = (variant("changed_constant"), 8 + 100000), (variant("answer_43"), 8)
    for shift, (module, added) in zip((1, 2, 3), itertools.cycle(modules), strict=False):
        assert bench.load_from_ram(module.data, shift) == "ESP_OK"

        assert device.probe.call("add", 4, 4) == added, shift


def test_by_the_c_api(device: Device, bench: Bench, variant: Variant) -> None:
    assert bench.update(variant("answer_43").data) == "ESP_OK"
    assert device.probe.call("answer") == 42

    assert bench.reload() == "ESP_OK"
    assert device.probe.call("answer") == 43


def test_task_inside_stays_in_the_old_module(
    device: Device, bench: Bench, variant: Variant
) -> None:
    bench.visit(0, "compute", depth=2)
    mark = device.trace.mark()

    device.client.upload_and_reload(variant("answer_43"))

    assert device.probe.call("answer") == 43
    assert "free" not in [event.name for event in device.trace.since(mark)]
    assert bench.leave(0) == Visit(42)
    device.trace.wait("free", module=1)


def test_asked_for_by_the_module_itself(device: Device, bench: Bench, variant: Variant) -> None:
    device.client.upload(variant("answer_43"))

    bench.visit(0, "reload", depth=2)

    assert bench.leave(0) == Visit(42)
    device.trace.wait("free", module=1)
    assert device.probe.call("answer") == 43


def test_unloaded_module_is_not_called(device: Device, bench: Bench) -> None:
    assert bench.unload() == "ESP_OK"

    assert device.probe.call("sig_mul64", 3, 0, 5, 0, ret="u64") == 0
    assert "no module" in device.console.text

    assert bench.load() == "ESP_OK"
    assert device.probe.call("sig_mul64", 3, 0, 5, 0, ret="u64") == 15


def test_status_follows_the_module(device: Device, variant: Variant) -> None:
    before = device.client.status()
    device.client.upload_and_reload(variant("bigger"))
    after = device.client.status()

    assert before["loaded"] and after["loaded"]
    assert after["module"] == before["module"] + 1
    assert after["loads"] == before["loads"] + 1
    assert after["data"]["size"] >= before["data"]["size"] + 32 * 1024
    assert after["heap"]["data_free"] < before["heap"]["data_free"]
