"""The ESP-IDF that `export.sh` has put into the environment."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_embedded_hotreload.errors import MissingToolError

OLDEST = (5, 0)
HOW = f"install ESP-IDF v{OLDEST[0]}.{OLDEST[1]} or later and run `. <its folder>/export.sh`"

_VERSION = re.compile(r"set\(IDF_VERSION_(MAJOR|MINOR|PATCH)\s+(\d+)\)")


class NoEspIdfError(MissingToolError):
    """No ESP-IDF is in the environment, or none that can be used."""


@dataclass(frozen=True)
class EspIdf:
    """An ESP-IDF whose tools are in the environment."""

    path: Path
    version: tuple[int, int, int]
    python: Path

    @classmethod
    def exported(cls, environment: Mapping[str, str] = os.environ) -> "EspIdf":
        """The one that the environment names; raises `NoEspIdfError`."""
        if not environment.get("IDF_PATH"):
            raise NoEspIdfError(f"ESP-IDF is missing, IDF_PATH is not set: {HOW}")
        path = Path(environment["IDF_PATH"])
        if not (path / "tools" / "idf.py").is_file():
            raise NoEspIdfError(f"IDF_PATH is {path}, which has no tools/idf.py: {HOW}")
        version = _version(path)
        if version[:2] < OLDEST:
            found = ".".join(map(str, version))
            raise NoEspIdfError(f"the ESP-IDF of IDF_PATH, {path}, is v{found}, too old: {HOW}")
        if not environment.get("IDF_PYTHON_ENV_PATH"):
            raise NoEspIdfError(
                f"ESP-IDF is not exported, IDF_PYTHON_ENV_PATH is not set: run `. {path}/export.sh`"
            )
        python = Path(environment["IDF_PYTHON_ENV_PATH"]) / "bin" / "python"
        if not python.exists():
            raise NoEspIdfError(
                f"ESP-IDF has no {python} (IDF_PYTHON_ENV_PATH): "
                f"run {path}/install.sh esp32 and `. {path}/export.sh`"
            )
        return cls(path, version, python)

    def idf_py(self, project: Path, build_dir: Path) -> list[str]:
        """The command `idf.py` for a project and its build directory, without an action."""
        program = str(self.path / "tools" / "idf.py")
        return [str(self.python), program, "-C", str(project), "-B", str(build_dir)]


def _version(path: Path) -> tuple[int, int, int]:
    file = path / "tools" / "cmake" / "version.cmake"
    try:
        found = dict(_VERSION.findall(file.read_text()))
        return int(found["MAJOR"]), int(found["MINOR"]), int(found["PATCH"])
    except (OSError, KeyError) as error:
        raise NoEspIdfError(f"IDF_PATH is {path}, whose version {file} does not tell") from error
