"""What is drawn of a test is what its trace and its requests tell."""

import itertools

import pytest

from pytest_embedded_hotreload.report.picture import Bar, Picture, draw
from pytest_embedded_hotreload.timeline import Moment

#: seconds of the host's clock when the device's began
BOOT = 2.0


def trace(clock: float, sequence: int, text: str, late: float = 0.0, device: int = 0) -> Moment:
    """An event of a device, whose line reaches the host `late`."""
    line = f"HR {sequence} {round(clock * 1e6)} {text}"
    return Moment(BOOT + clock + late, "trace", line, device=device)


RELOAD = [
    trace(0.00, 1, "trace version=1"),
    trace(0.01, 2, "place module=1 seg=0 kind=text link=0 size=96 filesz=96 addr=0x40000000"),
    trace(1.00, 3, "request op=reload source=flash partition=hotreload"),
    trace(1.02, 4, "validate size=5048 segments=2 relocs=41 symbols=68", late=0.05),
    trace(1.03, 5, "place module=2 seg=0 kind=text link=0 size=64 filesz=64 addr=0x40000100", 0.04),
    trace(1.03, 6, "place module=2 seg=1 kind=data link=64 size=32 filesz=8 addr=0x3ffe0000", 0.04),
    trace(1.04, 7, "hook_enter kind=pre index=0 fn=0x60001000(save of module 1 (a)) ctx=0x0", 0.03),
    trace(1.14, 8, "hook_leave kind=pre index=0 fn=0x60001000(save of module 1 (a)) ctx=0x0"),
    trace(1.15, 9, "store op=start partition=hotreload offset=0x40 size=4"),
    trace(1.16, 10, "switch module=2"),
    trace(1.17, 11, "retire module=1"),
    trace(1.18, 12, "free module=1 text=0x40000000 data=0x0"),
    trace(1.20, 13, "done op=reload module=2"),
]


def bars(picture: Picture, lane: str) -> list[Bar]:
    return [bar for bar in picture.bars if bar.lane == lane]


def test_phases_take_as_long_as_the_device_says() -> None:
    """Their lines come late and together; the device's clock tells them apart."""
    whole, *phases = bars(draw(RELOAD), "load")

    assert whole.whole and not whole.failed
    assert (whole.at, whole.seconds) == pytest.approx((BOOT + 1.00, 0.20))
    validate = phases[0]
    assert validate.text.startswith("validate ")
    assert (validate.at, validate.seconds) == pytest.approx((BOOT + 1.00, 0.02))
    for before, after in itertools.pairwise(phases):
        assert before.at + before.seconds <= after.at + 1e-9


def test_hooks_and_flash_have_lanes_of_their_own() -> None:
    picture = draw(RELOAD)

    (hook,), (store,) = bars(picture, "hooks"), bars(picture, "flash")
    assert (hook.at, hook.seconds) == pytest.approx((BOOT + 1.04, 0.10))
    assert "save of module 1 (a)" in hook.text
    assert (store.at, store.seconds) == pytest.approx((BOOT + 1.14, 0.01))


def test_a_switch_is_a_line() -> None:
    (line,) = draw(RELOAD).lines

    assert (line.kind, line.text) == ("switch", "module 2")
    assert line.at == pytest.approx(BOOT + 1.16)


def test_old_and_new_module_in_memory() -> None:
    states = {(p.module, p.kind): (p.address, p.size, p.state) for p in draw(RELOAD).memory}

    assert states == {
        (1, "text"): (0x40000000, 96, "freed"),
        (2, "text"): (0x40000100, 64, "running"),
        (2, "data"): (0x3FFE0000, 32, "running"),
    }


def test_a_module_that_was_not_switched_to_is_only_placed() -> None:
    given_up = [*RELOAD[:7], trace(1.14, 8, "error code=1 name=X")]
    other = trace(2.0, 9, "request op=reload"), trace(2.1, 10, "switch module=1")

    states = {p.module: p.state for p in draw([*given_up, *other]).memory}

    assert states == {1: "running", 2: "placed"}


def test_a_crash_ends_an_operation_and_its_hook_and_memory_is_as_it_was() -> None:
    crash = Moment(BOOT + 1.1, "crash", "device crashed: StoreProhibited in f (f.c:1)")
    again = [trace(5.0, 1, "trace version=1"), trace(5.1, 2, "request op=load source=flash")]
    again.append(
        trace(5.2, 3, "place module=1 seg=0 kind=text link=0 size=8 filesz=8 addr=0x40000000")
    )

    picture = draw([*RELOAD[:7], crash, *again], failed=True)

    (hook,) = bars(picture, "hooks")
    assert hook.failed and hook.text.startswith("hook_enter ")
    reload, load = (bar for bar in bars(picture, "load") if bar.whole)
    assert reload.failed and load.failed
    assert [(line.kind, line.text) for line in picture.lines] == [("crash", crash.text)]
    assert {place.module for place in picture.memory} == {1, 2}
    expected = draw([*RELOAD[:7], crash, *again]).memory
    assert [(place.module, place.size) for place in expected] == [(1, 8)]


def test_requests_and_calls() -> None:
    moments = [
        Moment(1.0, "http", "POST /upload (9 bytes) -> 200 {} (250 ms)", 0.25),
        Moment(1.5, "http", "GET /probe/call?name=answer&args=&ret=u32 -> 200 {} (9 ms)", 0.009),
        Moment(2.0, "http", "POST /reload -> no answer: timed out (20000 ms)", 20.0, device=1),
        Moment(3.0, "flash", "hotreload: 4096 bytes at 0x130000", 0.5),
    ]
    found = {
        bar.lane: (bar.at, bar.seconds, bar.failed, bar.device) for bar in draw(moments).bars[:2]
    }
    picture = draw(moments)

    assert found == {"requests": (1.0, 0.25, False, 0), "calls": (1.5, 0.009, False, 0)}
    assert [(b.at, b.failed) for b in bars(picture, "requests") if b.device == 1] == [(2.0, True)]
    assert [(b.at, b.seconds) for b in bars(picture, "flash")] == [(3.0, 0.5)]


def test_devices_are_drawn_apart() -> None:
    second = [
        trace(1.0, 3, "request op=reload", device=1),
        trace(1.5, 4, "error code=1 name=X", device=1),
    ]

    picture = draw(sorted([*RELOAD, *second], key=lambda moment: moment.at))

    failed = {bar.device: bar.failed for bar in bars(picture, "load") if bar.whole}
    assert failed == {0: False, 1: True}


def test_a_failed_load_is_red() -> None:
    events = [trace(1.0, 1, "request op=reload"), trace(1.1, 2, "error code=0x6103 name=X")]

    assert [bar.failed for bar in bars(draw(events), "load")] == [True, True]


@pytest.mark.parametrize("text", ["HR", "HR 1", "HR x 2 done", "HR 1 2 place module=9 ki"])
def test_a_torn_line_is_not_drawn(text: str) -> None:
    assert draw([Moment(0.0, "trace", text)]).bars == []
