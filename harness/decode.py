"""Names for the addresses of a device: those of its firmware, and of every module it has loaded.

Where a module lies says the trace; which file was loaded there is found among what the test has
built and sent, by the size of its segments. Modules that were replaced keep their names until
something else is placed over them.
"""

import bisect
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from elftools.elf.elffile import ELFFile

from harness.crash import backtrace
from harness.firmware import FirmwareBuild
from harness.modules import Module
from harness.trace import TraceEvent

_PLACE = re.compile(r"^(.*):(\d+|\?)(?: \(discriminator \d+\))?$")
_HEX = re.compile(r"\b(fn|ctx)=(0x[0-9a-f]{6,8})\b")

#: symbols at one address, at most
NEIGHBOURS = 8

#: how a panic got to where it was printed; the reader wants to know who called these
MACHINERY = frozenset(
    {
        *("panic_abort", "esp_system_abort", "abort", "__assert_func", "xt_panic"),
        *("_esp_error_check_failed", "vApplicationStackOverflowHook", "__stack_chk_fail"),
    }
)


@dataclass(frozen=True)
class Frame:
    """One function of a stack; `module` is that of the load when it is not the firmware's."""

    pc: int
    function: str
    file: str = ""
    line: int = 0
    module: str = ""

    @property
    def where(self) -> str:
        """Such as `hr_hooks_run_post (hr_hooks.c:47)`."""
        place = f" ({Path(self.file).name}:{self.line})" if self.file else ""
        return f"{self.function}{place}{self.of_module}"

    @property
    def of_module(self) -> str:
        """Which module, for a function of one."""
        return f" in {self.module}" if self.module else ""


@dataclass(frozen=True)
class Loaded:
    """A segment of a module in the device's memory."""

    number: int
    link: int
    address: int
    size: int
    #: what was loaded, if that is known
    module: Module | None

    @property
    def label(self) -> str:
        """The module as a reader knows it."""
        name = f" ({self.module.name})" if self.module else ""
        return f"module {self.number}{name}"


class Symbols:
    """The functions and objects of an ELF by address."""

    def __init__(self, elf: Path) -> None:
        with elf.open("rb") as file:
            table = ELFFile(file).get_section_by_name(".symtab")
            self._symbols: list[tuple[int, int, str]] = sorted(
                (symbol["st_value"], symbol["st_size"], symbol.name)
                for symbol in (table.iter_symbols() if table else [])  # type: ignore[attr-defined]
                if symbol["st_info"]["type"] in ("STT_FUNC", "STT_OBJECT", "STT_NOTYPE")
                and symbol.name
                and isinstance(symbol["st_shndx"], int)
            )
        self._starts = [start for start, _, _ in self._symbols]

    def name(self, address: int) -> str | None:
        """The symbol at or around an address, with what is to be added to it."""
        last = bisect.bisect_right(self._starts, address)
        around = [
            (address - start, "$" in name or name.startswith("."), name)
            for start, size, name in self._symbols[max(0, last - NEIGHBOURS) : last]
            if address < start + max(size, 1)
        ]
        if not around:
            return None
        distance, _, name = min(around)  # not a compiler's name, if there is another
        return f"{name}+{distance:#x}" if distance else name


@lru_cache(maxsize=32)
def symbols_of(elf: Path, changed: int) -> Symbols:
    """The symbols of a file as it was `changed`."""
    return Symbols(elf)


