"""Seeded faults: a scenario that cannot fail is a defect, so each is shown to fail once."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_embedded_hotreload.errors import (
    ConditionNotMet,
    HarnessError,
    MissingToolError,
    UnknownNameError,
)
from pytest_embedded_hotreload.lock import locked
from pytest_embedded_hotreload.sentences import nearest
from pytest_embedded_hotreload.sim.sdk import cache_root
from pytest_embedded_hotreload.spent import take_over

FOLDER = Path("scenarios") / "faults"
#: what a patch may change
SOURCES = ("component", "examples", "scenarios")

#: environment variable: name of the copy to use, by default that of the fault
SLOT = "HOTRELOAD_FAULT_SLOT"

_IGNORED = frozenset({"build", "__pycache__"})
_CAUGHT_BY = re.compile(r"^Caught-by:\s*(\S+)\s*$", re.MULTILINE)
_NIGHTLY = re.compile(r"^Nightly:", re.MULTILINE)
_HEADLINE = re.compile(r"^Headline:\s*(.+?)\s*$", re.MULTILINE)
_PATCHED = re.compile(r"^\+\+\+ b/(\S+)", re.MULTILINE)


def fault_names(root: Path) -> list[str]:
    """The faults there are."""
    return sorted(path.stem for path in (root / FOLDER).glob("*.patch"))


@dataclass(frozen=True)
class Fault:
    """A patch that breaks one promise, and the tests that have to notice.

    The text before the patch says in its first line what is broken, and names the tests in
    lines `Caught-by: scenarios/test_x.py::test_y`. A line `Headline: pattern` says what the first
    line of each failure has to tell. A line `Nightly: why` leaves it to the night.
    """

    name: str
    patch: Path
    summary: str
    caught_by: tuple[str, ...]
    nightly: bool
    headline: str = ""

    @classmethod
    def load(cls, root: Path, name: str) -> "Fault":
        """Read scenarios/faults/`name`.patch."""
        patch = root / FOLDER / f"{name}.patch"
        if not patch.exists():
            raise UnknownNameError(f"unknown fault {name!r}{nearest(name, fault_names(root))}")
        text = patch.read_text()
        caught_by = tuple(_CAUGHT_BY.findall(text))
        if not caught_by:
            raise HarnessError(f"{patch} does not say which test catches it (Caught-by: TEST)")
        headline = _HEADLINE.search(text)
        return cls(
            name,
            patch,
            summary=text.partition("\n")[0],
            caught_by=caught_by,
            nightly=bool(_NIGHTLY.search(text)),
            headline=headline[1] if headline else "",
        )


@dataclass(frozen=True)
class FaultTree:
    """A copy of the sources with a fault in it; the repository itself stays as it is."""

    root: Path
    copy: Path

    @classmethod
    def seed(cls, root: Path, name: str, cache: Path) -> "FaultTree":
        """Bring the copy up to date and apply the fault `name`."""
        patch = Fault.load(root, name).patch
        # runs that follow each other can share a copy, and then build only what the faults change
        tree = cls(root, _copy_for(root, os.environ.get(SLOT, name), cache))
        with locked(tree.copy.with_suffix(".lock")):
            tree._copy_sources(patch)
        return tree

    def seeded(self, path: Path) -> Path:
        """Where `path` of the repository is in the copy; a path in the copy stays."""
        if path.resolve().is_relative_to(self.copy.resolve()):
            return path
        return self.copy / path.resolve().relative_to(self.root)

    def _copy_sources(self, patch: Path) -> None:
        """Write only what differs, so that a build of the copy stays incremental."""
        with tempfile.TemporaryDirectory() as scratch:
            patched = self._apply(patch, Path(scratch))
            wanted: dict[Path, Path] = {}
            for file in self._source_files():
                name = file.relative_to(self.root)
                wanted[name] = patched.get(name, file)
            for name, file in wanted.items():
                target = self.copy / name
                if not target.exists() or target.read_bytes() != file.read_bytes():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(file, target)
        for file in list(self.copy.rglob("*")):
            if file.is_file() and file.relative_to(self.copy) not in wanted:
                file.unlink()

    def _source_files(self) -> list[Path]:
        return [
            file
            for top in SOURCES
            for file in (self.root / top).rglob("*")
            if file.is_file() and not _IGNORED & set(file.relative_to(self.root).parts)
        ]

    def _apply(self, patch: Path, scratch: Path) -> dict[Path, Path]:
        """Patch copies of the files that the patch names; the patched files by their names."""
        names = [Path(name) for name in _PATCHED.findall(patch.read_text())]
        for name in names:
            if not (self.root / name).is_file():
                raise HarnessError(f"{patch} changes {name}, which does not exist")
            (scratch / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.root / name, scratch / name)
        command = ["patch", "--strip=1", "--batch", "--fuzz=0", "--no-backup-if-mismatch"]
        try:
            result = subprocess.run(
                [*command, f"--directory={scratch}", f"--input={patch}"],
                capture_output=True,
                text=True,
            )
        except FileNotFoundError as error:
            raise MissingToolError.of(error.filename) from error
        if result.returncode != 0:
            raise HarnessError(f"{patch} does not apply:\n{result.stdout.rstrip()}")
        return {name: scratch / name for name in names}


def _copy_for(root: Path, slot: str, cache: Path) -> Path:
    key = hashlib.sha256(str(root).encode()).hexdigest()[:12]
    return cache / "faults" / f"{slot}-{key}"


class FaultNotCaught(ConditionNotMet):
    """A scenario passed, or broke down, where it has to fail."""


def assert_caught(root: Path, name: str, scratch: Path, *options: str) -> list[str]:
    """Seed the fault `name` and run the tests that it names: each has to fail by an assertion.

    A test with parameters is caught when one of them fails. A test that cannot be set up, or
    that breaks down otherwise, has shown nothing, unless its headline is what counts. Skips when
    the lane can run none of them.
    Returns how long each test took and its headline, for a fault that is about what it tells.
    """
    fault = Fault.load(root, name)
    records = run_with_fault(root, fault, scratch, *options)
    told: list[str] = []
    if records and all(record["outcome"] == "skipped" for record in records):
        pytest.skip(f"{records[0]['nodeid']}: {records[0]['reason']}")
    for test in fault.caught_by:
        of_test = [r for r in records if r["nodeid"] == test or r["nodeid"].startswith(f"{test}[")]
        if of_test and all(record["outcome"] == "skipped" for record in of_test):
            continue  # what the others show counts
        failures = [record["failure"] for record in of_test if record["failure"]]
        if fault.headline:
            failed = [record for record in of_test if record["failure"]]
            told += [f"{r['seconds']:.1f} s: {r['failure']['headline']}" for r in failed]
        for failure in failures:
            if fault.headline and not re.search(fault.headline, failure["headline"]):
                raise FaultNotCaught(
                    f"{test} with fault {name} fails with {failure['headline']!r}, which does not "
                    f"tell {fault.headline!r}\n{failure['text']}"
                )
            if not fault.headline and (failure["phase"] != "call" or not failure["assertion"]):
                raise FaultNotCaught(
                    f"{test} with fault {name}: {failure['error']} in {failure['phase']}, where "
                    f"an assertion has to fail\n{failure['text']}"
                )
        if not failures:
            what = "passes" if of_test else "does not run"
            raise FaultNotCaught(f"{test} {what} with fault {name}: {fault.summary}")
    return told


def run_with_fault(root: Path, fault: Fault, scratch: Path, *options: str) -> list[dict[str, Any]]:
    """Run the tests that the fault names in a process of their own; the records of the report."""
    report = scratch / "report"
    command = [sys.executable, "-m", "pytest", *fault.caught_by, "--seed-fault", fault.name]
    command += [f"--report-dir={report}", f"--basetemp={scratch / 'tmp'}"]
    command += ["-p", "no:cacheprovider", "-p", "no:randomly", *options]
    # a session of its own, not a part of this one's distribution over processes
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    slot = environment.setdefault(SLOT, os.environ.get("PYTEST_XDIST_WORKER", "main"))
    # another run of all faults at the same time has other faults for the same copy
    with locked(_copy_for(root, slot, cache_root()).with_suffix(".running")):
        result = subprocess.run(
            command,
            cwd=root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    results = report / "results.json"
    if not results.exists():
        raise FaultNotCaught(f"the tests with fault {fault.name} did not run:\n{result.stdout}")
    records: list[dict[str, Any]] = json.loads(results.read_text())
    for record in records:
        take_over(record["spent"])
    return records
