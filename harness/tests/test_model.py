"""The model is what a device has to do, and a walk notices when it does not."""

from collections.abc import Sequence
from typing import Any, cast

import pytest

from harness.client import HotReloadHTTPError
from harness.device import Device
from harness.model import Bad, Disagreement, Good, Model, Step, plan_walk, walk

ONE, TWO = Good("one", b"1", 1), Good("two", b"2", 2)
BAD = Bad("bad", b"?", "HOTRELOAD_ERR_MAGIC")


class FakeDevice:
    """Does what a device has to do, unless it has a fault."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.stored = self.running = b"1"
        self.client = self

    def upload(self, elf: bytes) -> None:
        if elf == BAD.elf:
            if self.fault == "stores what it refuses":
                self.stored = elf
            raise HotReloadHTTPError(422, "", {"error": BAD.error})
        self.stored = elf

    def reload(self) -> None:
        if self.fault != "keeps its module":
            self.running = self.stored

    def upload_and_reload(self, elf: bytes) -> None:
        self.upload(elf)
        self.reload()

    def reset(self) -> None:
        self.running = b"1" if self.fault == "forgets its flash" else self.stored

    power_cycle = reset

    def answer(self) -> int:
        return {b"1": 1, b"2": 2}.get(self.running, 0)


def do(fault: str, steps: Sequence[Step]) -> None:
    device = FakeDevice(fault)
    walk(cast("Device", device), Model(ONE, ONE), steps, device.answer)


def test_same_seed_same_walk() -> None:
    bodies: list[Good | Bad] = [ONE, TWO, BAD]

    assert plan_walk(7, 50, bodies) == plan_walk(7, 50, bodies)
    assert plan_walk(7, 50, bodies) != plan_walk(8, 50, bodies)
    assert {step.operation for step in plan_walk(7, 50, bodies, ["reload"])} == {"reload"}


def test_good_device_agrees() -> None:
    do("", plan_walk(1, 300, [ONE, TWO, BAD]))


@pytest.mark.parametrize(
    "fault", ["stores what it refuses", "keeps its module", "forgets its flash"]
)
def test_faulty_device_does_not(fault: str) -> None:
    with pytest.raises(Disagreement):
        do(fault, plan_walk(1, 300, [ONE, TWO, BAD]))


def test_history_is_told() -> None:
    steps = [Step("upload", BAD), Step("upload", TWO), Step("reload"), Step("reset")]

    with pytest.raises(Disagreement) as raised:
        do("keeps its module", steps)

    assert str(raised.value) == (
        "after upload(bad) upload(two) reload() the device runs the module that answers 1, "
        "the model two"
    )


def test_error_that_was_expected() -> None:
    model: Any = Model(ONE, ONE)

    assert model.apply(Step("upload_and_reload", BAD)) == "HOTRELOAD_ERR_MAGIC"
    assert (model.stored, model.running) == (ONE, ONE)
    assert model.apply(Step("upload", TWO)) == ""
    assert (model.stored, model.running) == (TWO, ONE)
    assert model.apply(Step("power_cycle")) == ""
    assert model.running == TWO
