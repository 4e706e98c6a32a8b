"""A device that ends takes everything with it that waits for it, at once and with one reason."""

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import requests

import pytest_embedded_hotreload.watch
from pytest_embedded_hotreload.client import HotReloadClient
from pytest_embedded_hotreload.console import Console, ConsoleProcess
from pytest_embedded_hotreload.errors import DeviceCrashed, NoAnswer
from pytest_embedded_hotreload.trace import Trace
from pytest_embedded_hotreload.watch import Sight, Watch

PANIC = b"""
Guru Meditation Error: Core  0 panic'ed (StoreProhibited). Exception was unhandled.

Core  0 register dump:
PC      : 0x60002905  PS      : 0x00060030  A0      : 0xa0002910  A1      : 0x3ffea450
EXCCAUSE: 0x0000001d  EXCVADDR: 0x00000010

Backtrace: 0x60002905:0x3ffea450 0x600054ca:0x3ffea470

Rebooting...
"""
START = b"I (0) boot: ESP-IDF v5.1 2nd stage bootloader\nI (3) main_task: Calling app_main()\n"
#: from the panic to the end of what waits
AT_ONCE = 0.2


@pytest.fixture
def watch(console: Console) -> Iterator[Watch]:
    watch = Watch(console)
    watch.activate(managed=True)
    watch.ready()
    yield watch
    watch.close()


@pytest.fixture
def mute() -> Iterator[socket.socket]:
    """Takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def seconds_to_end(wait: Callable[[], object], end: Callable[[], object]) -> float:
    """How long `wait` goes on behind `end`, which comes when it has begun."""
    ended = []

    def later() -> None:
        ended.append(time.monotonic())
        end()

    timer = threading.Timer(0.05, later)  # the main thread is waiting by then
    timer.start()
    with pytest.raises(DeviceCrashed, match=r"^device crashed: StoreProhibited"):
        wait()
    took = time.monotonic() - ended[0]
    timer.join()
    return took


@pytest.mark.parametrize("kind", ["console", "expect", "trace", "request", "raw"])
def test_panic_ends_each(console: Console, watch: Watch, mute: socket.socket, kind: str) -> None:
    trace = Trace(console)
    watch.wake(trace.wake)
    address = mute.getsockname()
    url = "http://{}:{}".format(*address)
    client = HotReloadClient(lambda: url, watch=watch)
    watch.owns = lambda other: other == address
    with client.raw("/upload", 100) as raw, console.log.open("rb") as log:
        process = ConsoleProcess(log, console)
        waits: dict[str, Callable[[], object]] = {
            "console": lambda: console.wait_line("never"),
            "request": client.status,
            "raw": raw.answer,
            "trace": lambda: trace.wait("switch"),
            "expect": lambda: process.expect("never", timeout=20),
        }
        assert seconds_to_end(waits[kind], lambda: console.put(PANIC)) < AT_ONCE
    client.close()


def test_panic_ends_requests_that_tests_make(
    console: Console, watch: Watch, mute: socket.socket
) -> None:
    address = mute.getsockname()
    watch.owns = lambda other: other == address

    def ask() -> None:
        with pytest.raises(requests.ConnectionError):
            requests.get("http://{}:{}".format(*address), timeout=20)
        watch.check()

    assert seconds_to_end(ask, lambda: console.put(PANIC)) < AT_ONCE


def test_panic_that_does_not_come_to_its_end(
    console: Console, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pytest_embedded_hotreload.watch, "PANIC_SECONDS", 0.1)
    first = PANIC.partition(b"\n\nBack")[0] + b"\n"

    assert seconds_to_end(lambda: console.wait_line("never"), lambda: console.put(first)) < AT_ONCE


def test_all_that_is_known_of_a_panic(console: Console, watch: Watch) -> None:
    console.put(PANIC)

    with pytest.raises(DeviceCrashed) as crashed:
        console.wait_line("never")

    crash = crashed.value.crash
    assert crash.backtrace == [0x60002905, 0x600054CA]
    assert crash.registers["EXCVADDR"] == 0x10


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (b"abort() was called at PC 0x60008540 on core 0", "abort()"),
        (b"assert failed: f main.c:12 (a == b)", "assert failed: f main.c:12 (a == b)"),
        (
            b"***ERROR*** A stack overflow in task main has been detected.",
            "A stack overflow in task main has been detected",
        ),
        (
            b"Guru Meditation Error: Core  0 panic'ed (Interrupt wdt timeout on CPU0). ",
            "Interrupt wdt timeout on CPU0",
        ),
    ],
)
def test_causes(console: Console, watch: Watch, line: bytes, cause: str) -> None:
    console.put(line + b"\n\nBacktrace: 0x60002905:0x3ffea450\n")

    with pytest.raises(DeviceCrashed) as crashed:
        watch.check()

    assert crashed.value.crash.cause == cause


def test_what_is_found_counts_more_than_a_crash_behind_it(console: Console, watch: Watch) -> None:
    console.put(b"here it is\n" + PANIC)

    assert console.wait_line("here it is")[0] == 0


def test_restart_without_a_panic(console: Console, watch: Watch) -> None:
    console.put(b"rst:0x8 (TG1WDT_SYS_RESET),boot:0x13\n" + START)

    with pytest.raises(DeviceCrashed) as crashed:
        console.wait_line("never")

    assert crashed.value.crash.cause == "0x8 (TG1WDT_SYS_RESET)"


def test_announced_restart(console: Console, watch: Watch) -> None:
    watch.expect_restart()
    console.put(START)
    watch.ready()
    watch.check()

    console.put(START)
    with pytest.raises(DeviceCrashed):
        watch.check()


def test_starts_over_and_over(console: Console, watch: Watch) -> None:
    watch.expect_restart()
    console.put(START * 3)
    watch.check()

    console.put(START * 3)
    with pytest.raises(DeviceCrashed) as crashed:
        watch.check()

    assert "without becoming ready" in crashed.value.crash.cause


def test_announced_crash_ends_only_requests(
    console: Console, watch: Watch, mute: socket.socket
) -> None:
    address = mute.getsockname()
    watch.owns = lambda other: other == address
    client = HotReloadClient(lambda: "http://{}:{}".format(*address), watch=watch)
    watch.allow_crash()
    timer = threading.Timer(0.05, console.put, [PANIC])
    timer.start()
    started = time.monotonic()

    with pytest.raises(NoAnswer, match=r"^GET /status: "):
        client.status()

    assert time.monotonic() - started < 0.05 + 2 * AT_ONCE
    assert watch.outstanding == 0
    console.put(START + b"ready\n")
    assert console.wait_line("ready")
    watch.ready()
    console.put(PANIC)
    with pytest.raises(DeviceCrashed):
        watch.check()
    client.close()


def test_lost_emulator(console: Console, watch: Watch) -> None:
    console.finish("QEMU was killed by SIGKILL: it said nothing", lost=True)

    with pytest.raises(DeviceCrashed) as crashed:
        console.wait_line("never")

    assert crashed.value.crash.kind == "lost"


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pytest_embedded_hotreload.watch, "WORK_SECONDS", 0.1)
    monkeypatch.setattr(pytest_embedded_hotreload.watch, "IDLE_SECONDS", 0.2)
    monkeypatch.setattr(pytest_embedded_hotreload.watch, "LAST_SECONDS", 0.1)
    monkeypatch.setattr(pytest_embedded_hotreload.watch, "LONGEST_SECONDS", 0.5)


@pytest.mark.parametrize(("idle", "least"), [(False, 0.1), (True, 0.4)])
def test_silent_device_is_looked_at(
    console: Console, watch: Watch, short: None, idle: bool, least: float
) -> None:
    watch.work = time.monotonic
    watch.look = lambda: Sight(["PC 0x4 forever"], idle, "forever (loop.c:1)")
    started = time.monotonic()

    with pytest.raises(DeviceCrashed) as crashed:
        console.wait_line("never")

    assert least <= time.monotonic() - started < least + 0.3
    crash = crashed.value.crash
    assert (crash.kind, crash.cause) == ("silence", "forever (loop.c:1)")
    assert crash.details == ["PC 0x4 forever"]
    assert crash.waits == ["a line 'never' on the console"]


def test_device_that_shows_something_while_it_is_looked_at(
    console: Console, watch: Watch, short: None
) -> None:
    def look() -> Sight:
        console.put(b"what it was working for\n")
        return Sight([], False, "where it was stopped (work.c:1)")

    watch.work = time.monotonic
    watch.look = look

    with pytest.raises(AssertionError, match=r"within 0\.4 s"):
        console.wait_line("never", timeout=0.4, patient=False)
    assert "what it was working for" in console.text


def test_device_that_the_host_has_no_time_for(
    console: Console, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it does when it is looked at is the same as in an endless loop."""
    monkeypatch.setattr(pytest_embedded_hotreload.watch, "WORK_SECONDS", 0.1)
    watch.look = lambda: Sight([], False, "forever (loop.c:1)")

    with pytest.raises(AssertionError, match=r"within 0\.5 s"):
        console.wait_line("never", timeout=0.5, patient=False)


