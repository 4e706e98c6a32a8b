"""A newcomer who follows the quick start of the component's README gets to the end."""

import os
import re
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import requests

from pytest_embedded_hotreload.api import FirmwareBuild, Lane

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "component" / "hotreload" / "README.md"
#: the README says WiFi, which is what boards have
NETWORK = {
    "CONFIG_EXAMPLE_CONNECT_WIFI": "n",
    "CONFIG_EXAMPLE_CONNECT_ETHERNET": "y",
    "CONFIG_EXAMPLE_USE_OPENETH": "y",
    "CONFIG_EXAMPLE_USE_INTERNAL_ETHERNET": "n",
    "CONFIG_EXAMPLE_CONNECT_IPV6": "n",
}


def blocks() -> list[str]:
    """The blocks of code of the quick start, in order."""
    text = README.read_text().partition("\n## Quick start\n")[2].partition("\n## ")[0]
    return [dedent(block) for block in re.findall(r"^ *```\w*\n(.*?)^ *```$", text, re.M | re.S)]


def status_fields() -> set[str]:
    """What the README says that `/status` answers."""
    table = README.read_text().partition("\n| field | type | is |\n")[2].partition("\n\n")[0]
    return {
        name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])
    }


def commands(start: str) -> list[str]:
    """The lines of the block of commands that begins so."""
    return next(block for block in blocks() if block.startswith(start)).splitlines()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project, made by the commands and from the files of the README."""
    (tmp_path / "component").symlink_to(ROOT / "component")
    script = "\n".join([*commands("mkdir"), "pwd"])
    folder = Path(run(["bash", "-euc", script], tmp_path).strip())
    for block in blocks():
        name = re.match(r"(?://|#) (\S+)\n", block)
        if name:
            (folder / name[1]).write_text(block)
    return folder


def run(command: list[str], folder: Path, environment: Mapping[str, str] = os.environ) -> str:
    """What a command prints that has to succeed."""
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.fail(f"{' '.join(command)}:\n{done.stdout}{done.stderr}", pytrace=False)
    return done.stdout


def idf_build(lane: Lane, project: Path) -> None:
    """`idf.py build`."""
    run(lane.build_command(project, project / "build"), project, lane.environment())


@pytest.fixture
def firmware(project: Path, lane: Lane) -> FirmwareBuild:
    """The first build, with what a user chooses in the menu."""
    started = time.monotonic()
    menu = project / "menu.defaults"
    menu.write_text("".join(f"{key}={value}\n" for key, value in NETWORK.items()))
    build_dir = project / "build"
    defaults = [project / "sdkconfig.defaults", *lane.defaults, menu]
    configure = lane.configure_command(project, build_dir, defaults)
    run(configure, project, lane.environment())
    idf_build(lane, project)
    return FirmwareBuild(project, build_dir, NETWORK, time.monotonic() - started)


def test_quick_start(
    lane: Lane, project: Path, firmware: FirmwareBuild, dut: Any, device_url: str
) -> None:
    dut.expect(r"IPv4 address: [\d.]+", timeout=20)
    dut.expect_exact("Hello, world", timeout=20)

    source = project / "components" / "greeter" / "greeter.c"
    source.write_text(source.read_text().replace("Hello, world", "Hello again"))
    first, upload = commands("idf.py build\ncurl")
    assert first == "idf.py build"
    idf_build(lane, project)
    answer = run(["bash", "-euc", upload.replace("http://192.168.1.100:8080", device_url)], project)

    assert '"status":"ok"' in answer
    dut.expect_exact("Hello again", timeout=20, not_matching="Guru Meditation")
    assert dut.console.text.count("boot: ESP-IDF") == 1
    status = requests.get(f"{device_url}/status", timeout=10).json()
    assert set(status) == status_fields()
