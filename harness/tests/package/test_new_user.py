"""Who follows docs/use-in-your-project.md gets from an empty folder to what it says."""

import os
import re
import shlex
import shutil
import subprocess
import sysconfig
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from pytest_embedded_hotreload.components import copy_components
from pytest_embedded_hotreload.sim.sdk import cache_root
from tests.conftest import ROOT
from tests.package.conftest import Environment

PAGE = ROOT / "docs" / "use-in-your-project.md"
#: from an empty folder to the last command, with warm caches
SECONDS = 180
#: what a user has of the machine; neither this environment nor an exported toolchain
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NOTHING_ELSE = ("HOME", "LANG", "LC_ALL", "TMPDIR", "HOTRELOAD_CACHE", "XDG_CACHE_HOME")


class Block(NamedTuple):
    """A block of code of the page; the title of a file is its name."""

    language: str
    title: str
    text: str


def blocks() -> list[Block]:
    found = re.findall(
        r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    return [Block(*block) for block in found]


def told(title: str) -> list[str]:
    """The lines that the page shows of the output of the commands of that title."""
    (text,) = (b.text for b in blocks() if (b.language, b.title) == ("text", title))
    return [line.strip() for line in text.splitlines()]


def is_in(line: str, output: str) -> bool:
    """Whether it is there, however far it is indented."""
    return " ".join(line.split()) in " ".join(output.split())


class User:
    """Somebody in a project's folder, who has activated its environment."""

    def __init__(self, folder: Path, wheels: Path) -> None:
        self.folder = folder
        self.environment = {key: os.environ[key] for key in NOTHING_ELSE if key in os.environ}
        self.environment["PATH"] = f"{folder / '.venv' / 'bin'}{os.pathsep}{SYSTEM_PATH}"
        self.environment["PIP_FIND_LINKS"] = str(wheels)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text)

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-euc", script],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture
def user(tmp_path: Path, wheel: Path) -> Iterator[User]:
    folder = tmp_path / f"climate_{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    yield User(folder, wheel.parent)
    for build in (cache_root() / "builds").glob(f"*/{folder.name}-*"):
        shutil.rmtree(build) if build.is_dir() else build.unlink()


#: what the package and the simulated board need is there, as it is here: no registry is asked
BORROWED = f"""
export PIP_NO_INDEX=1 PIP_NO_DEPS=1
pip() {{
    command pip "$@"
    echo {shlex.quote(sysconfig.get_path("purelib"))} >borrowed.pth
    mv borrowed.pth .venv/lib/*/site-packages
}}
pytest() {{
    python -m pytest "$@"
}}
"""


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "prelude",
    [
        pytest.param(BORROWED, id="borrowed"),
        pytest.param("", id="registry", marks=pytest.mark.nightly),
    ],
)
def test_page_leads_from_an_empty_folder_to_red_and_green(
    user: User, prelude: str, figure: Callable[[str], None]
) -> None:
    started = time.monotonic()
    for language, title, text in blocks():
        if language == "console":
            done = user.run(prelude + text)
            shown = told(title) if title else []
            assert [line for line in shown if not is_in(line, done.stdout)] == [], done.stdout
            assert done.returncode == any(line.startswith("E ") for line in shown), done.stdout
        elif language != "text" and title:
            user.write(title, text)
    seconds = time.monotonic() - started
    figure(f"the new user's path: {seconds:.0f} s")
    assert seconds < SECONDS


def test_pipeline_of_the_page_does_what_the_page_does() -> None:
    (text,) = (block.text for block in blocks() if block.language == "yaml")
    steps = yaml.safe_load(text)["jobs"]["test"]["steps"]
    script = "\n".join(step.get("run", "") for step in steps)
    page = "\n".join(block.text for block in blocks() if block.language == "console")
    for command in ("pip install pytest-embedded-hotreload", "hotreload doctor --install"):
        assert command in script
        assert command in page


WITHOUT_PROBE = r"""
import pytest
from pytest_embedded_hotreload.api import HarnessError

@pytest.mark.firmware(config={"CONFIG_HOTRELOAD_PROBE": "n"})
def test_firmware(device, firmware):
    assert b"/probe/" not in firmware.app_image.read_bytes()
    with pytest.raises(HarnessError, match=r"firmware climate\.elf has no probe: add"):
        device.probe.call("climate_fahrenheit", 100)
    assert device.client.status()["module"] == 1
    assert device.variable("readings").read() == 1
"""


@pytest.mark.nightly
@pytest.mark.timeout(300)
def test_firmware_that_leaves_the_desk_has_no_probe(user: User, installed: Environment) -> None:
    for language, title, text in blocks():
        if title and language not in ("console", "text"):
            user.write(title, text)
    copy_components(user.folder / "components")
    user.write("test_without_probe.py", WITHOUT_PROBE)

    done = user.run(f"{installed.python} -m pytest test_without_probe.py")

    assert "1 passed" in done.stdout, done.stdout
