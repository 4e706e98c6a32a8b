"""The simulated board: stock QEMU, machine `lx60-nommu`."""

from pathlib import Path

from pytest_embedded_hotreload.emulator.qemu import EmulatedBoard


class SimQemu(EmulatedBoard):
    """What pytest-embedded's `qemu` fixture gives in lane `sim`."""

    def machine_options(self) -> list[str]:
        return sim_options(self.flash_path)


def sim_options(flash: Path) -> list[str]:
    """QEMU's options for the machine and its flash."""
    return [
        *("-M", "lx60-nommu", "-m", "64M"),
        *("-drive", f"if=pflash,format=raw,file={flash}"),
    ]
