"""The ESP-IDF that a lane builds with: the work-alike, or the exported one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_embedded_hotreload.cli.errors import NOT_BUILT, CommandError, MissingError
from pytest_embedded_hotreload.paths import WORK_ALIKE

LANES = ("sim", "esp32", "board")


class NotBuiltError(CommandError):
    """The project does not build; what the build said comes before the last line."""

    status = NOT_BUILT


@dataclass(frozen=True)
class Idf:
    """An ESP-IDF, as programs are started with it."""

    environment: Mapping[str, str]
    python: str

    def command(self, project: Path, build: Path, *arguments: str) -> list[str]:
        """`idf.py` for a project."""
        program = str(Path(self.environment["IDF_PATH"]) / "tools" / "idf.py")
        return [self.python, program, "-C", str(project), "-B", str(build), *arguments]

    def build(self, project: Path, folder: Path) -> None:
        """Build what has changed."""
        self._refuse_others(folder)
        done = subprocess.run(
            self.command(project, folder, "build"),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        if done.returncode != 0:
            raise NotBuiltError(f"{done.stdout}{project} does not build")

    def _refuse_others(self, folder: Path) -> None:
        """One build directory is of one ESP-IDF."""
        other = idf_path(folder)
        own = self.environment["IDF_PATH"]
        if other and other.resolve() != Path(own).resolve():
            raise CommandError(
                f"{folder} was built with {other}, not with {own}: remove it, or name another by -B"
            )


def idf_path(folder: Path) -> Path | None:
    """The ESP-IDF that a build directory is of, as far as it says so."""
    try:
        text = (folder / "project_description.json").read_text(encoding="utf-8")
        path = json.loads(text).get("idf_path")
    except (OSError, ValueError):
        return None
    return Path(path) if path else None


def find_work_alike(folder: Path) -> None:
    """Let a build in a directory of the simulated board find what it is built with.

    Nobody exports that, and the build may have to configure itself anew.
    """
    path = idf_path(folder)
    if path and path.resolve() == WORK_ALIKE:
        os.environ.update(simulated().environment)


def default_lane(environment: Mapping[str, str] = os.environ) -> str:
    """Where a project runs unless it is told: on the simulated board without another ESP-IDF."""
    path = environment.get("IDF_PATH")
    return "sim" if not path or Path(path).resolve() == WORK_ALIKE else "esp32"


def idf_of(lane: str) -> Idf:
    """The ESP-IDF of a lane; a MissingError says how to get it."""
    return simulated() if lane == "sim" else exported()


def simulated() -> Idf:
    """The work-alike with its toolchain."""
    from pytest_embedded_hotreload.sim import sdk

    try:
        tools = sdk.sdk_path() / "bin"
    except sdk.ProvisionError as error:
        raise MissingError(f"{error}, or hotreload doctor --install") from error
    # QEMU behind Espressif's command line, which is what runs a project in every lane
    qemu = WORK_ALIKE / "tools" / "qemu"
    path = [str(qemu), str(Path(sys.executable).parent), str(tools), os.environ["PATH"]]
    environment = {
        **os.environ,
        "IDF_PATH": str(WORK_ALIKE),
        "IDF_PYTHON_ENV_PATH": sys.prefix,
        "IDF_TARGET": "esp32",
        "PATH": os.pathsep.join(path),
    }
    return Idf(environment, sys.executable)


def exported() -> Idf:
    """The one that `export.sh` has put into the environment."""
    how = "install ESP-IDF v5.0 or later and run `. <its folder>/export.sh`"
    path = os.environ.get("IDF_PATH")
    if not path or not (Path(path) / "tools" / "idf.py").is_file():
        raise MissingError(f"ESP-IDF is missing, IDF_PATH is {path or 'not set'}: {how}")
    if Path(path).resolve() == WORK_ALIKE:
        raise MissingError(f"IDF_PATH is the work-alike of the simulated board: {how}")
    environment = os.environ.get("IDF_PYTHON_ENV_PATH")
    if not environment:
        raise MissingError(f"ESP-IDF is not exported: run `. {path}/export.sh`")
    return Idf(os.environ, str(Path(environment) / "bin" / "python"))
