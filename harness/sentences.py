"""Comparisons that failed, as a reader can take them in: columns, words of memory, names."""

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, is_dataclass
from itertools import zip_longest

#: numbers from here on are shown in hexadecimal, too
LARGE = 0x10000
WORD = 1 << 32
#: how wide a column may be
WIDEST = 60

Name = Callable[[int], str | None]


def compare(left: object, right: object, name: Name = lambda address: None) -> list[str] | None:
    """The lines that explain `left == right`, None where pytest's own do."""
    if isinstance(left, bool) or isinstance(right, bool):
        return None
    if isinstance(left, int) and isinstance(right, int):
        if max(abs(left), abs(right)) < LARGE:
            return None
        return [f"{in_words(left, name)} == {in_words(right, name)}"]
    if _is_list(left) and _is_list(right):
        return columns(left, right, name)  # type: ignore[arg-type]
    return None


def in_words(number: int, name: Name = lambda address: None) -> str:
    """A number as it may be meant: as a word of memory, as its characters, as an address."""
    if not LARGE <= number < WORD:
        return str(number)
    told = [f"{number:#010x}"]
    text = number.to_bytes(4, "little")
    if all(0x20 <= character < 0x7F for character in text):
        told.append(repr(text.decode()))
    symbol = name(number)
    if symbol:
        told.append(symbol)
    return f"{int(number)} ({', '.join(told)})"


def columns(got: Sequence[object], wanted: Sequence[object], name: Name) -> list[str]:
    """Two sequences side by side; a mark where they differ."""
    pairs = list(zip_longest(_rows(got, name), _rows(wanted, name), fillvalue=""))
    width = min(max((len(row) for row, _ in pairs), default=0), WIDEST)
    width = max(width, len("got"))
    lines = [f"{len(got)} entries, {len(wanted)} expected", f"     {'got':{width}}  expected"]
    for number, (row, other) in enumerate(pairs):
        mark = " " if row == other else ">"
        lines.append(f"{mark} {number:2} {row:{width}}  {other}".rstrip())
    return lines


def nearest(wrong: str, known: Iterable[str]) -> str:
    """What to say behind a name that nobody knows."""
    names = sorted(known)
    found = difflib.get_close_matches(wrong, names, n=1)
    return f": did you mean {found[0]!r}?" if found else f": there are {', '.join(names[:20])}"


def _is_list(value: object) -> bool:
    """A list whose entries each fit on a line, of which there are some."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(is_dataclass(entry) or isinstance(entry, (tuple, str, int)) for entry in value)
    )


def _rows(entries: Sequence[object], name: Name) -> list[str]:
    return [_row(entry, name) for entry in entries]


def _row(entry: object, name: Name) -> str:
    if is_dataclass(entry) and not isinstance(entry, type):
        entry = tuple(getattr(entry, field.name) for field in fields(entry))
    if isinstance(entry, tuple):
        return " ".join(_cell(value, name) for value in entry)
    return _cell(entry, name)


def _cell(value: object, name: Name) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and LARGE <= value < WORD:
        return name(value) or f"{value:#010x}"
    return str(value)
