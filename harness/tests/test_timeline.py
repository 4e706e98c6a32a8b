"""The timeline has everything by the time at which it began, whoever told of it first."""

import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pytest_embedded_hotreload.console import Console, ConsoleLine
from pytest_embedded_hotreload.timeline import Moment, Timeline
from pytest_embedded_hotreload.watch import Watch


def timeline(lines: list[list[ConsoleLine]], crashes: list[tuple[float, str]]) -> Timeline:
    """Of devices with these lines, the last of which has crashed."""
    consoles = [cast(Console, SimpleNamespace(lines=told)) for told in lines]
    ends = [SimpleNamespace(at=at, headline=text) for at, text in crashes]
    quiet: Any = SimpleNamespace(ends=[])
    watches = [quiet for _ in lines[1:]] + [SimpleNamespace(ends=ends)]
    return Timeline(consoles=consoles, watches=cast(list[Watch], watches))


def test_everything_is_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request began before the lines that came while it lasted."""
    found = timeline(
        [
            [ConsoleLine(100.0, "boot"), ConsoleLine(106.0, "HR 1 5 trace version=1")],
            [ConsoleLine(103.0, "other"), ConsoleLine(108.0, "HR torn", complete=False)],
        ],
        [(107.5, "abort()")],
    )
    monkeypatch.setattr(time, "monotonic", lambda: 107.0)
    found.add_exchange(0, "POST /reload", "200", seconds=5.0)
    monkeypatch.setattr(time, "monotonic", lambda: 101.0)
    found.add("power", "reset", device=1)

    assert found.ordered() == [
        Moment(0.0, "console", "boot"),
        Moment(1.0, "power", "reset", device=1),
        Moment(2.0, "http", "POST /reload -> 200 (5000 ms)", 5.0),
        Moment(3.0, "console", "other", device=1),
        Moment(6.0, "trace", "HR 1 5 trace version=1"),
        Moment(7.5, "crash", "abort()", device=1),
        Moment(8.0, "console", "HR torn", device=1),
    ]


def test_names_are_those_of_the_moment() -> None:
    """An address of a module is another function's after a reload."""
    found = timeline([[ConsoleLine(1.0, "HR 1 5 switch"), ConsoleLine(2.0, "plain")]], [])
    found.annotate = lambda text, at: f"{text} at {at}"

    assert [moment.text for moment in found.ordered()] == ["HR 1 5 switch at 1.0", "plain"]
