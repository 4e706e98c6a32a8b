"""A device finds its way back: once a module is proven, each start has one, whatever was done.

A random walk: Hypothesis chooses what is done, the model says what has to come of it, and a failure
is shrunk to the shortest sequence, which is printed as code to paste.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from pytest_embedded_hotreload.api import Device, HotReloadHTTPError, Module, Variant
from pytest_embedded_hotreload.model import Body, End, Kind, Model, Slot
from scenarios.bench import Bench

pytestmark = pytest.mark.needs("power-cut")

#: .bss that no heap of the device has room for in one piece, and that all its heaps have together
LARGE = 262_000
NAMES = ("works", "works too", "crashes", "hangs", "is large", "is foreign", "is broken")


@pytest.fixture
def bodies(variant: Variant, foreign: Module) -> dict[str, Body]:
    large = variant(text=f"static char large[{LARGE}]; char *use(void) {{ return large; }}")
    works = variant("answer_43").data
    return {
        body.name: body
        for body in (
            Body("is flashed", variant().data, answer=42),
            Body("works", works, answer=43),
            Body("works too", variant("changed_constant").data, answer=1234567),
            Body("crashes", variant("crashes_at_start").data, Kind.CRASHES, answer=99),
            Body("hangs", variant("hangs_in_task").data, Kind.HANGS, answer=98),
            Body("is large", large.data, Kind.LARGE, error="ESP_ERR_NO_MEM"),
            Body("is foreign", foreign.data, Kind.REFUSED, error="HOTRELOAD_ERR_IDENTITY"),
            Body(
                "is broken", works[:-200], Kind.REFUSED_LATE, error="HOTRELOAD_ERR_SEGMENT_BOUNDS"
            ),
        )
    }


class Walk(RuleBasedStateMachine):
    """Does the same to a device and to the model; a subclass has the device."""

    device: Device
    bench: Bench
    bodies: dict[str, Body]
    steps: list[str]

    @initialize()
    def flash(self) -> None:
        """A device as it comes from its first `idf.py flash`."""
        body = self.bodies["is flashed"]
        self.device.erase_partition("hotreload")
        self.device.flash_module(body.elf)
        self.model = Model(slots=[Slot(body, age=0), None])
        list(self.model.start(End.POWER))

    @rule(name=st.sampled_from(NAMES))
    def upload(self, name: str) -> None:
        body = self.bodies[name]
        self.same(self.model.upload(body), lambda: self.device.client.upload(body.elf))

    @rule(name=st.sampled_from(NAMES))
    def upload_and_reload(self, name: str) -> None:
        body = self.bodies[name]
        expected = self.model.upload(body) or self.model.reload()
        self.same(expected, lambda: self.device.client.upload_and_reload(body.elf))

    @rule()
    def reload(self) -> None:
        self.same(self.model.reload(), self.device.client.reload)

    @precondition(lambda self: not self.model.running or self.model.running.kind is Kind.WORKS)
    @rule()
    def confirm(self) -> None:
        self.same(self.model.confirm(), self.device.client.confirm)

    @rule()
    def rollback(self) -> None:
        self.same(self.model.rollback(), self.device.client.rollback)

    @rule()
    def retry(self) -> None:
        self.same(self.model.retry(), self.device.client.retry)

    @precondition(lambda self: self.model.running is not None)
    @rule()
    def unload(self) -> None:
        expected = self.model.unload()
        assert self.bench.unload() == (expected or "ESP_OK")
        self.agree()

    @rule()
    def cut_power(self) -> None:
        def cut() -> None:
            self.device.power_cut()
            self.device.switch_on()

        self.start(End.POWER, cut)

    @rule()
    def reset(self) -> None:
        self.start(End.RESET, self.device.begin_reset)

    @rule()
    def restart(self) -> None:
        self.start(End.RESTART, self.bench.restart)

    def start(self, end: End, cause: Callable[[], object]) -> None:
        """Let the device start, crash as often as it has to, and cut its power when it hangs."""
        kinds = [body.kind if body else None for body in self.model.start(end)]
        seen = len(self.device.console.lines)
        with self.device.crashing(kinds.count(Kind.CRASHES)):
            cause()
            for _ in range(kinds.count(Kind.HANGS)):
                self.device.console.wait_line("the module hangs", seen)
                seen = len(self.device.console.lines)
                self.device.power_cut()
                self.device.switch_on()
            self.device.wait_ready()
        if self.model.confirmed_once:
            assert self.device.client.status()["loaded"], "started without a module"
        self.agree()

    def same(self, expected: str, operation: Callable[[], Any]) -> None:
        try:
            operation()
            actual = ""
        except HotReloadHTTPError as error:
            actual = error.name
        assert actual == expected, f"answered {actual or 'success'}, not {expected or 'success'}"
        self.agree()

    def agree(self) -> None:
        status = self.device.client.status()
        running = self.model.running
        found = self.device.probe.call("answer") if status["loaded"] else None
        assert found == (running.answer if running else None)
        slots = [slot for slot in status["slots"] if slot["state"] not in ("blank", "damaged")]
        assert [(slot["state"], slot["starts"]) for slot in slots] == self.model.states()
        self.steps.append("")


CONFIG = {"CONFIG_HOTRELOAD_CONFIRM_BY_APPLICATION": "y"}


@pytest.mark.firmware(config=CONFIG)
def test_rollback_of_what_was_written_over(device: Device, variant: Variant) -> None:
    """The update that lies where the module that runs came from is another module."""
    device.client.upload_and_reload(variant("answer_43"))
    device.client.upload(variant("changed_constant"))

    device.client.rollback()

    assert device.probe.call("answer") == 1234567


@pytest.mark.timeout(600)
@pytest.mark.firmware(config=CONFIG)
@pytest.mark.parametrize("walks", [30, pytest.param(60, marks=pytest.mark.nightly)])
def test_random_walk(
    device: Device,
    bench: Bench,
    bodies: dict[str, Body],
    figure: Callable[[str], None],
    walks: int,
) -> None:
    steps: list[str] = []
    facts = {"device": device, "bench": bench, "bodies": bodies, "steps": steps}
    run_state_machine_as_test(
        type("DeviceWalk", (Walk,), facts),
        settings=settings(
            max_examples=walks,
            stateful_step_count=40,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    figure(f"{len(steps)} steps")
    assert len(steps) >= 33 * walks
