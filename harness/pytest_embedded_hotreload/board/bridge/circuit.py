"""The two lines that reset a chip, as the circuit of ESP32 boards connects them.

Two transistors: RTS alone pulls EN low, DTR alone pulls IO0 low, both at once neither. A chip runs
while EN is high, and looks at IO0 at the moment when EN has risen: low is download mode. RTS keeps
the chip in reset with IO0 high, and whichever line comes first on the way to DTR alone lets go of
EN with IO0 still high; that this way leads to download mode is due to the capacitor at EN, which
makes it rise slowly. (esptool's documentation, "Boot Mode Selection", "Automatic Bootloader": 1 to
10 uF. ESP32 Hardware Design Guidelines, "Chip Power-up and Reset Timing": 10 kOhm and 1 uF.)
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

#: ohms between EN and the supply
PULL_UP = 10_000
#: the capacitor between EN and ground of most boards, in microfarads
CAPACITOR = 1.0
#: of the supply, at which EN counts as high (ESP32 data sheet, "DC Characteristics": VIH)
HIGH = 0.75


def rise_seconds(microfarads: float) -> float:
    """How long EN takes from the moment when nothing pulls it low any more."""
    return PULL_UP * microfarads * 1e-6 * -math.log(1 - HIGH)


class Chip(Protocol):
    """What hangs at the lines."""

    def start(self, download: bool) -> None:
        """EN has risen."""

    def stop(self) -> None:
        """EN falls."""

    def write(self, data: bytes) -> None:
        """What its serial port receives."""


@dataclass
class Port:
    """The board's end of a serial port, with the attributes that pyserial's `PortManager` uses.

    The chip starts in `settle()`, which is to be called `remaining` seconds later.
    """

    chip: Chip
    #: how long EN takes to rise, in seconds of `clock`
    rise: float = rise_seconds(CAPACITOR)
    clock: Callable[[], float] = time.monotonic
    baudrate: int = 115200
    bytesize: int = 8
    parity: str = "N"
    stopbits: int = 1
    xonxoff: bool = False
    rtscts: bool = False
    break_condition: bool = False
    cts: bool = True
    dsr: bool = True
    ri: bool = False
    cd: bool = True
    _dtr: bool = field(default=False, init=False)
    _rts: bool = field(default=False, init=False)
    _running: bool = field(default=False, init=False)
    _up_at: float | None = field(default=None, init=False)

    @property
    def dtr(self) -> bool:
        """Whether DTR is asserted."""
        return self._dtr

    @dtr.setter
    def dtr(self, asserted: bool) -> None:
        self._dtr = asserted
        self._drive()

    @property
    def rts(self) -> bool:
        """Whether RTS is asserted."""
        return self._rts

    @rts.setter
    def rts(self, asserted: bool) -> None:
        self._rts = asserted
        self._drive()

    def reset_input_buffer(self) -> None:
        """There is none."""

    def reset_output_buffer(self) -> None:
        """There is none."""

    def power_on(self) -> None:
        """Let the chip run, unless it does or the lines hold it."""
        self._drive()

    @property
    def remaining(self) -> float | None:
        """Seconds until EN has risen; none when it does not rise."""
        return None if self._up_at is None else max(0.0, self._up_at - self.clock())

    def settle(self) -> None:
        """Start the chip if EN has risen by now."""
        if self._up_at is not None and self.clock() >= self._up_at:
            self._up_at = None
            self._running = True
            self.chip.start(download=self._dtr and not self._rts)

    def _drive(self) -> None:
        if self._rts and not self._dtr:
            self._up_at = None
            if self._running:
                self._running = False
                self.chip.stop()
        elif not self._running and self._up_at is None:
            self._up_at = self.clock() + self.rise
