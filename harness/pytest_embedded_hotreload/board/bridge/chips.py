"""The chips that can be behind the bridge: emulators with a flash file that stays."""

import signal
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_embedded_hotreload.board.bridge.rom import FLASH_BOOT, DownloadMode
from pytest_embedded_hotreload.emulator.machine import Machine, Output
from pytest_embedded_hotreload.esp32.program import find_qemu
from pytest_embedded_hotreload.esp32.qemu import esp32_options
from pytest_embedded_hotreload.sim.qemu import sim_options

#: the strapping pins with IO0 low, for Espressif's QEMU (its guide: "Bootstrapping mode")
DOWNLOAD_STRAP = "driver=esp32.gpio,property=strap_mode,value=0x0f"


class HostPorts:
    """Ports of this host that lead to ports of the board, the same after each reset.

    The sockets hold the ports while the emulator, which listens on them, is off.
    """

    def __init__(self, wanted: dict[int, int]) -> None:
        """`wanted` are ports of the board, and those of the host; 0 lets the kernel choose."""
        self._sockets = []
        self.chosen: dict[int, int] = {}
        for port, host_port in wanted.items():
            held = socket.socket()
            self._sockets.append(held)
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held.bind(("127.0.0.1", host_port))
            self.chosen[port] = held.getsockname()[1]

    def option(self) -> list[str]:
        """QEMU's option for the network."""
        forwards = "".join(
            f",hostfwd=tcp:127.0.0.1:{host_port}-:{port}" for port, host_port in self.chosen.items()
        )
        return ["-nic", f"user,model=open_eth{forwards}"]

    def close(self) -> None:
        """Let go of the ports."""
        for held in self._sockets:
            held.close()


class QemuChip:
    """An emulator: a process from each reset to the next."""

    def __init__(self, flash: Path, ports: HostPorts, output: Output) -> None:
        self._flash = flash
        self._ports = ports
        self._output = output
        self._machine: Machine | None = None

    def start(self, download: bool) -> None:
        """Start in download mode, or what the flash holds."""
        self._run(self._options(download))

    def stop(self) -> None:
        """Off at once."""
        machine, self._machine = self._machine, None
        if machine is not None:
            machine.end(signal.SIGKILL)

    def write(self, data: bytes) -> None:
        """Send to its serial port."""
        if self._machine is not None:
            self._machine.write(data)

    def _options(self, download: bool) -> list[str]:
        raise NotImplementedError

    def _run(self, options: Sequence[str]) -> None:
        def command(qmp: int, serial: int) -> list[str]:
            return [
                *options,
                *("-display", "none", "-nodefaults", "-no-user-config", *self._ports.option()),
                *("-chardev", f"socket,id=qmp,fd={qmp}", "-mon", "chardev=qmp,mode=control"),
                *("-chardev", f"socket,id=uart,fd={serial}", "-serial", "chardev:uart"),
            ]

        self._machine = Machine(command, self._output, self._flash.with_suffix(".log"))


class Esp32Chip(QemuChip):
    """Espressif's QEMU: its ROM has the download mode of the chip."""

    def __init__(self, flash: Path, ports: HostPorts, output: Output) -> None:
        super().__init__(flash, ports, output)
        self._program = find_qemu().path

    def _options(self, download: bool) -> list[str]:
        strap = ["-global", DOWNLOAD_STRAP] if download else []
        return [self._program, *esp32_options(self._flash, psram=True), *strap]


class SimChip(QemuChip):
    """The simulated board, whose ROM is ours."""

    def __init__(self, flash: Path, ports: HostPorts, output: Output) -> None:
        super().__init__(flash, ports, output)
        self._rom: DownloadMode | None = None

    def start(self, download: bool) -> None:
        if download:
            self._rom = DownloadMode(self._flash, self._output.put)
        else:
            self._output.put(FLASH_BOOT)
            super().start(download)

    def stop(self) -> None:
        self._rom = None
        super().stop()

    def write(self, data: bytes) -> None:
        if self._rom is not None:
            self._rom.receive(data)
        else:
            super().write(data)

    def _options(self, download: bool) -> list[str]:
        return ["qemu-system-xtensa", *sim_options(self._flash)]


CHIPS: dict[str, Callable[[Path, HostPorts, Output], QemuChip]] = {
    "esp32": Esp32Chip,
    "sim": SimChip,
}
