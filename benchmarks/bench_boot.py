"""From nothing to the first answer of a fresh device, beside pytest-embedded as it comes.

The same test of the same project, in a session of pytest of its own for each round: it waits for
the line that says that the server listens, and asks for the status. What counts is the second
device of the session, from the begin of its set-up on: what is done once was done for the first.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.plugin import Compare
from benchmarks.program import python_path
from pytest_embedded_hotreload.api import FirmwareBuild, FirmwareBuilder, Lane
from pytest_embedded_hotreload.cli.idf import idf_of
from pytest_embedded_hotreload.device import READY, SERVER_PORT
from pytest_embedded_hotreload.paths import ROOT

EXAMPLE = ROOT / "examples" / "basic"
TEST = f"""
import json
import time
from pathlib import Path

import pytest
import requests

@pytest.mark.parametrize("number", range(2))
def test_answer(request, dut, device_url, number):
    dut.expect({READY!r}, timeout=60)
    assert requests.get(device_url + "/status", timeout=60).json()["loaded"]
    took = time.monotonic() - dict(request.node.user_properties)["began"]
    Path(__file__).with_name("times.json").write_text(json.dumps(took))
"""
PLUGIN = 'pytest_plugins = ["pytest_embedded_hotreload.plugin"]'
BEGAN = """
import time

import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    item.user_properties.append(("began", time.monotonic()))
"""
#: pytest-embedded does not know where the device is
URL = """
@pytest.fixture
def device_url():
    return "http://127.0.0.1:{port}"
"""


def bench_boot(
    compare: Compare, rounds: int, lane: Lane, firmware_builder: FirmwareBuilder, tmp_path: Path
) -> None:
    firmware = firmware_builder.build(EXAMPLE)
    times = compare("a fresh device", "s")
    for number in range(rounds):
        ours = harness(tmp_path / f"harness-{number}", lane)
        stock = embedded(tmp_path / f"stock-{number}", lane, firmware)
        times.add("nothing to first answer", "this harness", ours)
        times.add("nothing to first answer", "pytest-embedded", stock)


def harness(folder: Path, lane: Lane) -> float:
    options = (f"--lane={lane.name}", f"--app-path={EXAMPLE}")
    return seconds(folder, PLUGIN + BEGAN, os.environ, *options)


def embedded(folder: Path, lane: Lane, firmware: FirmwareBuild) -> float:
    # QEMU behind Espressif's command line, which pytest-embedded writes
    environment = idf_of(lane.name).environment
    port = free_port()
    network = f"-nic user,model=open_eth,hostfwd=tcp:127.0.0.1:{port}-:{SERVER_PORT}"
    return seconds(
        *(folder, BEGAN + URL.format(port=port), environment, "--embedded-services", "idf,qemu"),
        *(f"--app-path={EXAMPLE}", f"--build-dir={firmware.build_dir}"),
        *(f"--qemu-image-path={folder / 'flash.bin'}", f"--qemu-extra-args={network}"),
    )


def seconds(folder: Path, conftest: str, environment: Mapping[str, str], *options: str) -> float:
    """What the session's second device has taken."""
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "conftest.py").write_text(conftest)
    (folder / "test_boot.py").write_text(TEST)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", "pytest.ini", "-p", "no:randomly", *options],
        cwd=folder,
        env={**environment, "PYTHONPATH": python_path()},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    took: float = json.loads((folder / "times.json").read_text())
    return took


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
