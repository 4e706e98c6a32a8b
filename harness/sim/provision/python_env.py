"""The Python environment of the harness, from the locked requirements."""

from __future__ import annotations

from pathlib import Path

from harness.sim.provision.steps import Step
from harness.sim.sdk import PYTHON, REQUIREMENTS


def build_venv(folder: Path, step: Step) -> None:
    step.say("empty environment")
    step.run([PYTHON, "-m", "venv", folder], "a Python environment cannot be made")
    step.say("packages")
    step.run(
        # -I: no PYTHON* variable of the user; wheels only: nothing is run that has no hash
        ["env", "PIP_USER=0", folder / "bin" / "python", "-I", "-m", "pip", "install", "--no-deps",
         "--disable-pip-version-check", "--no-input", "--only-binary", ":all:", "--require-hashes",
         "-r", REQUIREMENTS],
        "the locked Python packages cannot be had",
    )  # fmt: skip
