"""The device as a small state machine, and random walks that device and model have to agree on.

A device has a module in flash and one that runs. That is all a sequence of uploads, reloads and
resets can change, so that is the model; whatever else the device remembers by mistake shows as a
disagreement some steps later.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.client import HotReloadHTTPError
from harness.device import Device
from harness.errors import ConditionNotMet

OPERATIONS = ("upload", "upload_and_reload", "reload", "reset", "power_cycle")
WITH_BODY = ("upload", "upload_and_reload")


class Disagreement(ConditionNotMet):
    """The device did something else than the model."""


@dataclass(frozen=True)
class Good:
    """A module that works; `answer` is how one can tell it from others."""

    name: str
    elf: bytes
    answer: int


@dataclass(frozen=True)
class Bad:
    """An upload that is refused with the error `error`."""

    name: str
    elf: bytes
    error: str


@dataclass(frozen=True)
class Step:
    """One thing done to the device."""

    operation: str
    body: Good | Bad | None = None

    def __str__(self) -> str:
        return f"{self.operation}({self.body.name})" if self.body else f"{self.operation}()"


@dataclass
class Model:
    """What is in flash and what runs."""

    stored: Good
    running: Good

    def apply(self, step: Step) -> str:
        """Do the step; the name of the error that the device has to answer with, or ""."""
        if isinstance(step.body, Bad):
            return step.body.error
        if step.body is not None:
            self.stored = step.body
        if step.operation != "upload":
            self.running = self.stored
        return ""


def plan_walk(
    seed: int, length: int, bodies: Sequence[Good | Bad], operations: Sequence[str] = OPERATIONS
) -> list[Step]:
    """A random sequence of steps, the same for the same seed."""
    chance = random.Random(seed)
    steps = []
    for _ in range(length):
        operation = chance.choice(operations)
        steps.append(Step(operation, chance.choice(bodies) if operation in WITH_BODY else None))
    return steps


def walk(device: Device, model: Model, steps: Sequence[Step], answer: Callable[[], int]) -> None:
    """Do the steps on device and model; `answer` asks the running module who it is."""
    for done, step in enumerate(steps, start=1):
        expected = model.apply(step)
        actual = perform(device, step)
        if actual != expected:
            what = f"answered {actual or 'success'}, the model {expected or 'success'}"
            raise Disagreement(_history(steps[:done], what))
        found = answer()
        if found != model.running.answer:
            what = f"runs the module that answers {found}, the model {model.running.name}"
            raise Disagreement(_history(steps[:done], what))


def perform(device: Device, step: Step) -> str:
    """Do a step on the device; the name of the error that it answered with, or ""."""
    if step.operation not in OPERATIONS:
        raise ValueError(f"unknown operation {step.operation!r}")
    try:
        if step.body is not None:
            getattr(device.client, step.operation)(step.body.elf)
        elif step.operation == "reload":
            device.client.reload()
        else:
            getattr(device, step.operation)()
    except HotReloadHTTPError as error:
        return error.name
    return ""


def _history(steps: Sequence[Step], what: str) -> str:
    return f"after {' '.join(map(str, steps))} the device {what}"
