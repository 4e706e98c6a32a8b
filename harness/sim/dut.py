"""The device under test of lane `sim`."""

from pytest_embedded_qemu.dut import QemuDut

from harness.console import Console
from harness.sim.qemu import SimQemu


class SimDut(QemuDut):  # type: ignore[misc]
    """pytest-embedded's `QemuDut`, and what only a simulated board can do with its power."""

    def __init__(self, qemu: SimQemu, console: Console, **kwargs: object) -> None:
        self.console = console
        super().__init__(qemu=qemu, **kwargs)

    def power_cut(self) -> None:
        """Off, in the middle of whatever the device is doing."""
        self.qemu.power_cut()

    def power_on(self) -> None:
        """On again, with the flash as it was left."""
        self.qemu.start()

    def restart(self) -> None:
        """Power off and on."""
        self.qemu.restart()
