"""Python environments from locked requirements: the harness's, and labgrid's."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_embedded_hotreload.sim.provision.steps import Step
from pytest_embedded_hotreload.sim.sdk import FARM_REQUIREMENTS, REQUIREMENTS, interpreter

#: published as source only
FROM_SOURCE = "esptool"
#: what builds them: locked like the rest, and installed before it
BUILD_BACKEND = "setuptools"


def build_venv(folder: Path, step: Step) -> None:
    """The environment of the harness."""
    _make_empty(folder, step)
    backend = folder / "build-requirements.txt"
    backend.write_text(_locked(BUILD_BACKEND))
    for requirements in (backend, REQUIREMENTS):
        _install(folder, requirements, step)


def build_farm(folder: Path, step: Step) -> None:
    """The environment of labgrid."""
    _make_empty(folder, step)
    _install(folder, FARM_REQUIREMENTS, step)


def _make_empty(folder: Path, step: Step) -> None:
    step.say("empty environment")
    step.run([interpreter(), "-m", "venv", folder], "a Python environment cannot be made")
    step.say("packages")


def _install(folder: Path, requirements: Path, step: Step) -> None:
    step.run(
        # -I: no PYTHON* variable of the user; wheels only, and no environments for builds:
        # nothing is run that has no hash
        ["env", "PIP_USER=0", folder / "bin" / "python", "-I", "-m", "pip", "install",
         "--no-deps", "--disable-pip-version-check", "--no-input", "--require-hashes",
         "--no-build-isolation", "--only-binary", ":all:", "--no-binary", FROM_SOURCE,
         "-r", requirements],
        "the locked Python packages cannot be had",
    )  # fmt: skip


def _locked(package: str) -> str:
    """The entry of one package: its version and hashes."""
    entry = re.search(rf"^{package}==.*(?:\n {{4}}--hash=.*)+", REQUIREMENTS.read_text(), re.M)
    assert entry is not None
    return entry[0] + "\n"
