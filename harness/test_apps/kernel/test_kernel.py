"""The work-alike's kernel, C library, heaps and panics, on the board."""

import os
import re
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_embedded_hotreload.decode import decode_backtraces
from pytest_embedded_hotreload.firmware import FirmwareBuild

pytestmark = pytest.mark.crashes

CASE_SECONDS = 60  # that no case needs
MENU = "Press ENTER to see the list of tests"
REBOOTED = "cpu_start: Project name:"
POWERON, SW, PANIC = 1, 3, 4  # esp_reset_reason_t
OTHER = {  # a second build, with the other value of what can be configured
    "CONFIG_ESP_SYSTEM_PANIC_PRINT_HALT": "y",
    "CONFIG_HEAP_POISONING_COMPREHENSIVE": "y",
    "CONFIG_COMPILER_OPTIMIZATION_SIZE": "y",
    "CONFIG_ESP_SYSTEM_IRAM_WORDS_ONLY": "y",
    "CONFIG_SPIRAM": "y",
}
STACKS_IN_SPIRAM = {"CONFIG_SPIRAM_ALLOW_STACK_EXTERNAL_MEMORY": "y"}
#: the case is in builds with external RAM only
NEEDS_SPIRAM = "external memory is for who asks for it, and for what is large"

_CASE = re.compile(r'^TEST_CASE(?:_MULTIPLE_STAGES)?\("([^"]+)",\s*"(\S+)"', re.MULTILINE)
CASES = [
    name
    for path in sorted((Path(__file__).parent / "main").glob("test_*.c"))
    for name, tags in _CASE.findall(path.read_text())
    if "[ignore]" not in tags
]


def start_case(dut: Any, name: str) -> None:
    """Choose a case from the menu."""
    dut.expect_exact(MENU)
    dut.write(f'"{name}"')
    dut.expect_exact(f"Running {name}...")


def reset_reason(dut: Any) -> int:
    """What the firmware says why it has started."""
    return int(dut.expect(rb"reset reason (\d+)")[1])


@pytest.mark.parametrize(
    "configuration",
    [
        "default",
        pytest.param("other", marks=[pytest.mark.firmware(config=OTHER), pytest.mark.nightly]),
    ],
)
def test_cases(dut: Any, configuration: str) -> None:
    """Every case of the firmware passes, in every configuration."""
    dut.run_all_single_board_cases(timeout=CASE_SECONDS)
    results = {case.name: case.result for case in dut.testsuite.testcases}
    expected = [name for name in CASES if configuration == "other" or name != NEEDS_SPIRAM]
    assert results == dict.fromkeys(expected, "PASS")


# console


def test_writes_are_not_mixed(dut: Any) -> None:
    """What one call writes comes out in one piece, whoever else writes."""
    start_case(dut, "write lines from several tasks")
    written = dut.expect(rb"(?s)\r\n(.*)all lines written\r\n")[1].decode()
    lines = Counter(written.split("\r\n")[:-1])
    assert lines == {letter * 99: 60 for letter in "abcd"}


@pytest.mark.parametrize("length", [1, 100, 2000])
def test_input_is_not_lost(dut: Any, length: int) -> None:
    """A line arrives whole, also one that is longer than the receiver's buffer."""
    line = "".join(chr(ord("!") + i * 7 % 90) for i in range(length))
    checksum = 0
    for char in line:
        checksum = (checksum * 31 + ord(char)) % 2**32
    start_case(dut, "echo what is typed")
    dut.expect_exact("type\r\n")
    dut.write(line)
    dut.expect_exact(f"got {length} bytes, sum {checksum}\r\n")


def test_a_line_ends_as_a_terminal_ends_it(dut: Any) -> None:
    start_case(dut, "echo what is typed")
    dut.expect_exact("type\r\n")
    dut.write("typed\rnot of this line")
    dut.expect_exact("got 5 bytes, ")


