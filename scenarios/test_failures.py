"""A failure tells its cause at once, in words of the source, and no more than three times."""

import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scenarios.test_messages import ROOT

#: of a wait that runs to its end
WAIT_SECONDS = 20
#: a store to address 16 where the loader calls the post hooks
FAULT = "hooks_store_to_nowhere"
#: tests that need each of the main job's firmwares
BUILT = ("examples/basic/test_hotreload.py", "scenarios/test_api.py")
CHOSEN = "status or misuse"
#: of processors for the whole main job, once the firmwares are built: 30 s of two that have nothing
#: else to do, and as much again, because they work slower when they do
WORK_SECONDS = 120
PROCESSES = 2
LINES = 200


def run_with_fault(folder: Path, *arguments: str) -> str:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", f"--seed-fault={FAULT}", "-p", "no:cacheprovider"]
    command += [f"--basetemp={folder}", *arguments]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=inherited,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ).stdout


def work_of_children() -> float:
    """The seconds of processors that all processes which this one has waited for have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.faults
@pytest.mark.nightly
@pytest.mark.timeout(300)
def test_crash_in_every_load(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """How long that takes is measured in processor time: the host may have other things to do."""
    run_with_fault(tmp_path / "built", "-n0", *BUILT, "-k", CHOSEN)
    started, worked = time.monotonic(), work_of_children()
    report = tmp_path / "report"

    said = run_with_fault(
        tmp_path / "run", f"-n{PROCESSES}", "-q", "-k", "reload", f"--report-dir={report}"
    )

    seconds, work = time.monotonic() - started, work_of_children() - worked
    figure(f"a crash in every load: {seconds:.0f} s, {work:.0f} s of processors")
    lines = said.splitlines()
    first = next(line for line in lines if line.startswith("E "))
    assert re.search(
        r"device crashed: StoreProhibited in hr_hooks_run_post \(hr_hooks\.c:\d+\) called from "
        r"\w+ \(hr_\w+\.c:\d+\)",
        first,
    )
    assert re.search(r"^\d+ more tests failed the same way, \d+ in all: ", said, re.MULTILINE)
    assert re.match(
        r"3 failed, \d+ passed,(?: \d+ skipped,)? \d+ failed the same way in", lines[-1]
    )
    assert not re.search(r"urllib3|requests/|pytest_embedded/|TimeoutError", said)
    assert len(lines) <= LINES
    assert work <= WORK_SECONDS
    failed = [r for r in json.loads((report / "results.json").read_text()) if r["failure"]]
    assert max(r["seconds"] for r in failed) < WAIT_SECONDS
