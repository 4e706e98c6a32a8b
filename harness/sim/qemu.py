"""The simulated board: stock QEMU, machine `lx60-nommu`."""

from harness.emulator.qemu import EmulatedBoard


class SimQemu(EmulatedBoard):
    """What pytest-embedded's `qemu` fixture gives in lane `sim`."""

    def machine_options(self) -> list[str]:
        return [
            *("-M", "lx60-nommu", "-m", "64M"),
            *("-drive", f"if=pflash,format=raw,file={self.flash_path}"),
        ]
