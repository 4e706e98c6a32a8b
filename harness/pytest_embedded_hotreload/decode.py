"""Names for the addresses of a device: those of its firmware, and of every module it has loaded.

Where a module lies says the trace; which file was loaded there is found among what the test has
built and sent, by the size of its segments. Modules that were replaced keep their names until
something else is placed over them.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from elftools.elf.elffile import ELFFile

import hotreload_decode.decoder
from hotreload_decode.console import backtrace
from hotreload_decode.decoder import Load, Segment
from hotreload_decode.symbols import Frame, functions_at, shown
from pytest_embedded_hotreload.console import ConsoleLine
from pytest_embedded_hotreload.firmware import FirmwareBuild
from pytest_embedded_hotreload.modules import Module
from pytest_embedded_hotreload.placement import Placement
from pytest_embedded_hotreload.trace import TraceEvent

#: of the trace, and of what the probe answers
_HEX = re.compile(r"\b(fn|ctx)(?:=|\":\")(0x[0-9a-f]{6,8})\b")

#: how a panic got to where it was printed; the reader wants to know who called these
MACHINERY = frozenset(
    {
        *("panic_abort", "esp_system_abort", "abort", "__assert_func", "xt_panic"),
        *("_esp_error_check_failed", "vApplicationStackOverflowHook", "__stack_chk_fail"),
    }
)


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
        self._names = hotreload_decode.decoder.Decoder(firmware.elf, firmware.addr2line)
        self._events = events
        self._built = built
        self._sent = sent

    def frames(self, addresses: Iterable[int], at: float | None = None) -> list[Frame]:
        """The functions at addresses, with those that were inlined there; as it was `at` then."""
        return self._names.frames(addresses, self.loads(at))

    def name(self, address: int, at: float | None = None) -> str | None:
        """The function or object at an address."""
        return self._names.name(address, self.loads(at))

    def backtraces(self, lines: Iterable[ConsoleLine]) -> str:
        """The call stacks of all panics on its console, a function a line; each as it was then."""
        stacks = ((backtrace(line.text), line.at) for line in lines)
        return _listed(self.frames(stack, at) for stack, at in stacks if stack)

    def annotate(self, line: str, at: float | None = None) -> str:
        """A line of the trace, or an answer, with the names of the hooks in it."""

        def named(match: re.Match[str]) -> str:
            name = self.name(int(match[2], 16), at)
            return f"{match[0]}({name})" if name else match[0]

        return _HEX.sub(named, line)

    def loads(self, at: float | None = None) -> list[Load]:
        """All that was placed since the device's start, the newest first."""
        events = [event for event in self._events() if at is None or event.at <= at]
        boot = events[-1].boot if events else 0
        placed: dict[int, list[TraceEvent]] = {}
        for event in events:
            if event.boot == boot and event.name == "place":
                placed.setdefault(event.number("module"), []).append(event)
        return [self._load(number, placed[number]) for number in sorted(placed, reverse=True)]

    def in_use(self) -> Load | None:
        """The module that calls reach."""
        events = self._events()
        boot = events[-1].boot if events else 0
        switches = [e.number("module") for e in events if e.boot == boot and e.name == "switch"]
        number = switches[-1] if switches else 0
        return next((load for load in self.loads() if load.number == number), None)

    def _load(self, number: int, placed: Sequence[TraceEvent]) -> Load:
        module = self._module_of(placed)
        segments = tuple(
            Segment(event.number("link"), event.number("addr"), event.number("size"))
            for event in placed
        )
        if module is None:
            return Load(number, segments)
        return Load(number, segments, module.unstripped, module.name)

    def _module_of(self, placed: Sequence[TraceEvent]) -> Module | None:
        """Which of the known modules has these segments: the one that was sent last."""
        fitting = self._fitting(
            (e.number("link"), e.number("size"), e.number("filesz")) for e in placed
        )
        for at, body in reversed(self._sent()):
            if at <= placed[0].at:
                for module in reversed(fitting):
                    if module.data in body:
                        return module
        return fitting[-1] if fitting else None

    def fitting(self, placement: Placement) -> list[Module]:
        """The known modules that can have been placed so, those that were built last at the end."""
        return self._fitting((s.link, s.size, s.file_size) for s in placement.segments)

    def _fitting(self, segments: Iterable[tuple[int, int, int]]) -> list[Module]:
        placed = sorted(segments)
        known = [*self.own_modules(), *self._built()]
        return [module for module in known if _loaded_of(module.path) == placed]

    def own_modules(self) -> list[Module]:
        """The modules that the firmware was built with."""
        folder = self._firmware.build_dir
        return [
            Module(file.stem, folder / f"{file.stem}_stripped.so", file)
            for file in sorted((folder / "hotreload").glob("*.so"))
            if (folder / f"{file.stem}_stripped.so").exists()
        ]


def decode_backtraces(console: str, elf: Path, addr2line: Path) -> str:
    """The call stacks of all panics on a console, a function a line; empty if there is none.

    Those of the firmware alone: what a module is, only the decoder of a device knows.
    """
    stacks = filter(None, (backtrace(line) for line in console.splitlines()))
    return _listed(functions_at(addr2line, elf, stack) for stack in stacks)


def _listed(stacks: Iterable[Sequence[Frame]]) -> str:
    return "\n\n".join("\n".join(map(shown, stack)) for stack in stacks)


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


def _loaded_of(elf: Path) -> list[tuple[int, int, int]]:
    """Link address, size and size in the file of what a device loads of a module."""
    return _loaded(elf, elf.stat().st_mtime_ns)


@lru_cache(maxsize=1024)
def _loaded(elf: Path, changed: int) -> list[tuple[int, int, int]]:
    """The same of a file as it was `changed`."""
    with elf.open("rb") as file:
        return sorted(
            (segment["p_vaddr"], segment["p_memsz"], segment["p_filesz"])
            for segment in ELFFile(file).iter_segments(type="PT_LOAD")
            if segment["p_memsz"]
        )
