"""Any C signature works through a stub as in a direct call."""

import pytest

from pytest_embedded_hotreload.api import Device, Variant
from scenarios.bench import Bench

pytestmark = pytest.mark.reload


def test_signatures_of_the_first_module(bench: Bench) -> None:
    assert bench.wrong_signatures() == {}


@pytest.mark.parametrize("optimisation", ["-O0", "-O2"])
def test_signatures_of_a_reloaded_module(
    device: Device, bench: Bench, variant: Variant, optimisation: str
) -> None:
    device.client.upload_and_reload(variant(cflags=[optimisation]))

    assert bench.wrong_signatures() == {}


def test_ten_words_of_arguments(device: Device) -> None:
    assert device.probe.call("sig_ten", *range(1, 11)) == 385
    assert device.probe.call("sig_ten", *[0] * 9, 1) == 10


def test_result_of_two_registers(device: Device) -> None:
    product = device.probe.call("sig_mul64", 0xFFFFFFFF, 1, 0x7FFFFFFF, 0, ret="u64")

    assert product == 0x1FFFFFFFF * 0x7FFFFFFF


def test_frame_smaller_than_that_of_the_stub(device: Device, variant: Variant) -> None:
    """Arguments on the stack are found by the stack pointer that the function itself would have."""
    device.client.upload_and_reload(variant("smallest_frame"))

    assert device.probe.call("sig_ten", 1, 2, 3, 4, 5, 6, 70, 8, 9, 1000) == 930
