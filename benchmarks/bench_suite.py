"""The tests of this repository by the number of their workers.

The main job, and all that `ci/test` runs. A run of each that is not measured comes first, so that
what is kept from run to run is there.
"""

import os
import resource
import subprocess
import sys
import time

import pytest

from benchmarks.plugin import Compare
from pytest_embedded_hotreload.paths import ROOT

WORKERS = (8, 4, 2, 1)
JOBS = {
    "pytest -k reload": ("-k", "reload"),
    "the whole suite": ("-m", "not nightly"),
}


@pytest.mark.nightly
@pytest.mark.timeout(0)
def bench_suite(compare: Compare, rounds: int) -> None:
    times = compare("a run", "s")
    work = compare("a run", "processor seconds")
    for selection in JOBS.values():
        run(WORKERS[0], *selection)
    for _ in range(rounds):
        for job, selection in JOBS.items():
            for workers in WORKERS:
                way = f"{workers} workers" if workers > 1 else "1 worker"
                seconds, processor_seconds = run(workers, *selection)
                times.add(job, way, seconds)
                work.add(job, way, processor_seconds)


def run(workers: int, *selection: str) -> tuple[float, float]:
    """The seconds that have passed, and those that processors have worked."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    worked, began = children(), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", str(workers), *selection],
        cwd=ROOT,
        env=outside,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return time.monotonic() - began, children() - worked


def children() -> float:
    """The processor seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
