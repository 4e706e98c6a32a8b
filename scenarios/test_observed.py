"""Seen from outside, a load does nothing that a chip refuses, and writes to its own memory."""

from collections.abc import Callable

import pytest

from pytest_embedded_hotreload.api import Device, HotReloadHTTPError, Variant
from pytest_embedded_hotreload.sim.observer.phases import replacements
from pytest_embedded_hotreload.sim.observer.plan import PHASES
from pytest_embedded_hotreload.sim.observer.record import Observation
from scenarios.bench import RELOCATION_ANSWERS, Bench

# what must not be fails a test by itself
pytestmark = [pytest.mark.needs("observer"), pytest.mark.observed]

#: bytes of the module `bigger`, at least
LARGE = 30000


def test_modules_come_and_go(device: Device, bench: Bench, variant: Variant) -> None:
    bench.carry_state()
    with pytest.raises(HotReloadHTTPError):
        device.client.upload_and_reload(variant("missing_symbol", allow_undefined=True))
    for name, answer in RELOCATION_ANSWERS.items():
        device.client.upload_and_reload(variant(f"relocation/{name}"))
        device.trace.wait("free")
        assert device.probe.call("answer") == answer
    bench.unload()
    assert device.probe.call("answer") == 0
    device.client.reload()
    assert device.probe.call("answer") == answer


def test_instructions_of_each_phase(
    device: Device,
    variant: Variant,
    observations: Callable[[], list[Observation]],
    figure: Callable[[str], None],
) -> None:
    device.client.upload_and_reload(variant("answer_43"))
    device.client.upload_and_reload(variant("bigger"))
    device.trace.wait("free", module=2)

    *_, small, large = replacements(observations()[0].marks, device.firmware.elf)

    assert list(small) == list(large) == list(PHASES.values())[:-1]
    assert min([*small.values(), *large.values()]) > 0
    assert large["place"] > LARGE // 4  # a word takes an instruction at least
    told = ", ".join(f"{phase} {count:,}" for phase, count in large.items())
    figure(f"instructions of a replacement, by phase: {told}")
