"""Whatever is done in whatever order, the device does what a small model of it does."""

import pytest

from harness.device import Device
from harness.model import Bad, Good, Model, plan_walk, walk
from scenarios.bench import Variant

pytestmark = pytest.mark.needs("power-cut")


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_random_walk(device: Device, variant: Variant, seed: int) -> None:
    base = Good("base", variant().data, 42)
    bodies: list[Good | Bad] = [
        base,
        Good("answer_43", variant("answer_43").data, 43),
        Good("changed_constant", variant("changed_constant").data, 1234567),
        Good("bigger", variant("bigger").data, 1933),
        Bad("half", base.elf[: len(base.elf) // 2], "HOTRELOAD_ERR_SEGMENT_BOUNDS"),
        Bad("text", b"no module " * 10, "HOTRELOAD_ERR_MAGIC"),
        Bad("nothing", b"", "HOTRELOAD_ERR_EMPTY"),
    ]

    walk(
        device,
        Model(stored=base, running=base),
        plan_walk(seed, length=15, bodies=bodies),
        answer=lambda: device.probe.call("answer"),
    )