def test_early_log(dut: Any) -> None:
    """Log lines from where nothing else works have the format of all log lines."""
    start_case(dut, "early log lines have the same format")
    dut.expect(rb"W \(\d+\) taste: early text 0000beef   -42\|7   \|12345678901\r\n")
    dut.expect(rb"E \(\d+\) taste: dram c%\r\n")


# panics


@dataclass(frozen=True)
class Crash:
    """A way to crash, what the panic says, and functions that its backtrace has, inner first."""

    name: str
    says: str
    path: tuple[str, ...]
    registers: bool = True


def _exception(name: str, cause: str, *path: str) -> Crash:
    text = f"Guru Meditation Error: Core  0 panic'ed ({cause}). Exception was unhandled."
    return Crash(name, re.escape(text), path)


def _abort(name: str, text: str, *path: str) -> Crash:
    return Crash(name, text, path, registers=False)


CRASHES = [
    _exception("load", "LoadProhibited", "crash_load", "run_crash", "app_main", "main_task"),
    _exception("store", "StoreProhibited", "crash_store", "run_crash", "app_main"),
    _exception("unaligned", "LoadStoreAlignment", "crash_unaligned", "run_crash"),
    _exception("beyond_ram", "LoadStorePIFAddrError", "crash_beyond_ram", "run_crash"),
    _exception("illegal", "IllegalInstruction", "crash_illegal", "run_crash", "app_main"),
    _exception("divide", "IntegerDivideByZero", "crash_divide", "run_crash", "app_main"),
    _exception("jump_to_null", "InstrFetchProhibited", "run_crash", "app_main"),
    _exception("jump_to_data", "InstrFetchProhibited", "run_crash", "app_main"),
    _exception("break", "Unhandled debug exception", "crash_break", "run_crash", "app_main"),
    _exception(
        "in_interrupt",
        "LoadProhibited",
        *("crash_load", "on_interrupt", "run_in_interrupt", "crash_in_interrupt", "app_main"),
    ),
    _exception("masked", "LoadProhibited", "crash_load", "crash_masked", "run_crash"),
    _exception("bad_stack_pointer", "Double exception", "crash_bad_stack_pointer"),
    _exception("bad_spill", "Double exception", "crash_bad_spill"),
    _abort(
        "abort",
        r"abort\(\) was called at PC 0x60[0-9a-f]{6} on core 0",
        *("panic_abort", "abort", "crash_abort", "run_crash", "app_main"),
    ),
    _abort(
        "assert",
        r"assert failed: crash_assert crash\.c:\d+ \(s_zero == 1\)",
        *("panic_abort", "__assert_func", "crash_assert", "run_crash", "app_main"),
    ),
    _abort(
        "error_check",
        r"ESP_ERROR_CHECK failed: esp_err_t 0x103 \(ESP_ERR_INVALID_STATE\) at 0x60[0-9a-f]{6}\r\n"
        r'file: "\./main/crash\.c" line \d+\r\nfunc: crash_error_check\r\n'
        r"expression: s_zero == 0 \? ESP_ERR_INVALID_STATE : ESP_OK\r\n\r\n"
        r"abort\(\) was called at PC 0x60[0-9a-f]{6} on core 0",
        *("abort", "_esp_error_check_failed", "crash_error_check", "run_crash"),
    ),
    _abort(
        "double_free",
        r"CORRUPT HEAP: block is free already at 0x3ffe[0-9a-f]{4}",
        *("heap_caps_free", "crash_double_free", "run_crash"),
    ),
    _abort(
        "heap_overrun",
        r"CORRUPT HEAP: block header or the one behind it overwritten.* at 0x3ffe[0-9a-f]{4}",
        *("heap_caps_free", "crash_heap_overrun", "run_crash"),
    ),
    _abort(
        "foreign_mutex",
        r"assert failed: xSemaphoreGive queue\.c:\d+ \(.*holder.*\)",
        *("__assert_func", "xSemaphoreGive", "crash_give_foreign_mutex", "give_foreign_mutex"),
    ),
    _abort(
        "stack_overflow",
        r"\*\*\*ERROR\*\*\* A stack overflow in task greedy has been detected\.",
        *("vApplicationStackOverflowHook", "xt_yield", "vPortYield", "overflow_stack", "overflow"),
    ),
    _abort(
        "task_returns",
        'FreeRTOS Task "short" should not return, Aborting now!',
        *("xt_task_returned", "xt_task_start"),
    ),
]


