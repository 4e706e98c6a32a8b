"""Comparisons that failed, as a reader can take them in: columns, words of memory, names."""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from itertools import zip_longest

#: numbers from here on are shown in hexadecimal, too
LARGE = 0x10000
WORD = 1 << 32
#: how wide a column may be
WIDEST = 60

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{5,8}")

Name = Callable[[int], str | None]


def compare(
    left: object, right: object, name: Name = lambda address: None, op: str = "=="
) -> list[str] | None:
    """The lines that explain `left op right`, None where pytest's own do."""
    if isinstance(left, bool) or isinstance(right, bool):
        return None
    if isinstance(left, int) and isinstance(right, int):
        if max(abs(left), abs(right)) < LARGE:
            return None
        return [f"{in_words(left, name)} {op} {in_words(right, name)}"]
    if op != "==":
        return None
    if _is_list(left) and _is_list(right):
        return columns(left, right, name)  # type: ignore[arg-type]
    if _is_structure(left) and _is_structure(right):
        return structures(left, right, name)
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
    wrong = [number for number, (row, other) in enumerate(pairs) if row != other]
    headline = f"{len(wrong)} of {len(pairs)} entries differ"
    if wrong:
        row, other = pairs[wrong[0]]
        headline += f", first entry {wrong[0]}: {row or 'none'}, not {other or 'none'}"
    lines = [headline, f"     {'got':{width}}  expected"]
    for number, (row, other) in enumerate(pairs):
        mark = " " if row == other else ">"
        lines.append(f"{mark} {number:2} {row:{width}}  {other}".rstrip())
    return lines


def structures(got: object, wanted: object, name: Name) -> list[str]:
    """The fields of two structures that differ, also of those within them."""
    have, want = dict(_leaves(got)), dict(_leaves(wanted))
    every = list(dict.fromkeys([*want, *have]))
    absent = object()
    rows = [
        (field, *("-" if value is absent else _value(value, name) for value in pair))
        for field in every
        if (pair := (have.get(field, absent), want.get(field, absent)))[0] != pair[1]
    ]
    wide = [max(len(cells[i]) for cells in [("", "got"), *rows]) for i in (0, 1)]
    told = [("", "got", "expected"), *rows]
    lines = [f"  {f:{wide[0]}}  {a:{wide[1]}}  {b}".rstrip() for f, a, b in told]
    headline = f"{len(rows)} of {len(every)} fields differ"
    if rows:
        field, row, other = rows[0]
        headline += f", first {field}: {row}, not {other}"
    return [headline, *lines]


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


def _is_structure(value: object) -> bool:
    """A value of named fields."""
    return (is_dataclass(value) and not isinstance(value, type)) or isinstance(value, dict)


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """The fields of a structure that are none themselves, such as `slots[0].state`."""
    if is_dataclass(value) and not isinstance(value, type):
        parts = [(f".{field.name}", getattr(value, field.name)) for field in fields(value)]
    elif isinstance(value, dict):
        parts = [(f".{key}", entry) for key, entry in value.items()]
    elif isinstance(value, (list, tuple)):
        parts = [(f"[{index}]", entry) for index, entry in enumerate(value)]
    else:
        parts = []
    if path and not parts:
        yield path.removeprefix("."), value
    for step, part in parts:
        yield from _leaves(part, path + step)


def _value(value: object, name: Name) -> str:
    """A value as it is written, an address with what is there."""
    number = value if isinstance(value, int) else None
    if isinstance(value, str) and _ADDRESS.fullmatch(value):
        number = int(value, 16)
    if isinstance(value, bool) or number is None or not LARGE <= number < WORD:
        return repr(value)
    symbol = name(number)
    return f"{number:#010x}" + (f" ({symbol})" if symbol else "")


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
