"""What older releases of Espressif's QEMU do wrong, told from what a firmware does wrong."""

import re
from dataclasses import dataclass

from pytest_embedded_hotreload.console import Console, ConsoleLine

#: of ESP32's reset reasons: the firmware has restarted itself, by its own will or after a crash
SOFTWARE_RESET = 0xC
#: the device's clock against the host's: the core runs at 40 MHz where the firmware counts 160
SLOW = range(20, 31)
#: what is shorter does not tell a slow clock from a busy host
SECONDS_MINIMUM = 2.0

_RESET = re.compile(r"^rst:0x([0-9a-f]+)")
_NOWHERE = re.compile(r"^PC      : 0x00000000 ")
_APPLICATION = "Calling app_main()"
_ONLINE = re.compile(r"esp_netif_handlers: \S+ ip: ")
_LOADED = re.compile(r"^HR \d+ \d+ (done|error) op=load( |$)")
_ATTACHED = "ethernet attached to netif"
_LOG = re.compile(r"^[EWIDV] \((\d+)\) ")


@dataclass
class FaultWatch:
    """Follows the console of one device.

    It goes by what no firmware can do: before `app_main` nothing of the application has run.
    """

    console: Console
    emulator: str
    _online: bool = False
    _restarted: bool = False
    _in_application: bool = False
    _first: tuple[float, int] | None = None

    def __call__(self, line: ConsoleLine) -> None:
        """Take in one line."""
        reset = _RESET.match(line.text)
        if reset:
            self._restarted = int(reset[1], 16) == SOFTWARE_RESET
            self._in_application = False
            self._first = None
        elif _APPLICATION in line.text:
            self._in_application = True
        elif self._restarted and not self._in_application and _NOWHERE.match(line.text):
            self.console.fault = (
                f"{self.emulator} is at fault, not the firmware: after a restart with the network "
                "up an interrupt stays raised, and every boot ends at PC 0 before app_main"
            )
            self.console.finish(self.console.fault)
        elif self._restarted and self._online and _LOADED.match(line.text):
            # a fault until the driver of the network has come through
            self.console.fault = (
                f"{self.emulator} is at fault, not the firmware: after a restart with the network "
                "up an interrupt stays raised, and the driver of the network never starts"
            )
        elif _ATTACHED in line.text:
            self._online = False
            self.console.fault = None
        elif _ONLINE.search(line.text):
            self._online = True
        elif self._in_application:
            self._compare_clocks(line)

    def _compare_clocks(self, line: ConsoleLine) -> None:
        log = _LOG.match(line.text)
        if log is None:
            return
        milliseconds = int(log[1])
        if self._first is None:
            self._first = line.at, milliseconds
            return
        seconds = line.at - self._first[0]
        if seconds >= SECONDS_MINIMUM:
            percent = round((milliseconds - self._first[1]) / seconds / 10)
            self.console.fault = (
                f"{self.emulator} is at fault, not the firmware: its core runs at 40 MHz where "
                "the firmware counts 160, so that the device's time is four times slow"
                if percent in SLOW
                else None
            )
