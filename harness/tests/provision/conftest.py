from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_embedded_hotreload.sim import sdk as provisioned
from pytest_embedded_hotreload.sim.provision.steps import Step

BOARD = Path(__file__).parent / "board"


@pytest.fixture(scope="session")
def sdk() -> Path:
    return provisioned.sdk_path()


@pytest.fixture
def tool(sdk: Path) -> Callable[..., str]:
    """Run a tool of the toolchain by its short name; the answer is its standard output."""

    def run(name: str, *arguments: str | Path) -> str:
        command = [sdk / "bin" / f"xtensa-sim-elf-{name}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def on_board(tool: Callable[..., str], tmp_path: Path) -> Callable[[str], str]:
    """Compile a program of board/ for the bare board, run it there, and answer what it printed."""

    def run(name: str) -> str:
        elf = tmp_path / f"{name}.elf"
        sources = [BOARD / "start.S", BOARD / "board.c", *BOARD.glob(f"{name}.[cS]")]
        tool(
            "gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-mlongcalls", "-nostdlib",
            "-T", BOARD / "link.ld", "-Wl,--no-warn-rwx-segments", *sources, "-o", elf,
            "-Wl,--start-group", "-lc", "-lm", "-lgcc", "-Wl,--end-group",
        )  # fmt: skip
        machine = [
            "qemu-system-xtensa", "-M", "lx60-nommu", "-m", "64M", "-display", "none",
            "-monitor", "none", "-serial", "stdio", "-no-reboot", "-kernel", str(elf),
        ]  # fmt: skip
        done = subprocess.run(
            machine,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        return done.stdout

    return run


@pytest.fixture
def on_host(tmp_path: Path) -> Callable[[str], str]:
    """The same for this computer; ends as board.c does."""

    def run(name: str) -> str:
        program = tmp_path / f"{name}.host"
        subprocess.run(
            ["gcc", "-std=gnu11", "-O2", "-ffp-contract=off", "-w", BOARD / f"{name}.c",
             "-o", program, "-lm"],
            check=True,
        )  # fmt: skip
        done = subprocess.run([program], capture_output=True, text=True, check=False)
        return f"{done.stdout}exit {done.returncode}\n"

    return run


@pytest.fixture
def step(tmp_path: Path) -> Step:
    return Step("a step", tmp_path / "step.log", io.StringIO())


@dataclass(frozen=True)
class Checkout:
    """A copy of what the provisioning reads of a clone, with a cache of its own."""

    root: Path
    cache: Path

    def run(self, *command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd="/",
            env=os.environ | {"HOTRELOAD_CACHE": str(self.cache)} | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def setup(self, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run(self.root / "ci" / "setup", *options, **environment)

    def path_of(self, what: str) -> str:
        done = self.run(
            "python3", self.root / "harness" / "pytest_embedded_hotreload" / "sim" / "sdk.py", what
        )
        return done.stdout.strip() or done.stderr.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A clone whose cache has what this machine has, and takes what a test makes."""
    root = tmp_path / "a clone"
    source = provisioned.REPOSITORY
    for folder in (provisioned.PROVISION, provisioned.LWIP_PORT):
        unwanted = shutil.ignore_patterns("__pycache__", "tests")
        shutil.copytree(folder, root / folder.relative_to(source), ignore=unwanted)
    for file in (
        "ci/setup",
        "ci/activate",
        "ci/farm.lock",
        "harness/pytest_embedded_hotreload/sim/sdk.py",
        "requirements.lock",
    ):
        (root / file).parent.mkdir(exist_ok=True)
        shutil.copy(source / file, root / file)
    cache = tmp_path / "a cache"
    made = (
        provisioned.sdk_path(),
        provisioned.venv_path(),
        provisioned.lwip_path().parent,
        provisioned.cache_root() / "sources" / provisioned.sources_key(),
    )
    for folder in made:
        (cache / folder.parent.name).mkdir(parents=True)
        (cache / folder.parent.name / folder.name).symlink_to(folder)
    return Checkout(root, cache)
