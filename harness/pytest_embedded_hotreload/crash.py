"""What a device says when it ends: panics and starts on its console, read line by line."""

import re
from dataclasses import dataclass, field

from hotreload_decode.console import backtrace, registers

#: the first line of a panic, in ESP-IDF's words
_PANIC = re.compile(
    r"Guru Meditation Error: Core\s+\d+ panic'ed \((?P<cause>[^)]*\)?)\)"
    r"|(?P<abort>abort\(\)) was called at PC 0x[0-9a-f]+"
    r"|(?P<assertion>assert failed: .*)"
    r"|(?P<overflow>A stack overflow in task \S+ has been detected)"
)
#: the end of what a panic prints
_OVER = re.compile(r"^(Rebooting\.\.\.|CPU halted\.)")
#: what a start prints, in this order: ROM, bootloader, firmware
_START = (
    re.compile(r"^rst:0x[0-9a-f]+ "),
    re.compile(r"2nd stage bootloader"),
    re.compile(r"main_task: Calling app_main\(\)"),
)
_RESET_REASON = re.compile(r"^rst:(0x[0-9a-f]+ \([^)]*\))")


@dataclass
class Crash:
    """The end of a firmware, or of what it ran on."""

    #: `panic`, `restart`, `silence` or `lost`
    kind: str
    #: such as `StoreProhibited`
    cause: str
    #: of the host's monotonic clock
    at: float
    #: return addresses, the innermost first
    backtrace: list[int] = field(default_factory=list)
    registers: dict[str, int] = field(default_factory=dict)
    #: what somebody has waited for
    waits: list[str] = field(default_factory=list)
    #: lines of explanation below the headline, instead of a stack
    details: list[str] = field(default_factory=list)
    #: whether a test has failed by it
    told: bool = False
    #: made once by whoever can decode
    message: str | None = None

    @property
    def headline(self) -> str:
        """The first line of the message."""
        return (self.message or f"device crashed: {self.cause}").partition("\n")[0]


class CrashReader:
    """Puts together what a panic prints: its cause, registers and stack."""

    def __init__(self) -> None:
        self.crash: Crash | None = None

    def take(self, text: str, at: float) -> Crash | None:
        """Take a line; the crash that it completes, if it does."""
        found = _PANIC.search(text)
        if found is not None and self.crash is None:
            self.crash = Crash("panic", _cause(found), at)
            return None
        if self.crash is not None:  # a firmware can print a backtrace and go on
            self.crash.backtrace = backtrace(text)
            if self.crash.backtrace:
                return self.finish()
            for name, value in registers(text):
                self.crash.registers.setdefault(name, value)
            if _OVER.match(text) or start_stage(text) is not None:
                return self.finish()
        return None

    def finish(self) -> Crash | None:
        """The crash as far as it was printed."""
        crash, self.crash = self.crash, None
        return crash


def is_panic(text: str) -> bool:
    """Whether a panic begins with this line."""
    return _PANIC.search(text) is not None


def start_stage(text: str) -> int | None:
    """How far a start has come that prints this line; None for other lines."""
    return next((stage for stage, line in enumerate(_START) if line.search(text)), None)


def reset_reason(text: str) -> str | None:
    """Why the chip was reset, as its ROM says."""
    found = _RESET_REASON.match(text)
    return found[1] if found else None


def _cause(found: re.Match[str]) -> str:
    for name in ("cause", "assertion", "overflow"):
        if found[name]:
            return str(found[name]).strip()
    return "abort()"
