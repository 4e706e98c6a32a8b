#!/usr/bin/env python3
"""How much flash and RAM the hotreload component takes in a firmware, by part.

    hotreload_size.py build/basic.map [SHORT.map]

reads the linker's map. With a second one, of the same firmware without CONFIG_HOTRELOAD_MESSAGES,
the table has its flash as well. Needs Python 3.8 and nothing else.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

SOURCES = Path(__file__).resolve().parents[1] / "src"
START = "Linker script and memory map"
#: an input section of the component's library: name, address, size, and the object that it is of
SECTION = re.compile(
    r"^ (\.\S+|COMMON)\s+0x[0-9a-f]+\s+0x([0-9a-f]+) \S*hotreload\.a\((\S+?)\.obj\)$",
    re.MULTILINE,
)
ALL = "all"
KINDS = {
    "code": (".text", ".literal", ".iram"),
    "constants": (".rodata",),
    "data": (".data", ".sdata", ".dram"),
    "zeroed": (".bss", ".sbss", "COMMON", ".noinit", ".rtc_noinit"),
}


class Size(NamedTuple):
    """Bytes in the firmware."""

    code: int = 0
    constants: int = 0
    data: int = 0
    zeroed: int = 0  # also what is not initialized

    @property
    def flash(self) -> int:
        return self.code + self.constants + self.data

    @property
    def ram(self) -> int:
        return self.data + self.zeroed


def read_sizes(linker_map: str) -> dict[str, Size]:
    """The size of each folder of src/, and of sources that lie in none."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for name, size, source in SECTION.findall(linker_map[linker_map.find(START) :]):
        for kind, prefixes in KINDS.items():
            if name.startswith(prefixes):
                counts[part_of(source)][kind] += int(size, 16)
    return {part: Size(**counts[part]) for part in sorted(counts)}


def part_of(source: str) -> str:
    """The folder of src/ that has a source of this name."""
    for path in SOURCES.rglob(source):
        folder = path.relative_to(SOURCES).parts[0]
        return folder if folder != source else source
    return source


def total(sizes: dict[str, Size]) -> Size:
    return Size(*(sum(getattr(size, kind) for size in sizes.values()) for kind in Size._fields))


def table(sizes: dict[str, Size], short: dict[str, Size] | None = None) -> str:
    """In Markdown, as README.md of the component has it."""
    heads = ["part", "code", "constants", "flash", "RAM"]
    rows = {part: _cells(size) for part, size in {**sizes, ALL: total(sizes)}.items()}
    if short is not None:
        heads.append("flash with short messages")
        others = {**short, ALL: total(short)}
        for part, row in rows.items():
            row.append(str(others.get(part, Size()).flash))
    lines = [[part if part == ALL else f"`{part}`", *row] for part, row in rows.items()]
    head, *body = (f"| {' | '.join(line)} |\n" for line in (heads, *lines))
    return head + "|---" + "|---:" * (len(heads) - 1) + "|\n" + "".join(body)


def _cells(size: Size) -> list[str]:
    return [str(number) for number in (size.code, size.constants, size.flash, size.ram)]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("map", type=Path, help="of the firmware, in its build directory")
    parser.add_argument("short", type=Path, nargs="?", help="of the same with short messages")
    args = parser.parse_args(arguments)
    found = []
    for path in filter(None, (args.map, args.short)):
        try:
            sizes = read_sizes(path.read_text(encoding="utf-8", errors="replace"))
        except OSError as error:
            print(f"hotreload: error: cannot read {path}: {error.strerror}", file=sys.stderr)
            return 1
        if not sizes:
            print(f"hotreload: error: {path} has nothing of the component", file=sys.stderr)
            return 1
        found.append(sizes)
    sys.stdout.write(table(*found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