class Decoder:
    """Names for the addresses of one device."""

    def __init__(
        self,
        firmware: FirmwareBuild,
        events: Callable[[], Sequence[TraceEvent]] = list,
        built: Callable[[], Sequence[Module]] = list,
        sent: Callable[[], Sequence[tuple[float, bytes]]] = list,
    ) -> None:
        """`events` is the trace so far, `built` what it may be about, `sent` what it was sent."""
        self._firmware = firmware
        self._events = events
        self._built = built
        self._sent = sent

    def frames(self, addresses: Iterable[int], at: float | None = None) -> list[Frame]:
        """The functions at addresses, with those that were inlined there; as it was `at` then."""
        found: list[Frame] = []
        loads = list(self._loads(at))
        batch: list[int] = []
        for address in addresses:
            load = _holder(loads, address)
            if load is None:
                batch.append(address)
                continue
            found += self._of_firmware(batch)
            batch = []
            found += self._of_module(load, address)
        return found + self._of_firmware(batch)

    def name(self, address: int, at: float | None = None) -> str | None:
        """The function or object at an address."""
        load = _holder(list(self._loads(at)), address)
        if load is None:
            return _symbol(self._firmware.elf, address)
        if load.module is None:
            return f"{address - load.address + load.link:#x} of {load.label}"
        found = _symbol(load.module.unstripped, address - load.address + load.link)
        return f"{found or hex(address - load.address)} of {load.label}"

    def annotate(self, line: str, at: float | None = None) -> str:
        """A line of the trace with the names of the hooks in it."""

        def named(match: re.Match[str]) -> str:
            name = self.name(int(match[2], 16), at)
            return f"{match[0]}({name})" if name else match[0]

        return _HEX.sub(named, line)

    def _of_firmware(self, addresses: Sequence[int]) -> list[Frame]:
        return _decoded(self._firmware.addr2line, self._firmware.elf, addresses)

    def _of_module(self, load: Loaded, address: int) -> list[Frame]:
        link = address - load.address + load.link
        if load.module is None:
            return [Frame(address, f"{link:#x}", module=load.label)]
        frames = _decoded(self._firmware.addr2line, load.module.unstripped, [link])
        return [Frame(address, f.function, f.file, f.line, load.label) for f in frames]

    def _loads(self, at: float | None) -> Iterator[Loaded]:
        """All segments placed since the device's start, the newest first."""
        events = [event for event in self._events() if at is None or event.at <= at]
        boot = events[-1].boot if events else 0
        placed: dict[int, list[TraceEvent]] = {}
        for event in events:
            if event.boot == boot and event.name == "place":
                placed.setdefault(event.number("module"), []).append(event)
        for number in sorted(placed, reverse=True):
            module = self._module_of(placed[number])
            for event in placed[number]:
                yield Loaded(
                    number, event.number("link"), event.number("addr"), event.number("size"), module
                )

    def _module_of(self, placed: Sequence[TraceEvent]) -> Module | None:
        """Which of the known modules has these segments: the one that was sent last."""
        sizes = sorted((e.number("link"), e.number("size"), e.number("filesz")) for e in placed)
        fitting = [
            module for module in [*self._own(), *self._built()] if _loaded(module.path) == sizes
        ]
        for at, body in reversed(self._sent()):
            if at <= placed[0].at:
                for module in reversed(fitting):
                    if module.data in body:
                        return module
        return fitting[-1] if fitting else None

    def _own(self) -> list[Module]:
        """The modules that the firmware was built with."""
        folder = self._firmware.build_dir
        return [
            Module(file.stem, folder / f"{file.stem}_stripped.so", file)
            for file in sorted((folder / "hotreload").glob("*.so"))
            if (folder / f"{file.stem}_stripped.so").exists()
        ]


def decode_backtraces(console: str, elf: Path, addr2line: Path) -> str:
    """The call stacks of all panics on a console, a function a line; empty if there is none."""
    stacks = filter(None, (backtrace(line) for line in console.splitlines()))
    return "\n\n".join(
        "\n".join(
            f"{frame.pc:#010x}: {frame.function} at {frame.file}:{frame.line}"
            for frame in _decoded(addr2line, elf, stack)
        )
        for stack in stacks
    )


def blamed(frames: Sequence[Frame]) -> list[Frame]:
    """A stack without what only leads to the panic."""
    for index, frame in enumerate(frames):
        if frame.function not in MACHINERY:
            return list(frames[index:])
    return list(frames)


def told(frames: Sequence[Frame], limit: int = 12) -> list[str]:
    """A line for each function of a stack."""
    width = max((len(frame.function) for frame in frames[:limit]), default=0)
    lines = [
        f"{frame.pc:#010x} {frame.function:{width}} "
        f"{_short(frame.file)}:{frame.line}{frame.of_module}"
        for frame in frames[:limit]
    ]
    if len(frames) > limit:
        lines.append(f"and {len(frames) - limit} more")
    return lines


def _short(file: str) -> str:
    """A source file from the folder of the component on, wherever that lies."""
    parts = Path(file).parts
    for top in ("component", "scenarios", "harness", "examples", "components"):
        if top in parts:
            return str(Path(*parts[parts.index(top) :]))
    return Path(file).name or "??"


def _holder(loads: Sequence[Loaded], address: int) -> Loaded | None:
    return next(
        (load for load in loads if load.address <= address < load.address + load.size), None
    )


def _loaded(elf: Path) -> list[tuple[int, int, int]]:
    """Link address, size and size in the file of what a device loads of a module."""
    with elf.open("rb") as file:
        return sorted(
            (segment["p_vaddr"], segment["p_memsz"], segment["p_filesz"])
            for segment in ELFFile(file).iter_segments(type="PT_LOAD")
            if segment["p_memsz"]
        )


def _symbol(elf: Path, address: int) -> str | None:
    return symbols_of(elf, elf.stat().st_mtime_ns).name(address)


def _decoded(addr2line: Path, elf: Path, addresses: Sequence[int]) -> list[Frame]:
    if not addresses:
        return []
    result = subprocess.run(
        [str(addr2line), "-fiaC", "-e", str(elf), *map(hex, addresses)],
        capture_output=True,
        text=True,
    )
    lines = result.stdout.splitlines()
    if result.returncode != 0 or not lines:
        return [Frame(address, f"{address:#x}") for address in addresses]
    frames = []
    pc = 0
    while lines:
        line = lines.pop(0)
        if line.startswith("0x"):
            pc = int(line, 16)
            continue
        place = _PLACE.match(lines.pop(0)) if lines else None
        known = place is not None and place[1] != "??"
        number = int(place[2]) if place is not None and place[2].isdigit() else 0
        function = line if line != "??" else (_symbol(elf, pc) or f"{pc:#x}")
        frames.append(Frame(pc, function, place[1] if known and place else "", number))
    return frames
