"""Espressif's QEMU, machine `esp32`."""

from harness.emulator.qemu import EmulatedBoard

#: the watchdogs of the timer groups run by the host's clock, which a busy host does not keep
#: (ESP-IDF's guide to QEMU names this option)
NO_WATCHDOGS = "driver=timer.esp32.timg,property=wdt_disable,value=true"


class EspQemu(EmulatedBoard):
    """What pytest-embedded's `qemu` fixture gives in lane `esp32`."""

    def machine_options(self) -> list[str]:
        return [
            *("-machine", "esp32"),
            *("-drive", f"file={self.flash_path},if=mtd,format=raw"),
            *("-global", NO_WATCHDOGS),
        ]
