"""Runs pytest again and again in children of one process, which has imported what takes long.

A line of the input is a request, a line of the output the answer, both in JSON.
"""

import contextlib
import importlib
import json
import os
import signal
import sys
import time
from dataclasses import asdict
from typing import Any

import pytest

from ci.mutation.results import ACCIDENT, KILLED, SURVIVED, Outcome

#: what many tests import
HEAVY = (
    "hypothesis",
    "elftools.elf.elffile",
    "requests",
    "pytest_timeout",
    "_hypothesis_pytestplugin",
)
#: so many failures by accident are enough to call it that
ACCIDENTS = 5


class Watch:
    """Stops a run at the first assertion that fails."""

    def __init__(self) -> None:
        self.killed: Outcome | None = None
        self.accidents: list[Outcome] = []
        self.tests = 0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        """Tell an assertion from all else."""
        report = yield
        self.tests += call.when == "call"
        if report.failed and call.excinfo is not None:
            error = call.excinfo
            line = (str(error.value).splitlines() or [""])[0]
            asserted = call.when == "call" and issubclass(
                error.type, AssertionError | pytest.fail.Exception
            )
            timed_out = line.startswith("Timeout")
            kind = KILLED if asserted and not timed_out else ACCIDENT
            outcome = Outcome(kind, item.nodeid, f"{error.type.__name__}: {line}"[:300])
            if kind == KILLED:
                self.killed = outcome
            else:
                self.accidents.append(outcome)
            if kind == KILLED or timed_out or len(self.accidents) >= ACCIDENTS:
                item.session.shouldstop = kind
        return report

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A test file that cannot be imported."""
        if report.failed:
            line = report.longreprtext.splitlines()[-1]
            self.accidents.append(Outcome(ACCIDENT, report.nodeid, line[:300]))

    @property
    def outcome(self) -> Outcome:
        """What the run says of the mutant."""
        return self.killed or next(iter(self.accidents), Outcome(SURVIVED))


def run(request: dict[str, Any]) -> dict[str, Any]:
    """In the child."""
    os.chdir(request["folder"])
    os.environ.update(request["environment"])
    sys.path[:0] = request["path"]
    watch = Watch()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    status = pytest.main([*request["options"], *request["tests"]], plugins=[watch])
    answer = asdict(watch.outcome) | {"tests": watch.tests}
    if status not in (0, 1, 2) and not watch.accidents:
        answer["kind"] = ACCIDENT
        answer["message"] = f"pytest ends with {status}"
    return answer


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """What the tests say, or that they took too long."""
    started = time.monotonic()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.setsid()
        said: dict[str, Any] = asdict(Outcome(ACCIDENT, message="the tests were not run"))
        try:
            said = run(request)
        except BaseException as error:  # whatever it is, the parent has to be told
            said["message"] = f"the tests were not run: {error!r}"[:300]
        os.write(writing, json.dumps(said).encode())
        os._exit(0)
    os.close(writing)

    def give_up(*_: object) -> None:
        os.killpg(child, signal.SIGKILL)

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(request["seconds"])
    with open(reading, "rb") as pipe:  # noqa: PTH123
        text = pipe.read()
    signal.alarm(0)
    os.waitpid(child, 0)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    said = json.loads(text or json.dumps(asdict(Outcome(ACCIDENT, message="time-out of the run"))))
    return said | {"seconds": round(time.monotonic() - started, 2)}


def main() -> None:
    """Until the input ends."""
    for name in HEAVY:
        importlib.import_module(name)
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
