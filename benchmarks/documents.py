"""The tables of the component's README that have kept figures in them."""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from hotreload_size import ALL, Size, table

README = Path(__file__).resolve().parents[1] / "component" / "hotreload" / "README.md"
#: each of these topics is a row: `| a relocation in data | 49 instructions |`
ROWS = (
    "a relocation in data",
    "a relocation in text",
    "a relocation of an address of the firmware",
    "a relocation with a symbol",
    "a static relocation",
    "a function that the firmware calls",
    "a function with a name of 32 characters",
    "a function with a name of 64 characters",
    "a byte of text",
    "a byte of data",
    "a byte of the ELF when it is loaded from flash",
    "a byte of the ELF when it is loaded from flash and confirmed",
)
SIZES = "size"

Figures = Mapping[str, Mapping[str, float]]


def with_figures(text: str, figures: Figures) -> str:
    """The document with these figures in its tables."""
    for row in ROWS:
        cell = f"| {row} | {_short(figures[row]['instructions'])} instructions |"
        text = _replace(rf"^\| {row} \| [\d.]+ instructions \|$", cell, text)
    return _replace(r"^\| part \| code \|.*?\n(?=\n)", size_table(figures[SIZES]), text)


def size_table(figures: Mapping[str, float]) -> str:
    """As `hotreload_size.py` prints it."""
    parts: dict[str, dict[str, int]] = defaultdict(dict)
    for name, value in figures.items():
        part, _, column = name.partition("/")
        parts[part][column] = round(value)
    parts.pop(ALL)  # the table adds up
    sizes = {part: _size(columns) for part, columns in parts.items()}
    short = {part: Size(code=columns["flash, short"]) for part, columns in parts.items()}
    return table(sizes, short)


def _size(columns: Mapping[str, int]) -> Size:
    data = columns["flash"] - columns["code"] - columns["constants"]
    return Size(columns["code"], columns["constants"], data, columns["RAM"] - data)


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def _replace(pattern: str, by: str, text: str) -> str:
    replaced, count = re.subn(pattern, lambda _: by, text, flags=re.MULTILINE | re.DOTALL)
    if count != 1:
        raise LookupError(f"{README}: {count} places instead of one for {by.splitlines()[0]}")
    return replaced