def assert_called(path: tuple[str, ...], decoded: str) -> None:
    """The functions of the path appear in the decoded backtrace in that order."""
    functions = re.findall(r": (\S+) at ", decoded)
    rest = iter(functions)
    assert all(wanted in rest for wanted in path), f"{path} is not in\n{decoded}"


def crash(dut: Any, name: str) -> None:
    """End the firmware in one of its ways."""
    start_case(dut, "crash")
    dut.expect_exact("which crash?")
    dut.write(name)


@pytest.mark.parametrize("case", CRASHES, ids=[case.name for case in CRASHES])
def test_crash(dut: Any, case: Crash, firmware: FirmwareBuild) -> None:
    """A crash says what and where, and the firmware starts again knowing that it crashed."""
    crash(dut, case.name)
    dut.expect(rf"\r\n{case.says}\r\n".encode())
    if case.registers:
        dut.expect_exact("Core  0 register dump:\r\n")
        dut.expect(rb"PC      : 0x\w{8}  PS      : 0x\w{8}  A0      : 0x\w{8}  A1      : 0x\w{8}")
        dut.expect(rb"EXCVADDR: 0x\w{8}  LBEG    : 0x\w{8}  LEND    : 0x\w{8}  LCOUNT  : 0x\w{8}")
    backtrace = dut.expect(rb"\r\n(Backtrace:[^\r]*)\r\n")[1].decode()
    assert_called(case.path, decode_backtraces(backtrace, firmware.elf, firmware.addr2line))
    # the image begins with the description of the application, which has the digits
    digits = dut.expect(rb"\r\nELF file SHA256: ([0-9a-f]+)\r\n")[1].decode()
    assert firmware.build_id.startswith(digits)
    dut.expect_exact("Rebooting...")
    assert reset_reason(dut) == PANIC


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("iram_load8", "LoadStoreError"),
        ("iram_load16", "LoadStoreError"),
        ("iram_store8", "LoadStoreError"),
        ("iram_unaligned", "LoadStoreAlignment"),
    ],
)
@pytest.mark.firmware(config=OTHER)
def test_instruction_memory_takes_words_only(dut: Any, name: str, cause: str) -> None:
    """By configuration, as on the chip."""
    crash(dut, name)
    dut.expect_exact(f"Guru Meditation Error: Core  0 panic'ed ({cause}).")


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(
            r"xTaskCreateStaticPinnedToCore tasks\.c:\d+ \(is_valid_stack\(stack\)\)",
            marks=pytest.mark.firmware(config=OTHER),
            id="to have one",
        ),
        pytest.param(
            r"spi_flash_check_stack esp_flash\.c:\d+ \(",
            marks=pytest.mark.firmware(config=OTHER | STACKS_IN_SPIRAM),
            id="to use the flash from it",
        ),
    ],
)
def test_stack_in_external_memory(dut: Any, place: str) -> None:
    """Only by configuration, and as in ESP-IDF nobody uses the flash from there."""
    crash(dut, "task_in_psram")
    dut.expect(rf"assert failed: {place}".encode())


def registers(dut: Any) -> dict[str, int]:
    """The register dump of a panic."""
    dump = dut.expect(rb"Core  0 register dump:\r\n(.*?)\r\n\r\n")[1].decode()
    return {name: int(value, 16) for name, value in re.findall(r"(\w+) *: (0x\w{8})", dump)}


