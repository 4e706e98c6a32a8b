"""Where two sides that share functions, variables and types disagree on them.

A struct that two functions share is told once, and a struct that only holds one that differs is not
told at all: its own members are as they were.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pytest_embedded_hotreload.cli.elf.dwarf import Debug, Entry, stripped
from pytest_embedded_hotreload.cli.elf.types import (
    KEYWORDS,
    REFERENCES,
    Declaration,
    Member,
    declared,
    dimensions,
    enumerators,
    function_declaration,
    is_variadic,
    members,
    parameters,
    record_declaration,
    variable_declaration,
)


@dataclass(frozen=True)
class Difference:
    """One thing that the sides disagree on; `reached` are the functions and variables that use it.

    `details` are sentences about what differs, in which "module" and "firmware" are the sides.
    """

    kind: str  # "function", "variable", "struct", "union", "enum"
    name: str
    details: tuple[str, ...]
    module: Declaration
    firmware: Declaration
    reached: tuple[str, ...] = ()


@dataclass
class Comparison:
    """Of a module with its firmware."""

    module: Debug
    firmware: Debug
    _found: dict[tuple[str, str], Difference] = field(default_factory=dict)
    _queue: deque[tuple[Entry, Entry, str]] = field(default_factory=deque)
    _seen: set[tuple[int, int, str]] = field(default_factory=set)
    _users: dict[str, dict[str, None]] = field(default_factory=dict)  # in the order they came
    _user: str = ""  # the function or variable that is looked at

    @property
    def differences(self) -> list[Difference]:
        """What was found so far."""
        return [
            replace(found, reached=tuple(self._users.get(found.name, ())))
            for found in self._found.values()
        ]

    def functions(self, ours: dict[str, list[Entry]], theirs: dict[str, list[Entry]]) -> None:
        """Compare all that both sides say of the same functions."""
        for name, our, their in _pairs(ours, theirs):
            self._user = name
            details = tuple(self._signature(our, their))
            if details:
                sides = function_declaration(our), function_declaration(their)
                self._tell("function", our.name or name, details, *sides)

    def variables(self, ours: dict[str, list[Entry]], theirs: dict[str, list[Entry]]) -> None:
        """Compare variables that both sides declare."""
        for name, our, their in _pairs(ours, theirs):
            self._user = name
            if not self._same(our.type, their.type):
                details = (f"it is {_both(our.type, their.type)}",)
                sides = variable_declaration(our), variable_declaration(their)
                self._tell("variable", our.name or name, details, *sides)

    def records(self) -> None:
        """Compare the types that have been met so far, and those of the same name and file."""
        self._settle()
        ours = self.module.records()
        theirs = self.firmware.records(ours)
        for name, entries in ours.items():
            for our in entries:
                for their in theirs.get(name, ()):
                    if our.tag == their.tag and _file_name(our) == _file_name(their):
                        self._queue.append((our, their, ""))
        self._settle()

    def _settle(self) -> None:
        while self._queue:
            our, their, self._user = self._queue.popleft()
            met = our.key, their.key, self._user
            if met in self._seen:
                continue
            self._seen.add(met)
            details = tuple(self._layout(our, their))
            if details:
                sides = record_declaration(our), record_declaration(their)
                self._tell(KEYWORDS[our.tag], our.name, details, *sides)

    def _tell(self, kind: str, name: str, details: tuple[str, ...], *sides: Declaration) -> None:
        self._found.setdefault((kind, name), Difference(kind, name, details, sides[0], sides[1]))

    def _signature(self, our: Entry, their: Entry) -> Iterator[str]:
        if not self._same(our.type, their.type):
            yield f"the result is {_both(our.type, their.type)}"
        if not our.prototyped or not their.prototyped:
            return  # of C: nobody has said what it takes
        mine, others = parameters(our), parameters(their)
        if len(mine) != len(others):
            yield f"it takes {len(mine)} arguments in the module, {len(others)} in the firmware"
        else:
            for number, (a, b) in enumerate(zip(mine, others, strict=True), 1):
                if not self._same(a, b):
                    yield f"argument {number} is {_both(a, b)}"
        if is_variadic(our) != is_variadic(their):
            side = "module" if is_variadic(our) else "firmware"
            yield f"it takes further arguments in the {side} only"

    def _layout(self, our: Entry, their: Entry) -> Iterator[str]:
        if our.tag == "enumeration_type":
            yield from _values(our, their)
        else:
            yield from self._members(our, their)

    def _members(self, our: Entry, their: Entry) -> Iterator[str]:
        mine = {member.name: member for member in members(our)}
        others = {member.name: member for member in members(their)}
        details = [
            *(f"member '{name}' is in the module only" for name in mine if name not in others),
            *(f"member '{name}' is in the firmware only" for name in others if name not in mine),
        ]
        order = [name for name in mine if name in others]
        theirs = [name for name in others if name in mine]
        if our.tag != "union_type" and order != theirs:
            mine_first, theirs_first = ", ".join(order), ", ".join(theirs)
            details.append(
                f"the order is {mine_first} in the module, {theirs_first} in the firmware"
            )
        explained = False  # what is embedded has another size, which is told of that
        for name in order:
            a, b = mine[name], others[name]
            if not self._same(a.type, b.type):
                details.append(f"member '{name}' is {_both(a.type, b.type)}")
            elif a.bits != b.bits:
                details.append(
                    f"member '{name}' has {_width(a)} in the module, {_width(b)} in the firmware"
                )
            explained = explained or _size(a.type) != _size(b.type)
        if not details and not explained:
            details = list(_offsets(our, their, [(mine[name], others[name]) for name in order]))
        yield from details

    def _same(self, our: Entry | None, their: Entry | None) -> bool:
        """Whether two types are the same; the layout of structs is compared later."""
        our, their = stripped(our), stripped(their)
        if our is None or their is None:
            return our is their
        if our.tag != their.tag:
            return False
        if our.tag in REFERENCES:
            return self._same(our.type, their.type)
        if our.tag == "array_type":
            lengths = zip(dimensions(our), dimensions(their), strict=False)
            return (
                len(dimensions(our)) == len(dimensions(their))
                and all(a == b or None in (a, b) for a, b in lengths)
                and self._same(our.type, their.type)
            )
        if our.tag == "subroutine_type":
            return not list(self._signature(our, their))
        if our.tag in KEYWORDS:
            return self._same_record(our, their)
        if our.tag == "base_type":
            return all(
                our.number(attribute) == their.number(attribute)
                for attribute in ("DW_AT_byte_size", "DW_AT_encoding")
            )
        return our.name == their.name

    def _same_record(self, our: Entry, their: Entry) -> bool:
        if our.name != their.name:
            return False
        if not our.name:
            return not list(self._layout(our, their))
        if self._user:
            self._users.setdefault(our.name, {})[self._user] = None
        a, b = _complete(our, self.module), _complete(their, self.firmware)
        if a is not None and b is not None:
            self._queue.append((a, b, self._user))
        return True


def _pairs(
    ours: dict[str, list[Entry]], theirs: dict[str, list[Entry]]
) -> Iterator[tuple[str, Entry, Entry]]:
    """Definitions come first: they are what is shown."""
    for name in sorted(ours):
        for our in sorted(ours[name], key=lambda entry: entry.declaration):
            for their in sorted(theirs.get(name, ()), key=lambda entry: entry.declaration):
                yield name, our, their


def _complete(record: Entry, debug: Debug) -> Entry | None:
    """The type itself where an entry says only that there is one; None: it is nowhere complete."""
    if not record.declaration:
        return record
    found = debug.records([record.name]).get(record.name, [])
    return next((entry for entry in found if entry.tag == record.tag), None)


def _values(our: Entry, their: Entry) -> Iterator[str]:
    mine, others = enumerators(our), enumerators(their)
    for name in mine:
        if name not in others:
            yield f"{name} is in the module only"
        elif mine[name] != others[name]:
            yield f"{name} is {mine[name]} in the module, {others[name]} in the firmware"
    yield from (f"{name} is in the firmware only" for name in others if name not in mine)
    sizes = our.number("DW_AT_byte_size"), their.number("DW_AT_byte_size")
    if sizes[0] != sizes[1]:
        yield f"it has {sizes[0]} bytes in the module, {sizes[1]} in the firmware"


def _offsets(our: Entry, their: Entry, pairs: list[tuple[Member, Member]]) -> Iterator[str]:
    """Of the same members; another size is told where no place explains it."""
    moved = False
    for a, b in pairs:
        if a.bit != b.bit:
            moved = True
            yield f"member '{a.name}' is at bit {a.bit} in the module, {b.bit} in the firmware"
        elif a.bit is None and a.offset != b.offset:
            moved = True
            yield (
                f"member '{a.name}' is at byte {a.offset} in the module, {b.offset} in the firmware"
            )
    sizes = our.number("DW_AT_byte_size"), their.number("DW_AT_byte_size")
    if not moved and sizes[0] != sizes[1]:
        yield f"it has {sizes[0]} bytes in the module, {sizes[1]} in the firmware"


def _both(our: Entry | None, their: Entry | None) -> str:
    """Both types; what hides behind equal names is told as well."""
    texts = declared(our), declared(their)
    if texts[0] == texts[1]:
        texts = (
            f"{texts[0]} ({_resolved(our)})",
            f"{texts[1]} ({_resolved(their)})",
        )
    return f"{texts[0]} in the module, {texts[1]} in the firmware"


def _resolved(kind: Entry | None) -> str:
    """Through pointers and arrays, too."""
    bare = stripped(kind)
    if bare is not None and bare.tag in (*REFERENCES, "array_type"):
        return declared(bare).replace(declared(bare.type), _resolved(bare.type), 1)
    text = declared(bare)
    size = bare.number("DW_AT_byte_size") if bare is not None else None
    return f"{text} of {size} bytes" if size is not None else text


def _width(member: Member) -> str:
    return "all of its bits" if member.bits is None else f"{member.bits} bits"


def _size(kind: Entry | None) -> int | None:
    """Bytes of what is embedded by a type."""
    bare = stripped(kind)
    if bare is None:
        return None
    if bare.tag != "array_type":
        return bare.number("DW_AT_byte_size")
    size = _size(bare.type)
    for length in dimensions(bare):
        size = None if size is None or length is None else size * length
    return size


def _file_name(entry: Entry) -> str:
    return os.path.basename(entry.place[0])  # noqa: PTH119 - perhaps a path of another system
