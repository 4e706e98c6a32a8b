"""The two lines that reset a chip, as the transistors of ESP32 boards connect them.

RTS alone pulls EN low: reset. DTR alone pulls IO0 low, which the chip looks at when EN rises: low
is download mode. Both at once change neither. (Espressif, "Boot mode selection", chapter "Automatic
bootloader" of esptool's documentation.)
"""

from dataclasses import dataclass, field
from typing import Protocol


class Chip(Protocol):
    """What hangs at the lines."""

    def start(self, download: bool) -> None:
        """EN rises."""

    def stop(self) -> None:
        """EN falls."""

    def write(self, data: bytes) -> None:
        """What its serial port receives."""


@dataclass
class Port:
    """The board's end of a serial port, with the attributes that pyserial's `PortManager` uses."""

    chip: Chip
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
    _in_reset: bool = field(default=True, init=False)

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

    def _drive(self) -> None:
        if self._rts and not self._dtr:
            if not self._in_reset:
                self.chip.stop()
            self._in_reset = True
        # from reset to both lines, EN stays low for a moment: its capacitor is what makes the way
        # over that state, which RFC2217 cannot avoid, lead to download mode
        elif self._in_reset and not (self._rts and self._dtr):
            self._in_reset = False
            self.chip.start(download=self._dtr)

    def power_on(self) -> None:
        """Let the chip run, unless it does or the lines hold it."""
        self._drive()
