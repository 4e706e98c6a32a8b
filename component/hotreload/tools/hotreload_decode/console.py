"""A console with names below the lines that have addresses, as far as it has come."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from hotreload_loop.errors import OtherFirmwareError, WrongCallError

from .decoder import Decoder, holder
from .placements import Placements
from .symbols import shown, symbol_at

BACKTRACE = re.compile(r"\bBacktrace:((?:\s*0x[0-9a-f]+:0x[0-9a-f]+)+)")
CALLER = re.compile(r"(0x[0-9a-f]+):0x[0-9a-f]+")
REGISTER = re.compile(r"\b([A-Z][A-Z0-9]+)\s*: (0x[0-9a-f]{8})\b")
#: such as `abort() was called at PC 0x400d1234`, `fn=0x400d1234` of the trace's hooks
ANY = re.compile(r"\b(?:(PC|fn|ctx)[ =])(0x[0-9a-f]{8})\b")
#: numbers, whatever they look like
NO_ADDRESS = frozenset({"PS", "SAR", "EXCCAUSE", "LCOUNT"})
FIRMWARE = re.compile(r"\bELF file SHA256: +([0-9a-f]{8,64})")
#: a return address has the size of the call in its two highest bits, in place of the region's
IN_REGION = 0x3FFFFFFF
#: bytes of a call, which ends where it returns to
CALL = 3
#: nothing is executed below
LOWEST_CODE = 0x40000000


def backtrace(text: str) -> list[int]:
    """The return addresses in a line, the innermost first; none if it is no backtrace."""
    stack = BACKTRACE.search(text)
    return [int(pc, 16) for pc in CALLER.findall(stack[1])] if stack else []


def registers(text: str) -> list[tuple[str, int]]:
    """The registers in a line of a panic's dump."""
    return [(name, int(value, 16)) for name, value in REGISTER.findall(text)]


def call_before(link: int, pc: int) -> int:
    """The call that returns to `link`, made in the region of the code at `pc`."""
    return (link & IN_REGION | pc & ~IN_REGION & 0xFFFFFFFF) - CALL


class Console:
    """Names what the lines of a console mention; what is wrong with it goes to `complain`."""

    def __init__(
        self,
        decoder: Decoder,
        placements: Placements,
        firmware_hash: str,
        ask: Callable[[], None],
        complain: Callable[[Exception], None],
    ) -> None:
        """`ask` is called once when the console does not tell where a module lies."""
        self._decoder = decoder
        self._placements = placements
        self._firmware_hash = firmware_hash
        self._ask = ask
        self._complain = complain
        self._asked = False
        self._told: set[str] = set()
        self._pc = 0
        #: addresses of backtraces that are neither the firmware's nor a module's
        self.unknown: list[int] = []

    def notes(self, line: str) -> Iterator[str]:
        """The notes below a line."""
        self._placements.take(line)
        self._check_firmware(line)
        stack = backtrace(line)
        if stack:
            self._look_for_modules(stack)
            yield from self._code("", stack)
            return
        for name, value in registers(line):
            yield from self._register(name, value)
        for name, digits in ANY.findall(line):
            value = int(digits, 16)
            yield from self._code("", [value]) if name == "PC" else self._named(name, value)

    def _check_firmware(self, line: str) -> None:
        told = FIRMWARE.search(line)
        if told and not self._firmware_hash.startswith(told[1]):
            self._tell_once(
                OtherFirmwareError(
                    f"the console is of another firmware than the build directory has: its ELF is "
                    f"{told[1][:8]}..., not {self._firmware_hash[:8]}...; the names may be wrong"
                )
            )

    def _tell_once(self, error: Exception) -> None:
        if str(error) not in self._told:
            self._told.add(str(error))
            self._complain(error)

    def _look_for_modules(self, stack: list[int]) -> None:
        nobodys = self._nobodys(stack)
        if nobodys and not self._placements.loads and not self._asked:
            self._asked = True
            self._ask()
            nobodys = self._nobodys(stack)
        self.unknown += nobodys

    def _nobodys(self, stack: list[int]) -> list[int]:
        loads = self._placements.loads
        return [
            pc
            for pc in stack
            if pc >= LOWEST_CODE
            and holder(loads, pc)[0] is None
            and symbol_at(self._decoder.firmware, pc) is None
        ]

    def _register(self, name: str, value: int) -> Iterator[str]:
        if name == "PC":
            self._pc = value
            yield from self._code("PC ", [value])
        elif name == "A0" and value & IN_REGION:
            yield from self._code("A0 ", [call_before(value, self._pc)])
        elif name not in NO_ADDRESS:
            yield from self._named(name, value)

    def _code(self, label: str, addresses: list[int]) -> Iterator[str]:
        loads = self._placements.loads
        for load in (holder(loads, address)[0] for address in addresses):
            if load is not None and load.elf is None:
                self._tell_once(WrongCallError(self._placements.why_unknown(load)))
        for frame in self._decoder.frames(addresses, loads):
            if frame.file or self._decoder.name(frame.pc, loads):
                yield f"{label}{shown(frame)}"

    def _named(self, label: str, value: int) -> Iterator[str]:
        name = self._decoder.name(value, self._placements.loads)
        if name:
            yield f"{label} {value:#010x}: {name}"
