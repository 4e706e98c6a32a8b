"""What another module changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from pytest_embedded_hotreload.cli.elf.normal import Group, Item, Items


@dataclass(frozen=True)
class Change:
    """Of one function or variable; sizes in bytes, None where it is not there.

    `values` are the initial ones of a variable, in hexadecimal digits as they lie in memory.
    """

    kind: str  # "function", "variable"
    name: str
    source: str
    how: str  # "added", "removed", "code", "size", "value"
    sizes: tuple[int | None, int | None]
    values: tuple[str | None, str | None] = (None, None)


def changes(old: Items, new: Items) -> list[Change]:
    """All of them, by kind and name."""
    functions = _changes("function", old.functions, new.functions)
    return [*functions, *_changes("variable", old.variables, new.variables)]


def _changes(kind: str, old: Group, new: Group) -> Iterator[Change]:
    for key in sorted(old.keys() | new.keys()):
        for before, after in _paired(old.get(key, []), new.get(key, [])):
            values = (_digits(before), _digits(after)) if kind == "variable" else (None, None)
            sizes = (before.size if before else None, after.size if after else None)
            yield Change(kind, *key, _how(kind, before, after), sizes, values)


def _paired(old: list[Item], new: list[Item]) -> Iterator[tuple[Item | None, Item | None]]:
    """Of one name, those that have not got an equal one on the other side."""
    rest = list(new)
    left = []
    for item in old:
        equal = next((other for other in rest if other.content == item.content), None)
        if equal is None:
            left.append(item)
        else:
            rest.remove(equal)
    return zip_longest(left, rest)


def _how(kind: str, before: Item | None, after: Item | None) -> str:
    if before is None:
        return "added"
    if after is None:
        return "removed"
    if kind == "function":
        return "code"
    return "value" if before.size == after.size else "size"


def _digits(item: Item | None) -> str | None:
    return item.value.hex() if item is not None else None
