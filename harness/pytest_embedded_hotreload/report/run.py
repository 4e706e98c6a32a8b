"""What a run was, and what it measured: enough to put one beside another."""

import datetime
import os
import platform
import re
import shlex
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import pytest

from pytest_embedded_hotreload.keys import LANE
from pytest_embedded_hotreload.report.record import TestRecord
from pytest_embedded_hotreload.report.summary import OUTCOMES, builds, promises

#: groups of measures, with the unit of each
GROUPS = {"times": "s", "sizes": "bytes", "figures": "", "tests": ""}

_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")


@dataclass
class Run:
    """One run; `measures` are by group, see `GROUPS`, and `outcomes` by test."""

    started: str
    seconds: float
    lane: str
    command: str
    commit: str = ""
    seed: str = ""
    host: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    measures: dict[str, dict[str, float]] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)


def describe_run(config: pytest.Config, started: float, records: list[TestRecord]) -> Run:
    """The run that is coming to its end; it `started` then, in seconds since the epoch."""
    lane = config.stash[LANE]
    seconds = time.time() - started
    begun = datetime.datetime.fromtimestamp(started).astimezone()
    seed = config.getoption("randomly_seed", None)
    return Run(
        started=begun.isoformat(" ", "seconds"),
        seconds=seconds,
        lane=lane.name,
        command=shlex.join(["python", "-m", "pytest", *config.invocation_params.args]),
        commit=commit_of(config.rootpath),
        seed="" if seed is None else str(seed),
        host=f"{platform.node()}, {platform.platform()}, {os.cpu_count()} processors",
        versions={
            "Python": platform.python_version(),
            "pytest": version("pytest"),
            "pytest-embedded": version("pytest-embedded"),
            **(lane.versions() if any(record.firmwares for record in records) else {}),
        },
        measures=measures(records, seconds),
        outcomes={record.nodeid: record.outcome for record in records},
    )


def commit_of(folder: Path) -> str:
    """The commit that is checked out, and whether the sources are as it has them."""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty=, changed"]
    command += ["--exclude=*", "--abbrev=12"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return ""
    return answer.stdout.strip()


def measures(records: list[TestRecord], seconds: float) -> dict[str, dict[str, float]]:
    """All numbers of a run, by group and name."""
    counts = Counter(record.outcome for record in records)
    times = {"whole run": seconds} | {p.file: p.seconds for p in promises(records)}
    sizes = {f"{b.project} {b.settings}".strip(): b.size for b in builds(records)}
    for record in records:
        for module in record.modules:
            name = f"module {module.name}"
            sizes[name] = max(sizes.get(name, 0), module.size)
    figures = dict(pair for r in records for text in r.figures for pair in numbers_in(text))
    tests = {outcome: counts[outcome] for outcome in OUTCOMES}
    return {
        "times": {name: round(value, 3) for name, value in times.items()},
        "sizes": dict(sizes),
        "figures": figures,
        "tests": dict(tests),
    }


def numbers_in(figure: str) -> Iterator[tuple[str, float]]:
    """The numbers of a figure by name: those behind its colon, or the last one there is."""
    subject, colon, rest = figure.rpartition(": ")
    found = list(_NUMBER.finditer(rest))
    for index, number in enumerate(found if colon else found[-1:]):
        following = found[index + 1].start() if colon and index + 1 < len(found) else len(rest)
        before = "" if colon else rest[: number.start()]
        words = f"{subject}{colon}{before}… {rest[number.end() : following].strip(' ,')}"
        yield re.sub(r" (?:and|of|or)$", "", words.strip()), float(number[0].replace(",", ""))
