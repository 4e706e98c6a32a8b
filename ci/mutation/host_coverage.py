"""Which host tests execute which line of the component: what a mutant of the line is tried with."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from ci.mutation.host_programs import SOURCES, WIDTH, HostPrograms
from ci.mutation.mutants import Mutant, Source

TESTS = Path("component") / "hotreload" / "host_test"
#: for pytest in the folder of the repository: nothing of the repository around the component
OPTIONS = [
    *("--import-mode=importlib", f"--confcutdir={TESTS}", "-c", os.devnull, "--rootdir=."),
    *("-p", "no:cacheprovider", "-p", "pytest_timeout", "-p", "_hypothesis_pytestplugin"),
    *("-o", "tmp_path_retention_policy=none", "-m", "not nightly"),
    *("--timeout=20", "-o", "timeout_func_only=true"),
]
PATHS = [str(TESTS), str(Path("component") / "hotreload" / "tools")]
#: as long as tests took in the run that counts, those of a mutant may take together
SECONDS = 30
#: pytest's exit status
SOME_FAIL, NO_TESTS = 1, 5
#: of a function of tests, so many of its parameters are run to count
PARAMETERS = 12


@dataclass(frozen=True)
class Covered:
    """What each function of tests has executed."""

    seconds: dict[str, float]
    #: program, file, line: the tests. A line without tests has code that none executes
    lines: dict[str, dict[str, dict[int, list[str]]]]

    @classmethod
    def load(cls, paths: Iterable[Path]) -> "Covered":
        """What was counted for test files."""
        seconds: dict[str, float] = {}
        lines: dict[str, dict[str, dict[int, list[str]]]]
        lines = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
        for path in paths:
            read = json.loads(path.read_text())
            seconds |= read["seconds"]
            for test, programs in read["lines"].items():
                for program, files in programs.items():
                    for file, (executed, others) in files.items():
                        for line in executed:
                            lines[program][file][line].append(test)
                        for line in others:
                            lines[program][file].setdefault(line, [])
        return cls(seconds, lines)

    def tests(self, source: Source, mutant: Mutant) -> dict[str, list[str]]:
        """By program the tests that execute the line of a mutant, or else its function.

        Not all parameters of a test were counted: one that was not may execute the line.
        """
        found = {}
        for places in (_places, _function_of):
            for program, files in self.lines.items():
                of_file = files.get(source.file, {})
                lines = places(source, mutant, of_file)
                tests = {test for line in lines for test in of_file[line]}
                if tests:
                    found[program] = sorted(tests)
            if found:
                break
        return found

    def in_time(self, tests: set[str], first: list[str]) -> list[str]:
        """Of the tests `first`, then those that take little time; as many as a mutant is worth."""
        chosen = [test for test in first if test in tests]
        left = SECONDS - sum(self.seconds[test] for test in chosen)
        for test in sorted(tests - {*first}, key=lambda each: (self.seconds[each], each)):
            left -= self.seconds[test]
            if left < 0:
                break
            chosen.append(test)
        return chosen


def _places(source: Source, mutant: Mutant, of_file: dict[int, list[str]]) -> list[int]:
    """Where to look: a statement of several lines is counted in one, a table in none."""
    if not mutant.function:
        return list(of_file)
    lines = source.lines_around(mutant.line)
    near = [line for line in of_file if line in lines and line <= mutant.line]
    return [max(near)] if near else [line for line in of_file if line in lines]


def _function_of(source: Source, mutant: Mutant, of_file: dict[int, list[str]]) -> list[int]:
    lines = source.lines_around(mutant.line)
    return [line for line in of_file if line in lines]


def covered(root: Path, folder: Path, *, keep: bool = False) -> Covered:
    """Count for the test files that have changed, and for all when the component has.

    `keep`: what was counted before the component changed is near enough.
    """
    kept = folder / "covered"
    kept.mkdir(parents=True, exist_ok=True)
    component = _digest(p for p in _files(root) if not p.match("test_*.py"))
    found = {}
    missing = {}
    for path in sorted((root / TESTS).glob("test_*.py")):
        name = f"{path.stem}-{_digest([path])}"
        out = kept / f"{name}-{component}.json"
        earlier = sorted(kept.glob(f"{name}-*.json")) if keep else []
        found[path] = out if out.exists() or not earlier else earlier[0]
        if not found[path].exists():
            missing[path] = out
    if missing:
        _count(root, folder, missing)
    return Covered.load(found.values())


def tests_digest(root: Path) -> str:
    """Of the component and its host tests."""
    return _digest(_files(root))


def _files(root: Path) -> list[Path]:
    found = [p for top in (SOURCES, TESTS) for p in sorted((root / top).rglob("*"))]
    return [p for p in found if p.is_file() and "__pycache__" not in p.parts]


def _digest(paths: Iterable[Path]) -> str:
    found = hashlib.sha256()
    for path in paths:
        found.update(path.read_bytes())
    return found.hexdigest()[:12]


def _count(root: Path, folder: Path, files: dict[Path, Path]) -> None:
    programs = HostPrograms(root, folder / "counting", "--coverage")
    programs.build()
    for path, out in files.items():
        counts = folder / "counts"
        shutil.rmtree(counts, ignore_errors=True)
        seconds = _run_counting(root, programs.folder, counts, path)
        lines = {test: _lines(root, programs.folder, counts / _name(test)) for test in seconds}
        out.write_text(json.dumps({"seconds": seconds, "lines": lines}))


def _name(test: str) -> str:
    return hashlib.sha256(test.encode()).hexdigest()[:16]


def _run_counting(root: Path, build: Path, counts: Path, file: Path) -> dict[str, float]:
    """How long each function of tests takes that passes; they leave their counts in folders."""
    out = counts / "seconds.json"
    counts.mkdir(parents=True)
    environment = {
        **os.environ,
        "HOTRELOAD_HOST_BUILD": str(build),
        "HOTRELOAD_HOST_WIDTH": WIDTH,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": os.pathsep.join([str(root), *PATHS]),
        "MUTATION_COUNTS": str(counts),
    }
    command = [sys.executable, "-m", "pytest", "-q", *OPTIONS, "-p", "ci.mutation.host_coverage"]
    command += [f"--basetemp={counts / 'tests'}", str(file.relative_to(root))]
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, SOME_FAIL, NO_TESTS):
        raise RuntimeError(f"the host tests were not run:\n{done.stdout}{done.stderr}")
    seconds: dict[str, float] = json.loads(out.read_text())
    return seconds


class _Separate:
    """Counts of each function of tests go into a folder of its own."""

    def __init__(self, counts: Path) -> None:
        self.counts = counts
        self.seconds: dict[str, float] = defaultdict(float)
        self.failed: set[str] = set()
        self.factors: dict[str, float] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Of many parameters some that lie apart."""
        functions: dict[str, list[pytest.Item]] = defaultdict(list)
        for item in items:
            functions[_function(item.nodeid)].append(item)
        kept = []
        for name, of_function in functions.items():
            step = max(1, -(-len(of_function) // PARAMETERS))
            chosen = of_function[::step]
            self.factors[name] = len(of_function) / len(chosen)
            kept += chosen
        items[:] = kept

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """The programs that the test runs inherit it."""
        os.environ["GCOV_PREFIX"] = str(self.counts / _name(_function(item.nodeid)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up; what fails without a mutant, as where counters need memory, shows nothing."""
        name = _function(report.nodeid)
        self.seconds[name] += report.duration
        if report.failed:
            self.failed.add(name)

    def pytest_sessionfinish(self) -> None:
        """Leave the times."""
        whole = {
            name: round(seconds * self.factors[name], 3)
            for name, seconds in self.seconds.items()
            if name not in self.failed
        }
        (self.counts / "seconds.json").write_text(json.dumps(whole))


def _function(nodeid: str) -> str:
    return nodeid.partition("[")[0]


def pytest_configure(config: pytest.Config) -> None:
    """In the process that counts."""
    config.pluginmanager.register(_Separate(Path(os.environ["MUTATION_COUNTS"])))


def _lines(
    root: Path, build: Path, counts: Path
) -> dict[str, dict[str, tuple[list[int], list[int]]]]:
    """By program and file: the lines that were executed, and the others that have code."""
    prefix = counts / build.relative_to("/") / "CMakeFiles"
    top = str(root / SOURCES)
    files = [path for path in prefix.rglob("*.gcda") if top in f"/{path.relative_to(counts)}"]
    for path in files:
        notes = path.with_suffix(".gcno")
        if not notes.exists():
            notes.symlink_to(f"/{notes.relative_to(counts)}")
    if not files:
        return {}
    command = ["gcov", "--json-format", "--stdout", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=counts, check=True)
    counted: dict[str, dict[str, dict[int, bool]]] = defaultdict(lambda: defaultdict(dict))
    for text in done.stdout.splitlines():
        read = json.loads(text)
        program = Path(read["data_file"]).relative_to(prefix).parts[0].removesuffix(".dir")
        for file in read["files"]:
            if file["file"].startswith(top):
                of_file = counted[program][str(Path(file["file"]).relative_to(root))]
                for line in file["lines"]:
                    number = line["line_number"]
                    of_file[number] = of_file.get(number, False) or line["count"] > 0
    return {
        program: {
            file: ([n for n, hit in of.items() if hit], [n for n, hit in of.items() if not hit])
            for file, of in files.items()
        }
        for program, files in counted.items()
    }
