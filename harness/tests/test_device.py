"""A device that crashes or reports nonsense fails its test, whatever the test looks at."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from pytest_embedded_hotreload.client import HotReloadClient
from pytest_embedded_hotreload.console import Console
from pytest_embedded_hotreload.device import Device
from pytest_embedded_hotreload.errors import ConditionNotMet, DeviceCrashed
from pytest_embedded_hotreload.memory import Flash
from pytest_embedded_hotreload.placement import Placement, Segment, placements
from pytest_embedded_hotreload.probe import Probe
from pytest_embedded_hotreload.timeline import Timeline
from pytest_embedded_hotreload.trace import Trace, TraceError
from pytest_embedded_hotreload.watch import Watch

READY = b"I (45) hotreload: server on port 8080, partition hotreload\n"
PANIC = b"""
Guru Meditation Error: Core  0 panic'ed (LoadProhibited). Exception was unhandled.

Backtrace: 0x60002905:0x3ffea450
"""
LOADED = b"""HR 1 1 trace version=1
HR 2 2 place module=1 seg=0 kind=text link=0x1000 size=64 filesz=64 addr=0x40000008
HR 3 3 place module=1 seg=1 kind=data link=0x2000 size=32 filesz=8 addr=0x3ffe4770
HR 4 4 switch module=1
"""


class FakeDut:
    """Boots at once when it is reset or switched on."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.done: list[str] = []

    def hard_reset(self) -> None:
        self.done.append("reset")
        self._console.put(READY)

    def power_cut(self) -> None:
        self.done.append("cut")

    def power_on(self) -> None:
        self.done.append("on")
        self._console.put(READY)


@pytest.fixture
def fake(console: Console) -> Iterator[Device]:
    fake = Device(
        dut=FakeDut(console),
        lane=cast("Any", None),
        firmware=cast("Any", None),
        console=console,
        timeline=Timeline(consoles=[console]),
        trace=Trace(console),
        client=HotReloadClient(lambda: "http://127.0.0.1:8080"),
        probe=Probe(lambda: "http://127.0.0.1:8080"),
        memory=cast("Any", None),
        flash=Flash(cast("Any", None)),
        watch=Watch(console),
    )
    fake.watch.activate()
    yield fake
    fake.close()


def test_each_boot_has_to_become_ready(fake: Device, console: Console) -> None:
    console.put(READY)
    fake.wait_ready()

    with pytest.raises(ConditionNotMet, match="no line"):
        fake.wait_ready(timeout=0.0)


def test_reset_and_power(fake: Device, console: Console) -> None:
    console.put(READY)
    fake.wait_ready()

    fake.reset()
    fake.power_cycle()

    assert fake.dut.done == ["reset", "cut", "on"]
    happened = [moment.text for moment in fake.timeline.moments]
    assert happened == ["reset", "power cut", "power on"]


def test_crash_while_it_starts(fake: Device, console: Console) -> None:
    console.put(PANIC)

    with pytest.raises(DeviceCrashed, match="device crashed: LoadProhibited"):
        fake.wait_ready()


def test_crash_that_nobody_expected(fake: Device, console: Console) -> None:
    fake.check()
    console.put(PANIC)

    with pytest.raises(DeviceCrashed, match="device crashed: LoadProhibited"):
        fake.check()


def test_crash_that_was_expected(fake: Device, console: Console) -> None:
    console.put(READY)
    fake.wait_ready()

    with fake.crashing(2):
        console.put(PANIC + PANIC + READY)
    fake.wait_ready()

    fake.check()


def test_crash_that_did_not_come(fake: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_embedded_hotreload.device.CRASH_SECONDS", 0.1)
    with pytest.raises(ConditionNotMet, match="was to crash 2 times: 2 are missing"):  # noqa: SIM117
        with fake.crashing(2):
            pass


def test_broken_trace(fake: Device, console: Console) -> None:
    console.put(b"HR 1 1 trace version=1\nHR 3 3 switch module=1\n")

    with pytest.raises(TraceError, match="sequence goes from 1 to 3"):
        fake.check()


def test_placement(fake: Device, console: Console) -> None:
    with pytest.raises(ConditionNotMet, match="no module loaded"):
        fake.placement()
    console.put(LOADED)

    placement = fake.placement()

    text = Segment(0, "text", 0x1000, 64, 64, 0x40000008)
    data = Segment(1, "data", 0x2000, 32, 8, 0x3FFE4770)
    assert placement == Placement(1, (text, data))
    assert (placement.text, placement.data) == (text, data)


def test_all_placements_of_all_boots(fake: Device, console: Console) -> None:
    """Modules of different boots have the same numbers."""
    console.put(LOADED)
    console.put(b"HR 5 5 place module=2 seg=0 kind=text link=0x1000 size=9 filesz=9 addr=0x4\n")
    fake.trace.expect_restart()
    console.put(b"HR 1 1 trace version=1\n")
    console.put(b"HR 2 2 place module=1 seg=0 kind=text link=0x1000 size=7 filesz=7 addr=0x8\n")

    found = placements(fake.trace.events)

    assert [(one.module, [s.size for s in one.segments]) for one in found] == [
        (1, [64, 32]),
        (2, [9]),
        (1, [7]),
    ]


def test_placement_is_that_of_the_module_that_is_called(fake: Device, console: Console) -> None:
    console.put(LOADED)
    console.put(b"HR 5 5 place module=2 seg=0 kind=text link=0x1000 size=9 filesz=9 addr=0x4\n")
    assert fake.placement().module == 1

    console.put(b"HR 6 6 switch module=2\n")
    assert fake.placement().text.address == 4

    console.put(b"HR 7 7 switch module=0\n")
    with pytest.raises(ConditionNotMet, match="no module loaded"):
        fake.placement()


def test_placement_of_an_earlier_boot_is_gone(fake: Device, console: Console) -> None:
    console.put(LOADED)
    fake.trace.expect_restart()
    console.put(b"HR 1 1 trace version=1\n")

    with pytest.raises(ConditionNotMet, match="no module loaded"):
        fake.placement()
