"""A failure tells its cause at once, in words of the source, and no more than three times."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scenarios.test_messages import ROOT

#: a store to address 16 where the loader calls the post hooks
FAULT = "hooks_store_to_nowhere"
BUILT = ("examples/basic/test_hotreload.py", "scenarios/test_api.py")
#: of the whole main job, once the firmwares are built
SECONDS = 30
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


@pytest.mark.faults
@pytest.mark.timeout(300)
def test_crash_in_every_load(tmp_path: Path) -> None:
    run_with_fault(tmp_path / "built", "-n0", *BUILT, "-k", "status or misuse")
    started = time.monotonic()

    said = run_with_fault(tmp_path / "run", "-n2", "-q", "-k", "reload")

    seconds = time.monotonic() - started
    lines = said.splitlines()
    first = next(line for line in lines if line.startswith("E "))
    assert re.search(
        r"device crashed: StoreProhibited in hr_hooks_run_post \(hr_hooks\.c:\d+\) called from "
        r"\w+ \(hr_\w+\.c:\d+\)",
        first,
    )
    assert re.search(r"^\d+ more tests failed the same way, \d+ in all: ", said, re.MULTILINE)
    assert re.match(r"3 failed, \d+ passed, \d+ failed the same way in", lines[-1])
    assert not re.search(r"urllib3|requests/|pytest_embedded/|TimeoutError", said)
    assert len(lines) <= LINES
    assert seconds <= SECONDS
