"""What a test reads, writes and calls by name is what the device has, also behind a reload."""

import pytest

from pytest_embedded_hotreload.api import Device, ProbeError, UnknownNameError, Variant
from scenarios.bench import Bench


def test_variable_of_the_module_is_that_of_the_module_in_use(
    device: Device, variant: Variant
) -> None:
    counter = device.variable("counter")
    device.probe.call("counter_restore", 1000)
    assert counter.read() == 1000
    counter.write(0xFFFFFFFF)
    assert device.probe.call("counter_value") == 0xFFFFFFFF
    assert counter.read(signed=True) == -1

    device.client.upload_and_reload(variant("answer_43"))

    assert counter.read() == 0
    counter.write(7)
    assert device.probe.call("counter_next") == 8


def test_variable_of_the_firmware(device: Device) -> None:
    assert device.variable("firmware_word").read() == 0x600DD00D

    device.variable("firmware_word").write_bytes(b"\x2a\0")

    assert device.variable("firmware_word").read() == 0x600D002A
    assert device.probe.call("dispatch", 6) == 0x600D002A


def test_variables_of_one_name_are_told_apart_by_their_file(device: Device) -> None:
    files = r"probe_hooks\.c:calls, probe_unloaded\.c:calls"
    with pytest.raises(UnknownNameError, match=f"several variables 'calls': {files}"):
        device.variable("calls").read()

    assert device.variable("probe_unloaded.c:calls").read() == 0
    device.probe.get_json("unloaded/calls", {"rounds": "2"})
    assert device.variable("probe_unloaded.c:calls").read() == 6


def test_function_of_the_firmware(device: Device) -> None:
    assert device.probe.call("firmware_add", 2, -44, ret="i32") == -42
    assert device.probe.text("greeting") == "hello from the base module"


def test_what_nobody_has_is_told_with_what_is_most_like_it(device: Device) -> None:
    with pytest.raises(UnknownNameError, match=r"variable 'contuer'.*'counter'"):
        device.variable("contuer").read()
    with pytest.raises(ProbeError, match=r"404 no such function.*'answer'"):
        device.probe.call("anwser")


def test_code_is_not_written(device: Device) -> None:
    text = device.placement().text.address

    with pytest.raises(ProbeError, match="400 not in data memory"):
        device.probe.write(text, bytes(4))

    assert device.probe.call("answer") == 42


def test_hooks_that_ran_are_known_by_name(device: Device, bench: Bench, variant: Variant) -> None:
    bench.register_hook("pre", "b")
    bench.register_hook("post", "a")
    assert device.hooks() == []

    device.client.upload_and_reload(variant("answer_43"))
    mark = device.trace.mark()
    device.client.reload()

    assert device.hooks() == [("pre", "pre_hook_b"), ("post", "post_hook_a")] * 2
    assert device.hooks(mark) == [("pre", "pre_hook_b"), ("post", "post_hook_a")]


def test_state_that_is_lost_is_told(device: Device, bench: Bench, variant: Variant) -> None:
    device.probe.call("counter_restore", 3)
    lost = "^counter_value was 3 and is 0, counter was 3 and is 0$"
    with (
        pytest.raises(AssertionError, match=lost),
        device.unchanged("counter_value", "counter", "firmware_word"),
    ):
        device.client.upload_and_reload(variant("answer_43"))

    bench.carry_state()
    device.probe.call("counter_restore", 4)
    with device.unchanged("counter_value", "counter"):
        device.client.reload()


def test_function_of_a_variant_counts_for_all_callers(device: Device, variant: Variant) -> None:
    """Also for those in the file of the function that it takes the place of."""
    edits = {
        "MODULE_DEFAULT int32_t answer(void)": "int32_t answer(void)",
        "return 0xc0ffee42;": "return (uint32_t)answer();",
    }
    device.client.upload_and_reload(variant(replace=edits))
    assert device.probe.call("sig_nothing") == 42

    device.client.upload_and_reload(variant("answer_43", replace=edits))
    assert device.probe.call("answer") == 43
    assert device.probe.call("sig_nothing") == 43
