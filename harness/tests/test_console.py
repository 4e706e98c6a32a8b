"""The console keeps everything, in order, and wakes whoever waits for it."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pexpect import EOF, TIMEOUT  # type: ignore[import-untyped]

from pytest_embedded_hotreload.console import Console, ConsoleLine, ConsoleProcess
from pytest_embedded_hotreload.errors import ConditionNotMet


@pytest.fixture
def process(console: Console) -> Iterator[ConsoleProcess]:
    with console.log.open("rb") as log:
        yield ConsoleProcess(log, console)


def test_lines_come_in_pieces(console: Console) -> None:
    seen: list[ConsoleLine] = []
    console.put(b"fir")
    console.follow(seen.append)
    console.put(b"st\r\nsecond\nth")

    assert [line.text for line in seen] == ["first", "second"]
    assert console.lines == seen
    assert console.log.read_bytes() == b"first\r\nsecond\nth"


def test_a_follower_gets_what_was_there_before(console: Console) -> None:
    seen: list[ConsoleLine] = []
    console.put(b"before\n")
    console.follow(seen.append)
    console.put(b"after\n")

    assert [line.text for line in seen] == ["before", "after"]


@pytest.mark.parametrize(("echo", "printed"), [(True, "[dut-1] one\n"), (False, "")])
def test_lines_are_printed_on_demand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], echo: bool, printed: str
) -> None:
    console = Console(tmp_path / "dut.log", "[dut-1] ", echo, timestamps=False)

    console.put(b"one\ntw")

    assert capsys.readouterr().out == printed
    console.close()


def test_colours_of_a_log_are_left_out(console: Console) -> None:
    """ESP-IDF ends a coloured line with a sequence that no test would expect there."""
    console.put("\x1b[0;32mI (1) app: updated size=5\x1b[0m\n\x1b[0;31mE (2) app: wo")

    assert [line.text for line in console.lines] == ["I (1) app: updated size=5"]
    assert console.text.endswith("\nE (2) app: wo")
    assert b"\x1b[0;32m" in console.log.read_bytes()


def test_bytes_that_are_no_text(console: Console) -> None:
    console.put(b"\xff\xfe ok\n")

    assert console.lines[0].text.endswith(" ok")


def test_wait_line_is_woken(console: Console) -> None:
    later = threading.Timer(0.05, console.put, (b"server on port 8080\n",))
    later.start()

    index, match = console.wait_line(r"port (\d+)", timeout=5.0)

    assert (index, match.group(1)) == (0, "8080")
    later.join()


def test_wait_line_starts_where_it_is_told(console: Console) -> None:
    console.put(b"ready\nother\n")

    with pytest.raises(ConditionNotMet, match="no line 'ready' on the console within 0 s"):
        console.wait_line("ready", start=1, timeout=0.0)


def test_wait_line_ends_with_the_device(console: Console) -> None:
    console.finish("QEMU ended with status 1: no such machine")

    with pytest.raises(ConditionNotMet, match="no such machine"):
        console.wait_line("ready", timeout=60.0)


def test_expect_is_woken(console: Console, process: ConsoleProcess) -> None:
    later = threading.Timer(0.05, console.put, (b"hello world\n",))
    later.start()

    process.expect("hel+o", timeout=5)

    assert process.after == b"hello"
    later.join()


def test_expect_times_out(console: Console, process: ConsoleProcess) -> None:
    console.put(b"something else")

    with pytest.raises(TIMEOUT):
        process.expect("hello", timeout=0.05)


def test_expect_ends_with_the_device(console: Console, process: ConsoleProcess) -> None:
    console.put(b"bye\n")
    console.finish("the device is off")

    with pytest.raises(EOF, match="the device is off"):
        process.expect("hello", timeout=60)


def test_a_torn_line_does_not_run_into_the_next_boot(console: Console) -> None:
    console.put(b"HR 2 1 do")
    console.finish("the device is off")
    console.resume()
    console.put(b"boot\n")

    assert [(line.text, line.complete) for line in console.lines] == [
        ("HR 2 1 do", False),
        ("boot", True),
    ]


def test_last_line_of_a_device_that_was_cut_off(console: Console) -> None:
    console.put(b"boot\nLoad acc")
    assert console.text == "boot\nLoad acc"

    console.finish("the device is off")

    assert [line.text for line in console.lines] == ["boot", "Load acc"]


def test_nothing_is_taken_after_the_end(console: Console) -> None:
    console.close()

    console.put(b"late\n")

    assert console.lines == []
