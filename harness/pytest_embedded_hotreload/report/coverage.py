"""Which lines of the component and of modules devices have executed, and which not."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

#: of a report, what `Coverage.to_json` gives
COVERAGE_FILE = "coverage.json"

Lines = Iterable[tuple[str, int]]


@dataclass
class Coverage:
    """The lines of source files that have become code, and those of them that were reached."""

    code: dict[str, set[int]] = field(default_factory=dict)
    reached: dict[str, set[int]] = field(default_factory=dict)

    def add(self, code: Lines, reached: Lines) -> "Coverage":
        """Take in lines; what of them is new."""
        return Coverage(_add(self.code, code), _add(self.reached, reached))

    def merge(self, other: "Coverage") -> None:
        """Take in what others have found."""
        self.add(_pairs(other.code), _pairs(other.reached))

    def files(self) -> list["FileCoverage"]:
        """All files in the order of their names."""
        return [
            FileCoverage(name, sorted(lines), self.reached.get(name, set()))
            for name, lines in sorted(self.code.items())
        ]

    def summary(self) -> list[str]:
        """A line for the component, and one for the modules."""
        told = []
        for what, is_component in (("the component", True), ("modules", False)):
            files = [f for f in self.files() if f.name.startswith("component/") == is_component]
            if lines := sum(len(file.code) for file in files):
                reached = sum(len(file.reached) for file in files)
                told.append(f"{reached:,} of {lines:,} lines of {what} ({reached / lines:.1%})")
        return told

    def to_json(self) -> dict[str, Any]:
        """By file: its lines that are code, and those that were not reached."""
        return {file.name: {"code": file.code, "missed": file.missed} for file in self.files()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Coverage":
        """The inverse of `to_json`; raises `KeyError` or `TypeError` when it is none."""
        return cls(
            {name: set(file["code"]) for name, file in values.items()},
            {n: set(file["code"]) - set(file["missed"]) for n, file in values.items()},
        )


@dataclass(frozen=True)
class FileCoverage:
    """One source file."""

    name: str
    code: list[int]
    reached: set[int]

    @property
    def missed(self) -> list[int]:
        """Lines that no device has executed."""
        return [line for line in self.code if line not in self.reached]

    @property
    def ranges(self) -> str:
        """The same in words such as `12-15, 20`; what is no code does not interrupt a range."""
        runs = groupby(self.code, key=lambda line: line in self.reached)
        missed = [list(lines) for is_reached, lines in runs if not is_reached]
        ends = [(lines[0], lines[-1]) for lines in missed]
        return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in ends)


def _pairs(lines: dict[str, set[int]]) -> Lines:
    return ((name, line) for name, of_file in lines.items() for line in of_file)


def _add(known: dict[str, set[int]], lines: Lines) -> dict[str, set[int]]:
    new: dict[str, set[int]] = {}
    for name, line in lines:
        if line not in known.setdefault(name, set()):
            known[name].add(line)
            new.setdefault(name, set()).add(line)
    return new
