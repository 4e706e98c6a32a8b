"""The same test in a session of this harness, and in one of pytest-embedded as it comes."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.program import python_path
from pytest_embedded_hotreload.api import FirmwareBuild, Lane
from pytest_embedded_hotreload.cli.idf import idf_of
from pytest_embedded_hotreload.device import SERVER_PORT
from pytest_embedded_hotreload.paths import ROOT

EXAMPLE = ROOT / "examples" / "basic"
#: what a test leaves for the benchmark, beside its file, as JSON
FOUND = "found.json"
PLUGIN = 'pytest_plugins = ["pytest_embedded_hotreload.plugin"]'
#: pytest-embedded does not know where the device is
URL = """
import pytest

@pytest.fixture
def device_url():
    return "http://127.0.0.1:{port}"
"""


@dataclass(frozen=True)
class Session:
    """A test of the example, with `dut` and `device_url`, and hooks for its session."""

    test: str
    hooks: str = ""

    def harness(self, folder: Path, lane: Lane) -> Any:
        """What the test has found."""
        options = (f"--lane={lane.name}", f"--app-path={EXAMPLE}")
        return self._run(folder, PLUGIN, os.environ, *options)

    def embedded(self, folder: Path, lane: Lane, firmware: FirmwareBuild) -> Any:
        """The same; `firmware` is the example's."""
        # QEMU behind Espressif's command line, which pytest-embedded writes
        environment = idf_of(lane.name).environment
        port = free_port()
        network = f"-nic user,model=open_eth,hostfwd=tcp:127.0.0.1:{port}-:{SERVER_PORT}"
        return self._run(
            *(folder, URL.format(port=port), environment, "--embedded-services", "idf,qemu"),
            *(f"--app-path={EXAMPLE}", f"--build-dir={firmware.build_dir}"),
            *(f"--qemu-image-path={folder / 'flash.bin'}", f"--qemu-extra-args={network}"),
        )

    def _run(
        self, folder: Path, conftest: str, environment: Mapping[str, str], *options: str
    ) -> Any:
        folder.mkdir()
        (folder / "pytest.ini").write_text("[pytest]\n")
        (folder / "conftest.py").write_text(conftest + self.hooks)
        (folder / "test_session.py").write_text(self.test)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-c", "pytest.ini", "-p", "no:randomly", *options],
            cwd=folder,
            env={**environment, "PYTHONPATH": python_path()},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads((folder / FOUND).read_text())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
