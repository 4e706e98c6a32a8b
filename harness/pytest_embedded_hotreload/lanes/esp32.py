"""Lane `esp32`: ESP-IDF on Espressif's QEMU."""

from pytest_embedded_hotreload.emulator.lane import EmulatorLane
from pytest_embedded_hotreload.esp32.program import PATIENCE, find_qemu
from pytest_embedded_hotreload.esp32.qemu import EspQemu
from pytest_embedded_hotreload.esp_idf.lane import EspIdfLane
from pytest_embedded_hotreload.lanes.base import CAPABILITIES
from pytest_embedded_hotreload.paths import PACKAGE

DEFAULTS = PACKAGE / "esp32" / "sdkconfig.defaults"


class Esp32Lane(EspIdfLane, EmulatorLane):
    """The firmware as it is on a chip, in an emulator of that chip."""

    name = "esp32"
    summary = "ESP-IDF v5.0 or later on Espressif's QEMU, machine esp32"
    capabilities = frozenset(CAPABILITIES) - {
        *("bare-board", "icount", "iram-words", "network-memory", "observer")
    }
    board_class = EspQemu
    patience = PATIENCE
    defaults = (DEFAULTS,)

    def require_tools(self) -> None:
        super().require_tools()
        find_qemu()


LANE = Esp32Lane
