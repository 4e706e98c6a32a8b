"""The device under test of lane `board`."""

from pytest_embedded_idf.dut import IdfDut

from pytest_embedded_hotreload.board.address import find_address
from pytest_embedded_hotreload.board.serial import BoardSerial
from pytest_embedded_hotreload.console import Console
from pytest_embedded_hotreload.errors import ConditionNotMet
from pytest_embedded_hotreload.lanes.base import Debugger


class BoardDut(IdfDut):  # type: ignore[misc]
    """pytest-embedded's `IdfDut`, and where its board is found on the network."""

    def __init__(
        self, serial: BoardSerial, console: Console, gdb: Debugger | None = None, **kwargs: object
    ) -> None:
        self.console = console
        super().__init__(serial=serial, **kwargs)
        if gdb is not None:
            gdb.start(serial.link.board.gdb, ["monitor reset halt"])

    @property
    def address(self) -> str:
        """The address that the device has told on its console."""
        found = find_address(line.text for line in self.console.lines)
        if found is None:
            raise ConditionNotMet(
                f"{self.serial.link.board} has printed no address: does its firmware connect, and "
                "is the network there that boards.yaml names?"
            )
        return found

    def host(self, port: int) -> str:
        """Where the host reaches a port of the device."""
        forward = self.serial.link.board.forward
        # the address is not asked for in vain: a firmware need not tell one
        return forward[port] if port in forward else f"{self.address}:{port}"  # noqa: SIM401

    def halt(self) -> None:
        """Stop the firmware, so that the flash can be written."""
        self.serial.halt()

    def hard_reset(self) -> None:
        """Reset by the board's lines, which also starts a halted device."""
        self.serial.hard_reset()

    restart = hard_reset

    def power_cut(self) -> None:
        """Switch the power off, where the board's description says how."""
        self.serial.link.cut_power()

    def power_on(self) -> None:
        """Start a board that is without power, or halted."""
        self.serial.link.power_on()
