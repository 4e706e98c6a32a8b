"""What a run of the benchmarks has measured, and its JSON; `README.md` describes that."""

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SCHEMA = 1


@dataclass(frozen=True)
class Spread:
    """The middle of the rounds, the least and the most."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(statistics.median(values), min(values), max(values))


@dataclass
class Row:
    """One case: the rounds of each way; `size` in units of the comparison."""

    case: str
    size: int | None
    ways: dict[str, list[float]] = field(default_factory=dict)

    def spread(self, way: str) -> Spread:
        return Spread.of(self.ways[way])

    def ratio(self, way: str) -> float | None:
        """How many times as much as the last way, which the others are compared with."""
        base = self.spread([*self.ways][-1]).median
        return self.spread(way).median / base if base else None


@dataclass
class Comparison:
    """Ways to do the same, measured in turns in one run.

    `unit` is that of the values, less is better; `size` names what cases have so many of.
    """

    benchmark: str
    title: str
    unit: str
    size: str | None = None
    rows: list[Row] = field(default_factory=list)

    def add(self, case: str, way: str, value: float, size: int | None = None) -> None:
        """The value of one more round."""
        for row in self.rows:
            if (row.case, row.size) == (case, size):
                break
        else:
            row = Row(case, size)
            self.rows.append(row)
        row.ways.setdefault(way, []).append(value)


@dataclass(frozen=True)
class Run:
    """Where and when, and all comparisons."""

    lane: str
    rounds: int
    comparisons: Sequence[Comparison]

    def to_json(self, root: Path) -> str:
        return json.dumps(
            {
                "schema": SCHEMA,
                "time": datetime.now(UTC).isoformat(timespec="seconds"),
                "commit": _git(root, "rev-parse", "HEAD"),
                "changed": bool(_git(root, "status", "--porcelain")),
                "lane": self.lane,
                "rounds": self.rounds,
                "machine": {
                    "cores": os.cpu_count(),
                    "system": platform.platform(),
                    "load": os.getloadavg()[0],
                },
                "comparisons": [_comparison(one) for one in self.comparisons],
            },
            indent=2,
        )


def _comparison(one: Comparison) -> dict[str, Any]:
    return {
        "benchmark": one.benchmark,
        "title": one.title,
        "unit": one.unit,
        "size": one.size,
        "rows": [
            {
                "case": row.case,
                "size": row.size,
                "ways": {
                    way: {**vars(row.spread(way)), "values": values}
                    for way, values in row.ways.items()
                },
            }
            for row in one.rows
        ],
    }


def _git(root: Path, *arguments: str) -> str | None:
    """What git says; None where there is no clone."""
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None
