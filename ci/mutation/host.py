"""Tries mutants of the component's C with its host tests."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ci.mutation.host_coverage import OPTIONS, PATHS, Covered, covered, tests_digest
from ci.mutation.host_programs import SOURCES, WIDTH, DoesNotBuildError, HostPrograms, Object
from ci.mutation.mutants import Mutant, Source
from ci.mutation.results import ACCIDENT, SURVIVED, Outcome

#: for all tests of a mutant; each has a time-out of its own
SECONDS = 300


class Served:
    """A process that runs tests again and again."""

    def __init__(self, root: Path, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ci.mutation.server"],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, **request: Any) -> Outcome:
        """What the tests say."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return Outcome(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End it."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


@dataclass
class Host:
    """The component on the host."""

    root: Path
    folder: Path
    keep_counts: bool = False  #: of lines, see `covered`
    _sources: dict[str, Source] = field(default_factory=dict)
    _objects: dict[str, list[Object]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def programs(self) -> HostPrograms:
        """Without mutants."""
        programs = HostPrograms(self.root, self.folder / "host")
        programs.build()
        return programs

    @cached_property
    def covered(self) -> Covered:
        """By which tests."""
        return covered(self.root, self.folder, keep=self.keep_counts)

    @cached_property
    def state(self) -> str:
        """The tests."""
        return tests_digest(self.root)

    def prepare(self) -> None:
        """What takes long, before workers begin at the same time."""
        _ = self.programs, self.covered

    def worker(self, name: str) -> "HostWorker":
        """One that tries mutants."""
        return HostWorker(self, name)

    def files(self) -> list[str]:
        """The sources that host programs have."""
        paths = sorted((self.root / SOURCES).rglob("*.[ch]"))
        names = [str(path.relative_to(self.root)) for path in paths]
        return [name for name in names if self.programs.programs_with(name)]

    def source(self, file: str) -> Source:
        """One of them."""
        with self._lock:
            return self._sources.setdefault(file, Source(self.root, file))

    def different_objects(self, source: Source, folder: Path) -> list[Object]:
        """See `HostPrograms`; found once."""
        with self._lock:
            if source.file not in self._objects:
                self._objects[source.file] = self.programs.different_objects(source, folder)
            return self._objects[source.file]


class HostWorker:
    """One of those that try mutants at the same time."""

    def __init__(self, host: Host, name: str) -> None:
        self.host = host
        self.folder = host.folder / "workers" / name
        (self.folder / "objects").mkdir(parents=True, exist_ok=True)
        environment = {
            "HOTRELOAD_HOST_BUILD": str(self.folder),
            "HOTRELOAD_HOST_WIDTH": WIDTH,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        self._served = Served(host.root, environment)
        self._unchanged: dict[str, str] = {}  #: the code of each file as it is

    def digests(self, mutants: list[Mutant]) -> Iterator[str]:
        """Of the object code of mutants of one file; "": does not compile, or to the same."""
        source = self.host.source(mutants[0].file)
        folder = self.folder / "objects"
        objects = self.host.different_objects(source, folder)
        if source.file not in self._unchanged:
            unchanged = self.host.programs.digest(source, None, objects, folder)
            self._unchanged[source.file] = unchanged
        for mutant in mutants:
            digest = self.host.programs.digest(source, mutant, objects, folder)
            yield "" if digest == self._unchanged[source.file] else digest

    def try_mutant(self, mutant: Mutant, first: list[str]) -> Outcome:
        """Run the tests that execute its line."""
        source = self.host.source(mutant.file)
        by_program = self.host.covered.tests(source, mutant)
        every = {test for tests in by_program.values() for test in tests}
        tests = self.host.covered.in_time(every, first)
        programs = [name for name, each in by_program.items() if {*each} & {*tests}]
        if not tests:
            return Outcome(SURVIVED, message="no test executes it")
        try:
            self.host.programs.make(source, mutant, programs, self.folder)
        except DoesNotBuildError:
            return Outcome(ACCIDENT, message="does not link")
        return self._served.run(
            folder=str(self.host.root),
            environment={},
            path=PATHS,
            options=[*OPTIONS, f"--basetemp={self.folder / 'tmp'}"],
            tests=tests,
            seconds=SECONDS,
        )

    def close(self) -> None:
        """End what was begun."""
        self._served.close()
