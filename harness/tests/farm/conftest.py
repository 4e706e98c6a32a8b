"""A farm on this machine: labgrid's own coordinator and exporters, on ports of the kernel's."""

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from pytest_embedded_hotreload.sim import sdk
from tests.conftest import ROOT

T = TypeVar("T")

PAGE = ROOT / "docs" / "boards.md"


class Farm:
    """What runs of it; everything ends with the test."""

    def __init__(self, programs: Path, folder: Path, running: contextlib.ExitStack) -> None:
        self.programs = programs
        self._folder = folder
        self._running = running
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("LG_", "PYTEST_"))},
            "PYTHONUNBUFFERED": "1",
        }
        coordinator = self._start("labgrid-coordinator", "--listen", "127.0.0.1:0")
        said = _read_until(coordinator, "listening on ")
        self.address = "127.0.0.1:" + re.findall(r"listening on .*:(\d+)", said)[0]
        self.environment["LG_COORDINATOR"] = self.address
        self.coordinator = coordinator

    def export(self, name: str, groups: Mapping[str, Any]) -> subprocess.Popen[str]:
        """An exporter, when the coordinator knows what it has."""
        file = self._folder / f"{name}.yaml"
        file.write_text(yaml.safe_dump(dict(groups)))
        exporter = self._start(
            *("labgrid-exporter", "--coordinator", self.address, "--name", name),
            *("--hostname", "127.0.0.1", str(file)),
        )
        _read_until(exporter, "creating poll task")
        return exporter

    def add_place(self, name: str, tags: str) -> None:
        """A place as the page tells to make one."""
        told = re.findall(r"^labgrid-client --place shelf (.*)$", PAGE.read_text(), re.MULTILINE)
        assert [command.partition(" ")[0] for command in told] == [
            "create",
            "add-match",
            "set-tags",
        ]
        for command in told:
            words = command.replace("shelf", name).replace("'", "").split()
            words = [*words[:1], *tags.split()] if words[0] == "set-tags" else words
            self.client("--place", name, *words)

    def client(self, *arguments: str) -> str:
        """What labgrid's client says."""
        done = subprocess.run(
            [self.programs / "labgrid-client", *arguments],
            env=self.environment,
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def holders(self) -> dict[str, str]:
        """Who has which place."""
        rows = [line.split() for line in self.client("who").splitlines()[1:]]
        return {row[2]: f"{row[1]}/{row[0]}" for row in rows}

    def run(self, job: str, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """`ci/farm`, by a job with a name that no other test has."""
        return self._running.enter_context(
            subprocess.Popen(
                [ROOT / "ci" / "farm", "--job", self.job(job), *arguments],
                env=self.environment | variables,
                cwd=self._folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            )
        )

    def keep(self, context: contextlib.AbstractContextManager[T]) -> T:
        """Enter what ends with the farm."""
        return self._running.enter_context(context)

    def job(self, name: str) -> str:
        """The whole name of a job."""
        return f"{name}-{self._folder.name}-{os.getpid()}"

    def _start(self, program: str, *arguments: str) -> subprocess.Popen[str]:
        process = self._running.enter_context(
            subprocess.Popen(
                [self.programs / program, *arguments],
                env=self.environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        self._running.callback(process.kill)
        return process


def _read_until(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout is not None
    said = ""
    while text not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    return said


def wait_for(process: subprocess.Popen[str], text: str) -> str:
    """What a process says until and with the line that has this text."""
    return _read_until(process, text)


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    """A coordinator without places."""
    try:
        programs = sdk.farm_path() / "bin"
    except sdk.ProvisionError:
        pytest.skip("labgrid: run ci/setup --farm")
    folder = tmp_path / "farm"
    folder.mkdir()
    with contextlib.ExitStack() as running:
        yield Farm(programs, folder, running)


@pytest.fixture
def two_boards(farm: Farm) -> Farm:
    """Places whose boards are not there, which nobody minds who does not open their ports."""
    for number, name in enumerate(("desk", "shelf")):
        groups = {name: {"NetworkSerialPort": {"host": "127.0.0.1", "port": 4001 + number}}}
        farm.export(f"of-{name}", groups)
        farm.add_place(name, "chip=esp32")
    return farm