def test_silence_where_somebody_has_given_it_time(
    console: Console, watch: Watch, short: None
) -> None:
    watch.work = time.monotonic
    watch.look = lambda: Sight([], False, "")
    with pytest.raises(AssertionError, match=r"within 0\.5 s"):
        console.wait_line("never", timeout=0.5)


def test_panic_ends_a_program(console: Console, watch: Watch) -> None:
    assert seconds_to_end(lambda: watch.run(["sleep", "20"], 20), lambda: console.put(PANIC)) < (
        AT_ONCE
    )
    assert watch.crash is not None


def test_program_that_ends(watch: Watch) -> None:
    ended = watch.run(["sh", "-c", "echo it; exit 3"], 20, stdout=subprocess.PIPE)

    assert (ended.stdout, ended.returncode) == ("it\n", 3)


@pytest.mark.parametrize("kind", ["console", "expect", "exactly", "trace"])
def test_nothing_is_too_long_or_a_hang_while_somebody_debugs(
    console: Console, watch: Watch, short: None, kind: str
) -> None:
    watch.debugged = True
    watch.work = time.monotonic
    watch.look = lambda: Sight([], False, "")
    trace = Trace(console)
    timer = threading.Timer(0.5, console.put, [b"HR 1 1 trace version=1\n"])
    timer.start()
    with console.log.open("rb") as log:
        process = ConsoleProcess(log, console)
        waits: dict[str, Callable[[], object]] = {
            "console": lambda: console.wait_line("trace", timeout=0.05, patient=False),
            "expect": lambda: process.expect("trace", timeout=0.05),
            "exactly": lambda: process.expect_exact("trace", timeout=0.05),
            "trace": lambda: trace.wait("trace", timeout=0.05),
        }
        waits[kind]()
    watch.check()
