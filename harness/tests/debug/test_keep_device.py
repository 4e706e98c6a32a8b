"""With `--keep-device` a failed test leaves its device for as long as somebody wants it."""

import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from pytest_embedded_hotreload.firmware import FirmwareBuilder
from tests.conftest import NestedPytest, nested
from tests.example_module import BASIC
from tests.test_crashes import WITH_DEVICE

FAILS = f"""
pytestmark = pytest.mark.firmware({str(BASIC)!r})

def test_it(device):
    assert device.client.status()["loads"] == 7

def test_next(device):
    pass
"""

CRASHES = """
def test_it(device, build_module):
    device.client.upload_and_reload(build_module(SOURCE))
    device.console.wait_line("never")
"""


__all__ = ["nested"]


@dataclass
class Kept:
    """A run that waits, and what it has printed by then."""

    process: subprocess.Popen[str]
    printed: str

    def way(self, name: str) -> str:
        """What is said behind the name of a way to the device."""
        found = re.search(rf"^{name} +(\S.*?)(?:  such as .*)?$", self.printed, re.MULTILINE)
        assert found, self.printed
        return found[1]

    def ask_monitor(self, command: str) -> str:
        """What the emulator's monitor answers."""
        done = subprocess.run(
            shlex.split(self.way("monitor")),
            input=f"{command}\n",
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def end(self) -> str:
        """Do what is said to end it; the rest of what the run prints."""
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate()[0]


@contextmanager
def kept(nested: NestedPytest, body: str) -> Iterator[Kept]:
    with subprocess.Popen(
        nested.command(body, "--keep-device"),
        cwd=nested.folder,
        env=nested.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        printed = ""
        for line in process.stdout:
            printed += line
            if f"SIGINT to process {process.pid} ends this" in line:
                break
        try:
            yield Kept(process, printed)
        finally:
            process.kill()


@pytest.fixture(autouse=True)
def firmware_is_there(firmware_builder: FirmwareBuilder) -> None:
    firmware_builder.build(BASIC)


def test_device_answers_after_the_failure(nested: NestedPytest) -> None:
    with kept(nested, FAILS) as run:
        assert "assert 1 == 7" in run.printed
        assert requests.get(f"{run.way('server')}/status", timeout=20).json()["loads"] == 1
        assert "server on port" in Path(shlex.split(run.way("console"))[-1]).read_text()
        assert "VM status: running" in run.ask_monitor("info status")
        rest = run.end()

    assert "1 failed in" in rest
    assert "test_next" not in rest


def test_device_that_crashed_is_stopped(nested: NestedPytest) -> None:
    with kept(nested, WITH_DEVICE + CRASHES) as run:
        assert "stopped where it ended" in run.printed
        assert "VM status: paused" in run.ask_monitor("info status")
        run.end()


def test_device_is_kept_in_the_process_of_the_test(nested: NestedPytest) -> None:
    done = nested.run(FAILS, "--keep-device", "-n1")

    assert done.stdout.strip().splitlines()[-1].endswith("leave out -n")