def test_registers_of_a_crash(dut: Any) -> None:
    """The dump shows the registers as they were."""
    crash(dut, "registers")
    values = registers(dut)
    assert len(values) == 24
    wanted = {f"A{i}": int(f"0x1{i:02}", 16) for i in range(2, 16)}
    wanted |= {"SAR": 17, "LBEG": 0x1B, "LEND": 0x1E, "LCOUNT": 0x1C, "EXCCAUSE": 0}
    assert {name: values[name] for name in wanted} == wanted


def test_registers_of_a_double_exception(dut: Any) -> None:
    """They are those of the code that was stopped, not of the handler that failed."""
    crash(dut, "bad_spill")
    assert registers(dut)["A13"] == 0x1000


def test_backtrace_without_crash(dut: Any, firmware: FirmwareBuild) -> None:
    """A firmware can say where it is, and go on."""
    crash(dut, "not_at_all")
    backtrace = dut.expect(rb"\r\n(Backtrace:[^\r]*)\r\n")[1].decode()
    decoded = decode_backtraces(backtrace, firmware.elf, firmware.addr2line)
    assert_called(("print_backtrace", "run_crash", "app_main"), decoded)
    dut.expect_exact("no crash")


def test_crash_in_panic(dut: Any) -> None:
    """A panic that cannot go on restarts the firmware all the same."""
    crash(dut, "in_panic")
    dut.expect_exact("Panic handler entered multiple times. Abort panic handling. Rebooting ...")
    assert reset_reason(dut) == PANIC


@pytest.mark.parametrize("name", ["load", "in_interrupt", "bad_spill", "abort"])
@pytest.mark.firmware(config=OTHER)
def test_halt(dut: Any, name: str) -> None:
    """By configuration a crashed firmware stays as it is until it is reset."""
    crash(dut, name)
    dut.expect_exact("CPU halted.")
    dut.hard_reset()
    assert reset_reason(dut) == POWERON
    assert dut.console.text.count(REBOOTED) == 2


# resets


def test_reset_reasons(dut: Any) -> None:
    """A reset from outside is told from a crash, whatever came before."""
    assert reset_reason(dut) == POWERON
    dut.hard_reset()
    assert reset_reason(dut) == POWERON
    crash(dut, "abort")
    assert reset_reason(dut) == PANIC
    dut.hard_reset()
    assert reset_reason(dut) == POWERON


def test_shutdown_handlers(dut: Any) -> None:
    """A restart calls the handlers, the last registered first."""
    start_case(dut, "a restart keeps what is not initialized")
    dut.expect_exact('"check_after_restart"')
    dut.write("1")
    dut.expect_exact("shutdown handler 1 of two\r\nshutdown handler 2\r\n")
    assert reset_reason(dut) == SW


def test_boots_from_any_state(dut: Any) -> None:
    """A reset in the middle of anything does not hinder the next start."""
    for _ in range(10):
        start_case(dut, "tasks are preempted in deep recursion without harm")
        dut.hard_reset()
    start_case(dut, "tasks that yield take turns, thousands of times")
    dut.expect_exact("1 Tests 0 Failures")


# cost


def _cpu_seconds(pid: int) -> float:
    """Processor time of a process so far (proc(5): fields utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_idle_costs_nothing(dut: Any) -> None:
    """A device that waits leaves the host's processor alone, and so does the harness."""
    start_case(dut, "idle for three seconds")
    dut.expect_exact("idle begins\r\n")
    started = time.monotonic()
    before = _cpu_seconds(dut.qemu.pid) + _cpu_seconds(os.getpid())
    dut.expect_exact("idle ends\r\n")
    used = _cpu_seconds(dut.qemu.pid) + _cpu_seconds(os.getpid()) - before
    assert used / (time.monotonic() - started) <= 0.05
