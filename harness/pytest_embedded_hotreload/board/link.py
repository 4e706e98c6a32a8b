"""A board whose port is open: its chip in download mode, or running with its console read."""

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence

import serial
from esptool.cmds import attach_flash, write_flash
from esptool.loader import ESPLoader, StubFlasher
from esptool.logger import log
from esptool.reset import HardReset
from esptool.targets import CHIP_DEFS
from esptool.util import FatalError

from pytest_embedded_hotreload.board.bootmode import check_lines
from pytest_embedded_hotreload.board.errors import BoardError
from pytest_embedded_hotreload.board.inventory import Board
from pytest_embedded_hotreload.board.port import CONSOLE_BAUD, explain, open_port
from pytest_embedded_hotreload.board.power import switch_power
from pytest_embedded_hotreload.console import Console
from pytest_embedded_hotreload.progress import NoScreen, Progress

#: a byte is lost now and then, on a cable as in an emulator
ATTEMPTS = 3
#: resets that esptool tries before it gives up
CONNECTS = 3
#: what is compared and written at once: what flash chips erase in one go
BLOCK = 64 * 1024
#: a port cannot be woken from a read, so the reader looks this often whether it is to end
READ_SECONDS = 0.1

Region = tuple[int, bytes]


class Link:
    """The only user of a board's port."""

    def __init__(self, board: Board) -> None:
        """Open the port and enter download mode; raises `BoardError`."""
        self.board = board
        self.port = open_port(board)
        self._esp: ESPLoader | None = None
        self._reader: threading.Thread | None = None
        self._end_reading = threading.Event()
        self._powered = True
        #: why the board is not to be used any more
        self.lost: BoardError | None = None
        #: where the firmware's output goes, and what is taken out of it before
        self.console: Console | None = None
        self.redact: Callable[[bytes], bytes] = bytes
        #: where it says how far it is
        self.progress = Progress(NoScreen())
        log.set_verbosity("silent")
        try:
            self.enter_download_mode()
        except BoardError:
            self.close()
            raise

    def __str__(self) -> str:
        return str(self.board)

    def enter_download_mode(self) -> None:
        """Reset the chip into download mode, whatever it is doing."""
        self._stop_reading()
        for attempt in range(ATTEMPTS):
            try:
                with self._esptool("does not answer esptool"):
                    self._esp = self._connect()
                self.lost = None
                return
            except BoardError:
                if attempt == 0 and not self.port.is_open:  # esptool closes it when nobody answers
                    with self._remembering():
                        check_lines(self.board)
                if attempt == ATTEMPTS - 1:
                    raise

    @property
    def halted(self) -> bool:
        """Whether the chip is in download mode."""
        return self._esp is not None

    def update_flash(self, regions: Sequence[Region]) -> int:
        """Write what differs from `regions`; the chip tells what differs. Returns bytes written."""
        written = 0
        progress = self.progress.of(f"board {self.board.name}: flashing")
        with self._esptool("its flash cannot be written"), progress as say:
            changed = list(self._changed(regions))
            size = sum(len(data) for _, data in changed)
            for block in changed:
                say(f"{written // 1024} of {size // 1024} KB")
                write_flash(self._loader, [block], no_progress=True)
                written += len(block[1])
        return written

    def read_flash(self, offset: int, size: int) -> bytes:
        """Read the flash of a chip in download mode."""
        with self._esptool("its flash cannot be read"):
            loader = self._loader
            read = loader.read_flash if loader.IS_STUB else loader.read_flash_slow
            data: bytes = read(offset, size, None)
        return data

    def run(self) -> None:
        """Reset the chip into its firmware; what it prints goes to `console`."""
        try:
            self._listen()
            HardReset(self.port)()
        except (serial.SerialException, OSError) as error:
            raise self._lose("it cannot be reset", error) from error

    def cut_power(self) -> None:
        """Switch the power off, in the middle of whatever the board is doing."""
        self._switch("off")
        self._powered = False

    def power_on(self) -> None:
        """Start the firmware: by the power where that is off, else by a reset."""
        if self._powered:
            self.run()
            return
        self._listen()
        self._switch("on")
        self._powered = True

    def write(self, data: bytes) -> None:
        """Send to the firmware's console."""
        try:
            self.port.write(data)
        except (serial.SerialException, OSError) as error:
            raise self._lose("its port does not take data", error) from error

    def close(self) -> None:
        """Leave the board as it is, but with power."""
        self._stop_reading()
        if not self._powered:
            with contextlib.suppress(BoardError):  # which is kept in `lost`
                self._switch("on")
        self.port.close()

    @property
    def _loader(self) -> ESPLoader:
        if self._esp is None:
            raise BoardError(self.board, "it is not in download mode")
        return self._esp

    def _connect(self) -> ESPLoader:
        if not self.port.is_open:
            self.port = open_port(self.board)
        self.port.timeout = 3
        rom = CHIP_DEFS[self.board.chip](self.port, CONSOLE_BAUD)
        rom.connect(attempts=CONNECTS)
        esp: ESPLoader = rom
        if self.board.stub != "none":
            if self.board.stub == "legacy":
                StubFlasher.set_stub_subdir("1")
            esp = rom.run_stub()
            if self.board.flash_baud != CONSOLE_BAUD:
                esp.change_baud(self.board.flash_baud)
        attach_flash(esp)
        return esp

    def _changed(self, regions: Sequence[Region]) -> Iterator[Region]:
        for offset, wanted in regions:
            if self._holds(offset, wanted):
                continue
            for start in range(0, len(wanted), BLOCK):
                block = wanted[start : start + BLOCK]
                if not self._holds(offset + start, block):
                    yield offset + start, block

    def _holds(self, offset: int, wanted: bytes) -> bool:
        found: str = self._loader.flash_md5sum(offset, len(wanted))
        return found == hashlib.md5(wanted).hexdigest()

    def _lose(self, what: str, error: Exception) -> BoardError:
        self.lost = BoardError(self.board, f"{what}: {explain(self.port, error)}")
        return self.lost

    def _switch(self, state: str) -> None:
        with self._remembering():
            switch_power(self.board, state)

    @contextlib.contextmanager
    def _remembering(self) -> Iterator[None]:
        try:
            yield
        except BoardError as error:
            self.lost = error
            raise

    def _listen(self) -> None:
        """Have what the firmware prints, from now on."""
        self._stop_reading()
        self._esp = None
        self.port.baudrate = CONSOLE_BAUD
        self.port.dtr = False
        self.port.reset_input_buffer()
        self._start_reading()

    @contextlib.contextmanager
    def _esptool(self, what: str) -> Iterator[None]:
        try:
            yield
        except (FatalError, serial.SerialException, OSError) as error:
            raise self._lose(what, error) from error

    def _start_reading(self) -> None:
        if self.console is None:
            return
        self._end_reading.clear()
        self.port.timeout = READ_SECONDS
        self.console.resume()
        self._reader = threading.Thread(
            target=self._read, args=(self.console,), name=f"console of {self.board.name}"
        )
        self._reader.start()

    def _stop_reading(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            self._end_reading.set()
            reader.join()

    def _read(self, console: Console) -> None:
        try:
            while not self._end_reading.is_set():
                console.put(self.redact(self.port.read(max(1, self.port.in_waiting))))
        except (serial.SerialException, OSError, TypeError) as error:
            # TypeError: a port of pyserial that was closed meanwhile
            console.finish(str(self._lose("its port was lost", error)), lost=True)
