"""The trace is taken strictly: what is missing or broken does not go unnoticed."""

import threading
from collections.abc import Iterable

import pytest

from pytest_embedded_hotreload.console import ConsoleLine
from pytest_embedded_hotreload.errors import UnknownNameError
from pytest_embedded_hotreload.trace import Trace, TraceError, TraceTimeout

BOOT = "HR 1 10 trace version=1"


def trace_of(*lines: str) -> Trace:
    trace = Trace()
    add_lines(trace, lines)
    return trace


def add_lines(trace: Trace, lines: Iterable[str]) -> None:
    for line in lines:
        trace.add_line(ConsoleLine(0.0, line))


def test_fields_are_numbers_or_text() -> None:
    trace = trace_of(BOOT, "HR 2 1234567 place module=1 kind=text addr=0x40000008")

    event = trace.events[1]

    assert (event.sequence, event.microseconds, event.name) == (2, 1234567, "place")
    assert event.fields == {"module": 1, "kind": "text", "addr": 0x40000008}
    assert event.number("addr") == 0x40000008
    with pytest.raises(TraceError, match="kind is no number"):
        event.number("kind")


def test_other_lines_are_none_of_its_business() -> None:
    trace = trace_of("I (12) main: HRmm", BOOT, "", "W (1) THR 3: x")

    assert [event.name for event in trace.events] == ["trace"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([BOOT, "HR 3 10 done op=load"], "sequence goes from 1 to 3"),
        ([BOOT, "HR 2 10 done op=load", "HR 2 10 done op=load"], "sequence goes from 2 to 2"),
        (["HR 2 10 done op=load"], "sequence goes from 0 to 2"),
        ([BOOT, "HR 2 10 dance op=load"], "broken line: HR 2 10 dance"),
        ([BOOT, "HR 2 10 done op"], "broken line: HR 2 10 done op"),
        ([BOOT, "HR 2 x done op=load"], "broken line: HR 2 x done"),
        ([BOOT, "I (12) maHR 2 10 done op=load"], "broken line: I .12. maHR 2"),
        ([BOOT, "HR 2 10 done op=loI (12) main: x"], "broken line"),
        (["HR 1 10 done op=load"], "the trace begins with: HR 1 10 done"),
        (["HR 1 10 trace version=2"], "the trace begins with: HR 1 10 trace version=2"),
    ],
)
def test_broken_trace(lines: list[str], message: str) -> None:
    trace = trace_of(*lines)

    with pytest.raises(TraceError, match=message):
        trace.check()
    with pytest.raises(TraceError):
        trace.wait("done", timeout=0.0)


def test_restart_begins_anew() -> None:
    trace = trace_of(BOOT, "HR 2 20 done op=load", BOOT, "HR 2 20 error op=load")

    assert [event.boot for event in trace.events] == [1, 1, 2, 2]
    assert trace.boots == 2


def test_line_torn_by_a_restart_that_was_caused() -> None:
    trace = trace_of(BOOT)
    trace.expect_restart()

    add_lines(trace, ["HR 2 20 doI (1) boot: hello", BOOT])

    trace.check()
    assert trace.boots == 2


def test_line_torn_by_a_restart_that_nobody_caused() -> None:
    trace = trace_of(BOOT, "HR 2 20 doI (1) boot: hello", BOOT)

    with pytest.raises(TraceError, match="broken line"):
        trace.check()


def test_two_torn_lines_are_one_too_many() -> None:
    trace = trace_of(BOOT)
    trace.expect_restart()

    add_lines(trace, ["HR 2 20 do", "HR 3 20 do"])

    with pytest.raises(TraceError, match="broken line: HR 2 20 do"):
        trace.check()


def test_line_that_was_cut_off() -> None:
    trace = trace_of(BOOT)

    trace.add_line(ConsoleLine(0.0, "HR 2 20 done op=re", complete=False))

    assert [event.name for event in trace.events] == ["trace"]


def test_wait_goes_forward() -> None:
    trace = trace_of(BOOT, "HR 2 1 done op=load module=1", "HR 3 2 done op=reload module=2")

    assert trace.wait("done")["module"] == 1
    assert trace.wait("done", op="reload", module=2).sequence == 3
    with pytest.raises(TraceTimeout, match="no event 'done' within 0 s"):
        trace.wait("done", timeout=0.0)


def test_wait_is_told_when_the_event_comes() -> None:
    trace = trace_of(BOOT)
    later = threading.Timer(0.05, add_lines, (trace, ["HR 2 1 done op=load"]))
    later.start()

    assert trace.wait("done", timeout=5.0).sequence == 2

    later.join()


def test_unknown_names() -> None:
    trace = trace_of(BOOT, "HR 2 9 done module=1")

    with pytest.raises(UnknownNameError, match="no event 'dome': did you mean 'done'"):
        trace.wait("dome")
    with pytest.raises(UnknownNameError, match="done has no field 'modul': did you mean 'module'"):
        _ = trace.wait("done")["modul"]


def test_since_mark() -> None:
    trace = trace_of(BOOT, "HR 2 1 done op=load")
    mark = trace.mark()
    add_lines(trace, ["HR 3 1 switch module=2", "HR 4 1 done op=reload"])

    assert [event.name for event in trace.since(mark)] == ["switch", "done"]
    assert trace.wait("done")["op"] == "reload"
