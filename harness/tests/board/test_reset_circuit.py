"""The circuit between the bridge's lines and its chip."""

import math
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_embedded_hotreload.board.bridge.circuit import CAPACITOR, Port, rise_seconds

#: what the tests' clock counts: a tenth of a millisecond
TICK = 1e-4


class Board:
    """A port, its clock, and a chip that notes what becomes of it."""

    def __init__(self, microfarads: float = CAPACITOR) -> None:
        self.ticks = 0
        self.events: list[str] = []
        self.port = Port(self, rise_seconds(microfarads), lambda: self.ticks * TICK)

    def start(self, download: bool) -> None:
        self.events.append("download" if download else "run")

    def stop(self) -> None:
        self.events.append("reset")

    def write(self, data: bytes) -> None:
        raise AssertionError

    def wait(self, ticks: int) -> None:
        for _ in range(ticks):
            self.ticks += 1
            self.port.settle()


def reset(board: Board, steps: str) -> list[str]:
    """Carry out esptool's language for reset sequences on a board that runs."""
    board.port.power_on()
    board.wait(2000)
    for step in steps.split():
        if step[0] == "W":
            board.wait(round(float(step[1:]) / TICK))
        elif step[0] == "D":
            board.port.dtr = step[1] == "1"
        else:
            board.port.rts = step[1] == "1"
    board.wait(2000)
    return board.events[1:]


def test_opening_a_port_resets_nothing() -> None:
    assert reset(Board(), "D1 R1 W0.1 R0 D0") == []


def test_a_pulse_of_rts_resets() -> None:
    assert reset(Board(), "R1 W0.1 R0") == ["reset", "run"]


@pytest.mark.parametrize(
    ("way", "leads_to"),
    [
        ("D1 R0", "download"),  # ClassicReset
        ("D1 W0.010 R0", "download"),
        ("D1 W0.016 R0", "run"),  # RTS comes too late
        ("D1 W0.050 R0", "run"),  # pyserial waits until the server has confirmed DTR
        ("R0 D1", "download"),
        ("R0 W0.016 D1", "run"),  # DTR comes too late
    ],
)
def test_lines_that_are_far_apart_miss_download_mode(way: str, leads_to: str) -> None:
    assert reset(Board(), f"D0 R1 W0.1 {way} W0.05 D0") == ["reset", leads_to]


def test_a_whole_sequence_at_once_misses_download_mode() -> None:
    assert reset(Board(), "D0 R1 D1 R0 D0") == ["reset", "run"]


@pytest.mark.parametrize(("microfarads", "leads_to"), [(0.1, "run"), (1, "run"), (10, "download")])
def test_a_larger_capacitor_bridges_more(microfarads: float, leads_to: str) -> None:
    steps = "D0 R1 W0.1 D1 W0.05 R0 W0.15 D0"

    assert reset(Board(microfarads), steps) == ["reset", leads_to]


def voltages(steps: Iterable[tuple[int, bool, bool]]) -> list[str]:
    """What a chip does by the voltage at its EN pin, in parts of the supply, tick by tick."""
    events: list[str] = []
    volts, running = 0.0, False
    for ticks, dtr, rts in steps:
        pulled = rts and not dtr
        if pulled:  # the transistor empties the capacitor within microseconds
            volts = 0.0
            events += ["reset"] * running
            running = False
        for _ in range(ticks):
            if not pulled:  # through 10 kOhm into 1 uF
                volts += (1 - volts) * -math.expm1(-TICK / 0.01)
            if volts >= 0.75 and not running:
                events.append("download" if dtr and not rts else "run")
                running = True
    return events


@given(st.lists(st.tuples(st.integers(0, 300), st.booleans(), st.booleans()), max_size=20))
def test_any_changes_do_what_the_voltage_says(changes: list[tuple[int, bool, bool]]) -> None:
    board = Board()
    steps = []
    for ticks, dtr, rts in changes:
        steps += [(0, dtr, board.port.rts), (ticks, dtr, rts)]
        board.port.dtr = dtr
        board.port.rts = rts
        board.wait(ticks)

    assert board.events == voltages(steps)


def test_time_until_the_chip_starts_is_told() -> None:
    """For who calls settle() then, and not before; there is none while the lines hold it."""
    board = Board()
    board.port.power_on()
    board.wait(2000)
    assert board.port.remaining is None
    board.port.rts = True
    assert board.port.remaining is None

    board.port.rts = False

    rise = rise_seconds(CAPACITOR)
    assert board.port.remaining == pytest.approx(rise, abs=TICK)
    board.ticks += 5
    assert board.port.remaining == pytest.approx(rise - 5 * TICK, abs=TICK)
    board.ticks += 100_000
    assert board.port.remaining == 0.0
    board.port.settle()
    assert board.port.remaining is None
