"""One device under test with everything a scenario does to it."""

import contextlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from hotreload_build.errors import ModuleError
from hotreload_build.identity import module_identity
from hotreload_build.slot import flash_image

from harness.client import HotReloadClient
from harness.console import Console
from harness.errors import ConditionNotMet
from harness.firmware import FirmwareBuild
from harness.flashimage import ERASED
from harness.lanes import Lane
from harness.memory import Flash, Memory
from harness.placement import Placement, current_placement
from harness.probe import Probe
from harness.timeline import Timeline
from harness.trace import Trace

SERVER_PORT = 8080
#: of the scenario firmware; other firmwares have no probe
PROBE_PORT = 8081
READY = r"hotreload: server on port \d+"
PANIC = "Guru Meditation Error"
BOOT_SECONDS = 60.0
#: what esptool erases at least
SECTOR = 4096


class DevicePanicked(ConditionNotMet):
    """The firmware crashed and nobody expected it to."""


@dataclass
class Device:
    """A device that runs a firmware; `dut` is pytest-embedded's."""

    dut: Any
    lane: Lane
    firmware: FirmwareBuild
    console: Console
    timeline: Timeline
    trace: Trace
    client: HotReloadClient
    probe: Probe
    memory: Memory
    flash: Flash
    expected_panics: int = 0
    _seen: int = field(default=0, init=False)

    def wait_ready(self, timeout: float = BOOT_SECONDS) -> None:
        """Wait until the server of the boot in progress answers requests."""
        index, found = self.console.wait_line(f"{READY}|{PANIC}", self._seen, timeout)
        self._seen = index + 1
        if found.group() == PANIC:
            with contextlib.suppress(ConditionNotMet):
                self.console.wait_line("^Backtrace:", index)  # the registers come first
            raise DevicePanicked(f"the firmware crashed while it started: {found.string}")
        self.client.disconnect()  # what the pool holds leads to an earlier boot
        self.probe.disconnect()

    def reset(self) -> None:
        """Reset the device and wait until it is ready again."""
        self.begin_reset()
        self.wait_ready()

    def begin_reset(self) -> None:
        """Reset the device."""
        self._before_restart("reset")
        self.dut.hard_reset()

    def power_cut(self) -> None:
        """Cut the power, in the middle of whatever the device is doing."""
        self._before_restart("power cut")
        self.dut.power_cut()

    def power_on(self) -> None:
        """Switch the power on again and wait until the device is ready."""
        self.switch_on()
        self.wait_ready()

    def switch_on(self) -> None:
        """Switch the power on again."""
        self.timeline.add("power", "power on")
        self._seen = len(self.console.lines)
        self.dut.power_on()

    def power_cycle(self) -> None:
        """Cut the power and switch it on again."""
        self.power_cut()
        self.power_on()

    def placement(self) -> Placement:
        """Where the loaded module lies."""
        return current_placement(self.trace.events)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the server, for a client that works with sockets."""
        url = urlsplit(self.client.url)
        return str(url.hostname), int(url.port or 80)

    def flash_module(self, elf: bytes, label: str = "hotreload") -> None:
        """Do what `hotreload-flash` does: write the module with its record to the partition.

        An ELF that names no firmware is taken for one of the device's.
        """
        try:
            identity = module_identity(elf)
        except ModuleError:
            identity = self.firmware.identity
        self._flash(flash_image(elf, identity), label)

    def flash_raw(self, elf: bytes, label: str = "hotreload") -> None:
        """Write an ELF without a record to the partition, as other tools may."""
        self._flash(elf, label)

    def flash_firmware(self, firmware: FirmwareBuild) -> None:
        """Do what `idf.py app-flash` does: another application, and all else in the flash stays."""
        self._halt()
        self.flash.write(firmware.app_offset, firmware.app_image.read_bytes())
        self.power_on()

    def erase_partition(self, label: str) -> None:
        """Erase a partition behind the firmware's back and start the device with that."""
        self._halt()
        partition = self.flash.partition(label)
        self.flash.write(partition.offset, ERASED * partition.size)
        self.power_on()

    @property
    def panics(self) -> list[str]:
        """The first line of each crash of the firmware."""
        return [line.text for line in self.console.lines if PANIC in line.text]

    def check(self) -> None:
        """Raise when the trace is broken or the firmware crashed without being expected to."""
        panics = self.panics
        if len(panics) != self.expected_panics:
            raise DevicePanicked(
                f"{len(panics)} crashes of the firmware, {self.expected_panics} expected: "
                + "; ".join(panics)
            )
        self.trace.check()

    def close(self) -> None:
        """Close the connections to the device."""
        self.client.close()
        self.probe.close()

    def _flash(self, content: bytes, label: str) -> None:
        """Erase the sectors that are needed, as esptool does, and write."""
        self._halt()
        partition = self.flash.partition(label)
        self.flash.write(partition.offset, content + ERASED * (-len(content) % SECTOR))
        self.power_on()

    def _halt(self) -> None:
        self._before_restart("halt")
        self.dut.halt()

    def _before_restart(self, what: str) -> None:
        self.timeline.add("power", what)
        self.trace.expect_restart()
        self.client.disconnect()
        self.probe.disconnect()
        self._seen = len(self.console.lines)
