"""What a stub does while no module is loaded: a result of 0, and a log that does not flood."""

from __future__ import annotations

import pytest

from elf_builder import ModuleBuilder
from host import Host, Run

GOOD = ModuleBuilder().build()


def lines(run: Run) -> list[str]:
    """What was logged about calls: (state, calls so far)."""
    assert set(run.results("call_unloaded")) == {"0x0"}
    start = "E hotreload: no module is loaded "
    return [line.removeprefix(start) for line in run.lines(start)]


def test_first_call_is_logged_at_once(host: Host) -> None:
    run = host.run("time=17", "call_unloaded=1")
    assert lines(run) == ["(none was loaded since the start): a call to it returned 0, 1 so far"]


def test_at_most_one_line_a_second(host: Host) -> None:
    second = 1_000_000
    times = [0, 10, second - 1, second, second + 1, 2 * second, 60 * second]
    steps = [step for time in times for step in (f"time={time}", "call_unloaded=1000")]
    run = host.run(*steps)
    assert [line.rsplit(", ")[1] for line in lines(run)] == [
        "1 so far",
        "3001 so far",
        "5001 so far",
        "6001 so far",
    ]


def test_each_unload_is_logged_at_its_first_call(host: Host) -> None:
    load = f"api_buffer={host.file(GOOD)}"
    steps = ["call_unloaded=5", load, "api_unload", "call_unloaded=5"]
    run = host.run("names=f", "partition=524288,65536", *steps)
    assert lines(run) == [
        "(none was loaded since the start): a call to it returned 0, 1 so far",
        "(it was unloaded): a call to it returned 0, 1 so far",
    ]


@pytest.mark.parametrize("context", ["isr", "masked", "suspended"])
def test_who_cannot_wait_is_counted_and_told_by_the_next_task(host: Host, context: str) -> None:
    """The logger's lock cannot be had there."""
    run = host.run(f"context={context}", "call_unloaded=5", "context=task", "call_unloaded=1")
    assert lines(run) == ["(none was loaded since the start): a call to it returned 0, 6 so far"]
    run = host.run(f"context={context}", "call_unloaded=5")
    assert lines(run) == []


def test_interval_counts_between_lines(host: Host) -> None:
    second = 1_000_000
    steps = ["call_unloaded=1", "context=isr", f"time={second}", "call_unloaded=1"]
    run = host.run(*steps, "context=task", "call_unloaded=1")
    assert [line.rsplit(", ")[1] for line in lines(run)] == ["1 so far", "3 so far"]
