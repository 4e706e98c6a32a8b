"""Pytest in a process of its own, for tests of what a user sees and of what a run leaves behind;
and the console of no device."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_embedded_hotreload.console import Console

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "harness" / "tests" / "firmware"
PLUGIN = "pytest_embedded_hotreload.plugin"

PREAMBLE = f'''"""Two promises & one <excuse>."""
import os
import pytest
pytestmark = pytest.mark.firmware({str(FIRMWARE)!r})
'''


@dataclass(frozen=True)
class NestedPytest:
    """A folder with the plugin and its options, in which a test file is run."""

    folder: Path

    def command(self, body: str, *options: str) -> list[str]:
        """The command that runs the tests `body`."""
        (self.folder / "test_it.py").write_text(PREAMBLE + body)
        return [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"),
            *(f"--basetemp={self.folder / 'basetemp'}", *options),
        ]

    def run_files(
        self, *arguments: str, files: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run tests in files of their own, with what pytest keeps from run to run."""
        for name, text in (files or {}).items():
            (self.folder / name).write_text(text)
        return self._run([sys.executable, "-m", "pytest", *arguments])

    def environment(self) -> dict[str, str]:
        """Its environment: a session of its own, no part of this one's."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
        # a file that is written again within a second would be taken for what it was
        own = {"PYTHONPATH": str(ROOT / "harness"), "PYTHONDONTWRITEBYTECODE": "1"}
        return {**inherited, **own}

    def run(self, body: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the tests `body`."""
        return self._run(self.command(body, *options))

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


def nested_in(folder: Path) -> NestedPytest:
    """Pytest in a folder of its own."""
    (folder / "conftest.py").write_text(f'pytest_plugins = ["{PLUGIN}"]\n')
    options = (ROOT / "pytest.ini").read_text().replace("testpaths", "# testpaths")
    (folder / "pytest.ini").write_text(options)
    return NestedPytest(folder)


@pytest.fixture
def nested(tmp_path: Path) -> NestedPytest:
    """Runs tests in a process of their own."""
    return nested_in(tmp_path)


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    """Of a device that is not there: a test puts its lines."""
    console = Console(tmp_path / "dut.log")
    yield console
    console.close()
