"""The unit tests execute the parser and the loader, nearly every line and branch of them.

They run once more, with a program that counts. What is missing is named when it is too much.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from host_build import HERE, build, shared_folder

THRESHOLD = 0.95
TESTS = (
    *("bad_image", "hooks", "identity", "lifecycle", "linear", "real_module", "relocation"),
    *("retire", "update"),
)


@dataclass
class Covered:
    """Of one source file."""

    lines: int = 0
    branches: int = 0
    missed_lines: list[int] = field(default_factory=list)
    missed_branches: list[int] = field(default_factory=list)  # their lines

    def __str__(self) -> str:
        return (
            f"lines {1 - len(self.missed_lines) / self.lines:.1%}, "
            f"branches {1 - len(self.missed_branches) / self.branches:.1%}, "
            f"missing lines {self.missed_lines}, branches at lines {self.missed_branches}"
        )


def run_tests(build_folder: Path, work: Path) -> None:
    config = work / "pytest.ini"
    config.write_text("[pytest]\n", encoding="utf-8")
    counted = {"HOTRELOAD_HOST_BUILD": str(build_folder), "HOTRELOAD_HOST_WIDTH": "coverage"}
    modules = {"PYTHONPATH": str(HERE)}  # not pytest's pythonpath, which ends at a space
    command = [sys.executable, "-m", "pytest", "-q", "-c", str(config), "--import-mode=importlib"]
    command += [f"--confcutdir={HERE}", f"--basetemp={work / 'tests'}", "-p", "no:cacheprovider"]
    files = [str(HERE / f"test_{name}.py") for name in TESTS]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(
        [*command, *files],
        capture_output=True,
        text=True,
        env=environment | counted | modules,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " skipped" not in done.stdout.splitlines()[-1], done.stdout


def measure(counts: Path) -> Covered:
    gcov = ["gcov", "--json-format", "--stdout", "--branch-probabilities", str(counts)]
    done = subprocess.run(gcov, capture_output=True, text=True, cwd=counts.parent, check=True)
    result = Covered()
    for file in json.loads(done.stdout)["files"]:
        # functions of headers are compiled into several files, none of which uses all
        if not file["file"].endswith(counts.name.removesuffix(".gcda")):
            continue
        for line in file["lines"]:
            number = line["line_number"]
            result.lines += 1
            if line["count"] == 0:
                result.missed_lines.append(number)
            for branch in line["branches"]:
                result.branches += 1
                if branch["count"] == 0:
                    result.missed_branches.append(number)
    return result


@pytest.mark.nightly
@pytest.mark.timeout(300)
def test_parser_and_loader_are_covered(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    if shutil.which("gcov") is None:
        pytest.skip("no gcov on this machine: run ci/setup, which installs gcc")
    folder = shared_folder(tmp_path_factory) / "host-coverage"
    build(folder, "hr_host_coverage", "HOTRELOAD_WIDTHS=64")
    cmake = (HERE / "CMakeLists.txt").read_text(encoding="utf-8")
    listed = re.search(r"set\(LOADER_PARTS\s+([^)]*)\)", cmake)
    assert listed
    run_tests(folder, tmp_path)

    covered = {}
    for part in listed[1].split():
        (counts,) = folder.rglob(f"{part}.c.gcda")
        covered[part] = measure(counts)

    report = "\n".join(f"{part}.c: {result}" for part, result in covered.items())
    lines = sum(result.lines for result in covered.values())
    branches = sum(result.branches for result in covered.values())
    missed_lines = sum(len(result.missed_lines) for result in covered.values())
    missed_branches = sum(len(result.missed_branches) for result in covered.values())
    print(report)
    print(f"lines {1 - missed_lines / lines:.2%} of {lines}")
    print(f"branches {1 - missed_branches / branches:.2%} of {branches}")
    assert missed_lines <= (1 - THRESHOLD) * lines, report
    assert missed_branches <= (1 - THRESHOLD) * branches, report
