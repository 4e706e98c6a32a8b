"""What time goes into is told in a run's results, and by the clocks that the results come from."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_embedded_hotreload import spent
from pytest_embedded_hotreload.lock import locked
from pytest_embedded_hotreload.spent import BOOTS, BUILDS, LOCKS, PROCESSORS, clocks, since
from tests.conftest import NestedPytest

WORK = "import time; sum(range(10**7)); print(time.process_time())"


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which goes on when a test says so."""
    time = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: time[0])
    return time


def test_what_happens_inside_is_of_its_kind(now: list[float]) -> None:
    before = clocks()
    with spent.spent(BOOTS):
        now[0] += 2
    now[0] += 40
    with pytest.raises(ValueError, match="broken"), spent.spent(BUILDS):
        now[0] += 3
        raise ValueError("broken")

    found = since(before)
    assert (found[BOOTS], found[BUILDS], found[LOCKS]) == (2, 3, 0)


def test_of_a_lock_only_the_waiting(
    now: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(*_: object) -> None:
        now[0] += 5

    monkeypatch.setattr("fcntl.flock", wait)
    before = clocks()
    with locked(tmp_path / "lock"):
        now[0] += 70

    assert since(before)[LOCKS] == 5


def test_processors_are_those_of_programs_that_have_ended_as_well() -> None:
    before = clocks()
    done = subprocess.run([sys.executable, "-c", WORK], stdout=subprocess.PIPE, check=True)

    assert since(before)[PROCESSORS] >= float(done.stdout) * 0.99


def test_each_test_has_its_own(nested: NestedPytest) -> None:
    body = f"""
import subprocess, sys

def test_works():
    subprocess.run([sys.executable, "-c", {WORK!r}], check=True)

def test_boots():
    from pytest_embedded_hotreload import spent
    with spent.spent("boots"):
        pass
    spent.take_over({{"boots": 7.0, "builds": 0.0, "locks": 0.0}})
"""
    result = nested.run(body, "--report-dir=report", "-n1")

    assert result.returncode == 0, result.stdout
    records = json.loads((nested.folder / "report" / "results.json").read_text())
    works, boots = (record["spent"] for record in records)
    assert works["processors"] > boots["processors"]
    assert works["boots"] == 0
    assert 7 <= boots["boots"] < 8
