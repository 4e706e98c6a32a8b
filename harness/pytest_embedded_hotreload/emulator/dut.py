"""The device under test of the lanes on QEMU."""

from pytest_embedded_qemu.dut import QemuDut

from pytest_embedded_hotreload.console import Console
from pytest_embedded_hotreload.emulator.qemu import EmulatedBoard


class EmulatedDut(QemuDut):  # type: ignore[misc]
    """pytest-embedded's `QemuDut`, and what only an emulated board can do with its power."""

    def __init__(self, qemu: EmulatedBoard, console: Console, **kwargs: object) -> None:
        self.console = console
        super().__init__(qemu=qemu, **kwargs)

    def power_cut(self) -> None:
        """Off, in the middle of whatever the device is doing."""
        self.qemu.power_cut()

    halt = power_cut  # so that the flash can be written

    def power_on(self) -> None:
        """On again, with the flash as it was left."""
        self.qemu.start()

    def restart(self) -> None:
        """Power off and on."""
        self.qemu.restart()
