"""Faults of Espressif's QEMU are told from those of a firmware; a test that meets one says so."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_embedded_hotreload.console import Console, ConsoleLine
from pytest_embedded_hotreload.errors import ConditionNotMet
from pytest_embedded_hotreload.esp32.faults import FaultWatch
from tests.conftest import NestedPytest

POWER_ON = "rst:0x1 (POWERON_RESET),boot:0x12 (SPI_FAST_FLASH_BOOT)"
RESTART = "rst:0xc (SW_CPU_RESET),boot:0x12 (SPI_FAST_FLASH_BOOT)"
STARTED = "\x1b[0;32mI (345) main_task: Calling app_main()\x1b[0m"
PANIC = "Guru Meditation Error: Core  0 panic'ed (InstrFetchProhibited). Exception was unhandled."
NOWHERE = "PC      : 0x00000000  PS      : 0x00060031  A0      : 0x40082c7c  A1      : 0x3ffe39a0  "


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    console = Console(tmp_path / "console.log")
    console.follow(FaultWatch(console, "QEMU 8.2.0"))
    yield console
    console.close()


def show(console: Console, *lines: str) -> None:
    console.put("".join(f"{line}\r\n" for line in lines))


def test_boot_that_ends_nowhere_after_a_restart(console: Console) -> None:
    show(console, POWER_ON, STARTED, PANIC, "Rebooting...", RESTART, PANIC, NOWHERE)

    assert console.fault is not None
    assert console.fault.startswith("QEMU 8.2.0 is at fault, not the firmware: after a restart")
    with pytest.raises(ConditionNotMet, match=r"QEMU 8\.2\.0 is at fault"):
        console.wait_line("server on port", timeout=60)


@pytest.mark.parametrize(
    "boot",
    [
        pytest.param([POWER_ON, PANIC, NOWHERE], id="power on"),
        pytest.param([RESTART, STARTED, PANIC, NOWHERE], id="application"),
        pytest.param([RESTART, PANIC, NOWHERE.replace("0x00000000", "0x400d1234")], id="elsewhere"),
        pytest.param([RESTART, STARTED], id="well"),
    ],
)
def test_crash_of_the_firmware_itself(console: Console, boot: list[str]) -> None:
    show(console, *boot)

    assert console.fault is None


ONLINE = "I (5615) esp_netif_handlers: example_netif_eth ip: 10.0.2.15, mask: 255.255.255.0"
LOADED = "HR 9 442340 done op=load module=1"
ATTACHED = "I (3055) esp_eth.netif.netif_glue: ethernet attached to netif"


def test_driver_that_never_starts_after_a_restart(console: Console) -> None:
    show(console, POWER_ON, STARTED, LOADED, ATTACHED, ONLINE, RESTART, STARTED)
    assert console.fault is None
    show(console, LOADED)

    assert console.fault is not None
    assert console.fault.endswith("the driver of the network never starts")
    show(console, ATTACHED)
    assert console.fault is None


@pytest.mark.parametrize(
    "boot",
    [
        pytest.param([POWER_ON, STARTED, LOADED, RESTART, STARTED, LOADED], id="never online"),
        pytest.param([ONLINE, POWER_ON, STARTED, LOADED], id="power on"),
        pytest.param([ONLINE, RESTART, STARTED], id="in the load"),
    ],
)
def test_silence_of_the_firmware_itself(console: Console, boot: list[str]) -> None:
    show(console, *boot)

    assert console.fault is None


def clock(console: Console, rate: float) -> None:
    """Six seconds of the host's clock, in which the device's runs at `rate`."""
    watch = FaultWatch(console, "QEMU 7.2.0")
    watch(ConsoleLine(99.0, RESTART))
    watch(ConsoleLine(99.0, STARTED))
    for second in range(7):
        text = f"I ({500 + second * rate * 1000:.0f}) main: still there"
        watch(ConsoleLine(100.0 + second, text))


def test_device_whose_time_is_slow(console: Console) -> None:
    clock(console, rate=0.25)

    assert console.fault is not None
    assert console.fault.endswith("the device's time is four times slow")


@pytest.mark.parametrize("rate", [1.0, 0.7, 0.5])
def test_host_that_is_busy(console: Console, rate: float) -> None:
    clock(console, rate)

    assert console.fault is None


FAILS = """
def test_it(dut):
    dut.console.fault = "the emulator is at fault"
    raise AssertionError("no answer")
"""


def test_failure_that_the_emulator_is_to_blame_for(nested: NestedPytest) -> None:
    result = nested.run(FAILS)

    assert result.returncode == pytest.ExitCode.TESTS_FAILED
    assert "FAILED test_it.py::test_it - EmulatorFault: the emulator is at fault" in result.stdout
    assert "the emulator is at fault; it shows as: no answer" in result.stdout


def test_skipped_for_the_lack_of_what_the_emulator_spoils(nested: NestedPytest) -> None:
    result = nested.run("@pytest.mark.needs('soft-reset')" + FAILS, "-rs")

    assert result.returncode == pytest.ExitCode.OK
    assert "lane sim lacks soft-reset: the emulator is at fault" in result.stdout
