"""Boards that are emulators behind the bridge."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_embedded_hotreload.board.inventory import Board, load_boards
from tests.conftest import ROOT, NestedPytest, nested
from tests.stand_in.environment import real_environment, stand_in_environment

__all__ = ["nested"]

#: of a Python that runs the bridge
PYTHONPATH = str(ROOT / "harness")


@dataclass
class Bridge:
    """A bridge in a process of its own."""

    process: subprocess.Popen[str]
    file: str  # of boards, as it was printed
    flash: Path

    def board(self, folder: Path) -> Board:
        """The board as the lane sees it."""
        file = folder / f"{self.flash.stem}.yaml"
        file.write_text(self.file)
        return load_boards(file)[0]

    @property
    def entry(self) -> str:
        """The board's own part of the file."""
        return self.file.removeprefix("boards:\n")

    @property
    def url(self) -> str:
        """Its RFC2217 URL."""
        return str(yaml.safe_load(self.file)["boards"][0]["port"])

    def end(self) -> str:
        """Ctrl-C; what it has said on its way out."""
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate()[0]


@pytest.fixture(params=["sim", "esp32"])
def chip(request: pytest.FixtureRequest) -> str:
    """The simulated board with our download mode, and Espressif's QEMU with the ROM's."""
    if request.param == "esp32":
        real_environment("esp32")
    return str(request.param)


@pytest.fixture
def environment(chip: str, nested: NestedPytest) -> dict[str, str]:
    """The environment of a pytest for lane board whose boards are such chips."""
    return nested.environment() | (stand_in_environment() if chip == "sim" else {})


@pytest.fixture
def make_bridge(chip: str, tmp_path: Path) -> Iterator[Callable[..., Bridge]]:
    """Starts bridges: `make_bridge(name)`."""
    with contextlib.ExitStack() as running:

        def make(name: str, *options: str) -> Bridge:
            flash = tmp_path / f"{name}.bin"
            command = [sys.executable, "-m", "pytest_embedded_hotreload.board.bridge", str(flash)]
            process = running.enter_context(
                subprocess.Popen(
                    # who starts the tests in the background may have had them ignore Ctrl-C
                    [
                        "env",
                        "--default-signal=INT",
                        f"PYTHONPATH={PYTHONPATH}",
                        *command,
                        "--chip",
                        chip,
                        "--name",
                        name,
                        *options,
                    ],
                    cwd=ROOT,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
            )
            running.callback(process.kill)
            assert process.stdout is not None
            file = "".join(iter(process.stdout.readline, "\n"))
            assert process.poll() is None, file
            return Bridge(process, file, flash)

        yield make


@pytest.fixture
def bridge(make_bridge: Callable[..., Bridge]) -> Bridge:
    """One bridge."""
    return make_bridge("bridge")


@pytest.fixture
def board(bridge: Bridge, tmp_path: Path) -> Board:
    """The board behind the bridge."""
    return bridge.board(tmp_path)


def boards_file(folder: Path, *entries: str) -> Path:
    """A file of boards."""
    file = folder / "boards.yaml"
    file.write_text("boards:\n" + "".join(entries))
    return file


def described(name: str, port: str, **fields: Any) -> str:
    """An entry of such a file."""
    return yaml.safe_dump([{"name": name, "port": port, **fields}])
