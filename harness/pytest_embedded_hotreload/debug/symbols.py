"""Runs inside gdb: the symbols of the modules that the device has in memory, whenever that changes.

`hotreload-follow FILE` reads which modules there may be from FILE: on each line the module that
the device gets and, behind a tab, the same with its symbols. Where modules lie is in a list of the
component, which is read when a module has been placed and when one is about to be freed. Which
file it is, of those with the same segments, tell the bytes.
"""

from __future__ import annotations

import struct
from pathlib import Path

import gdb  # type: ignore[import-untyped]

PT_LOAD = 1
SHF_ALLOC = 2
#: more than there can be: the list of a device that has not started yet is no list
MODULES_MAX = 64


class Elf:
    """What of a 32-bit little-endian ELF says where its parts go."""

    def __init__(self, path: str) -> None:
        data = Path(path).read_bytes()
        phoff, shoff = struct.unpack_from("<II", data, 28)
        phentsize, phnum, shentsize, shnum, shstrndx = struct.unpack_from("<HHHHH", data, 42)
        headers = [struct.unpack_from("<8I", data, phoff + i * phentsize) for i in range(phnum)]
        #: link address, size in memory, bytes of the file
        self.segments = sorted(
            (vaddr, memsz, data[offset : offset + filesz])
            for kind, offset, vaddr, _, filesz, memsz, _, _ in headers
            if kind == PT_LOAD and memsz
        )
        sections = [struct.unpack_from("<6I", data, shoff + i * shentsize) for i in range(shnum)]
        names = sections[shstrndx][4] if sections else 0
        #: name and link address of what is in memory
        self.sections = [
            (data[names + name : data.index(0, names + name)].decode(), address)
            for name, _, flags, address, _, size in sections
            if flags & SHF_ALLOC and size
        ]


class Symbols:
    """The symbol files that gdb has beside the firmware's."""

    def __init__(self, modules: str) -> None:
        self._modules = modules
        self._known: dict[tuple[int, int], int] = {}

    def follow(self, leaving: int = 0) -> None:
        """Have those of the modules that are in memory, but not of number `leaving`."""
        found = {key: s for key, s in placed_modules().items() if key[0] != leaving}
        for key in [key for key in self._known if key not in found]:
            address = self._known.pop(key)
            gdb.execute(f"remove-symbol-file -a {address:#x}", to_string=True)
        for key, segments in found.items():
            if key not in self._known:
                self._add(key, segments)

    def _add(self, key: tuple[int, int], segments: list[tuple[int, int, int]]) -> None:
        chosen = self._choose(segments)
        if chosen is None:
            gdb.write(f"module {key[0]}: none of {self._modules} has its segments\n")
            return
        unstripped = Elf(chosen)
        places = {
            name: address - link + run
            for name, address in unstripped.sections
            for link, size, run in segments
            if link <= address < link + size
        }
        options = " ".join(f"-s {name} {address:#x}" for name, address in places.items())
        gdb.execute(f'add-symbol-file "{chosen}" {options}', to_string=True)
        self._known[key] = key[1]
        gdb.write(f"module {key[0]} at {key[1]:#x}: {chosen}\n")

    def _choose(self, segments: list[tuple[int, int, int]]) -> str | None:
        """The unstripped file of the module that is most like what is in memory."""
        wanted = sorted((link, size) for link, size, _ in segments)
        fitting = []
        for line in Path(self._modules).read_text().splitlines():
            stripped, unstripped = line.split("\t")
            elf = Elf(stripped)
            if [(link, size) for link, size, _ in elf.segments] == wanted:
                fitting.append((elf, unstripped))
        if len(fitting) < 2:
            return fitting[0][1] if fitting else None
        return max(fitting, key=lambda one: likeness(one[0], segments))[1]


def likeness(elf: Elf, segments: list[tuple[int, int, int]]) -> int:
    """How many bytes are as in the file; relocated words differ for each file."""
    same = 0
    for (_, _, expected), (_, _, run) in zip(elf.segments, sorted(segments)):  # noqa: B905
        found = bytes(gdb.selected_inferior().read_memory(run, len(expected)))
        same += sum(a == b for a, b in zip(expected, found))  # noqa: B905
    return same


def placed_modules() -> dict[tuple[int, int], list[tuple[int, int, int]]]:
    """Link address, size and run address of the segments of each module in memory.

    By the number of the module, and where its first segment runs.
    """
    modules = {}
    try:
        module = gdb.parse_and_eval("'hr_module.c'::placed")
        for _ in range(MODULES_MAX):
            if not int(module):
                break
            placement = module["placement"]
            segments = [
                (int(segment["link"]), int(segment["size"]), int(segment["run"]))
                for segment in (placement["segments"][i] for i in range(int(placement["count"])))
            ]
            modules[int(module["number"]), segments[0][2]] = segments
            module = module["next_placed"]
    except gdb.error:  # the firmware has no component, or has not started
        return {}
    return modules


class Placing(gdb.Breakpoint):  # type: ignore[misc]
    """Where a module has been placed, and nothing of it has run."""

    def __init__(self, symbols: Symbols) -> None:
        super().__init__("hr_event_staged", internal=True)
        self.silent = True
        self._symbols = symbols

    def stop(self) -> bool:
        self._symbols.follow()
        return False


class Freeing(gdb.Breakpoint):  # type: ignore[misc]
    """Where the memory of a module is about to be given back."""

    def __init__(self, symbols: Symbols) -> None:
        super().__init__("hr_module_free", internal=True)
        self.silent = True
        self._symbols = symbols

    def stop(self) -> bool:
        self._symbols.follow(leaving=int(gdb.parse_and_eval("module")["number"]))
        return False


class Follow(gdb.Command):  # type: ignore[misc]
    """Have the symbols of the modules in memory: hotreload-follow FILE."""

    def __init__(self) -> None:
        super().__init__("hotreload-follow", gdb.COMMAND_FILES)

    def invoke(self, argument: str, from_tty: bool) -> None:
        symbols = Symbols(argument)
        symbols.follow()
        Placing(symbols)
        Freeing(symbols)


class Leave(gdb.Command):  # type: ignore[misc]
    """Let the device go on without gdb: hotreload-leave."""

    def __init__(self) -> None:
        super().__init__("hotreload-leave", gdb.COMMAND_RUNNING)

    def invoke(self, argument: str, from_tty: bool) -> None:
        if gdb.selected_inferior().pid:
            gdb.execute("detach", to_string=True)


Follow()
Leave()
