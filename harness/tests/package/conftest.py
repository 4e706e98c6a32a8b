"""The package as its users have it: a wheel, in an environment of its own."""

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.conftest import ROOT

#: of a project: writes down what pytest knows of its tests
WRITES_DOWN = """
import json, sys
import pytest

pytest_plugins = {plugins}

@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session):
    config = session.config
    fixtures = session._fixturemanager._arg2fixturedefs
    known = {{
        "tests": [item.nodeid for item in session.items],
        "timeouts": {{
            item.name: [mark.args, mark.kwargs]
            for item in session.items
            if (mark := item.get_closest_marker("timeout"))
        }},
        "options": {{
            name: repr(value) for name, value in vars(config.option).items() if name != "plugins"
        }},
        "ini": sorted(config._parser._inidict),
        "markers": config.getini("markers"),
        "fixtures": {{name: each[-1].func.__module__ for name, each in fixtures.items()}},
        "modules": sorted(sys.modules),
        "warnings": sys.warnoptions,
        "path": sys.path,
    }}
    with open("known.json", "w") as file:
        json.dump(known, file)
"""


def run(*command: str | Path, **settings: Any) -> subprocess.CompletedProcess[str]:
    """A program with what it says, in an environment that knows of this checkout but its cache."""
    ours = ("PYTEST_", "PYTHON", "IDF_", "HOTRELOAD_")
    kept = "HOTRELOAD_CACHE"
    environment = {k: v for k, v in os.environ.items() if k == kept or not k.startswith(ours)}
    environment |= settings.pop("env", {})
    return subprocess.run(command, capture_output=True, text=True, env=environment, **settings)


def build(source: Path, kind: str, into: Path) -> Path:
    """What users install, built without a network."""
    options = ("--no-isolation", f"--{kind}", "-o", into, source)
    done = run(sys.executable, "-m", "build", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = into.iterdir()
    return made


@pytest.fixture(scope="session")
def once(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str, Callable[[Path], object]], Path]:
    """A folder that is filled once, whichever process of the session is the first."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def fill(name: str, make: Callable[[Path], object]) -> Path:
        folder, filled = shared / name, shared / f"{name}.filled"
        with FileLock(shared / f"{name}.lock"):
            if not filled.exists():
                folder.mkdir()  # where it stays: programs of an environment name their own place
                make(folder)
                filled.touch()
        return folder

    return fill


@pytest.fixture(scope="session")
def wheel(once: Callable[[str, Callable[[Path], object]], Path]) -> Path:
    """The wheel of this checkout."""
    (made,) = once("wheel", lambda folder: build(ROOT, "wheel", folder)).iterdir()
    return made


@dataclass(frozen=True)
class Environment:
    """A Python environment that the wheel is installed in."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def package(self) -> Path:
        """Where the package lies in it."""
        done = run(self.python, "-c", "import pytest_embedded_hotreload as p; print(p.__file__)")
        return Path(done.stdout.strip()).parent


@pytest.fixture(scope="session")
def installed(once: Callable[[str, Callable[[Path], object]], Path], wheel: Path) -> Environment:
    """The wheel in an environment; what it depends on is this one's."""

    def make(folder: Path) -> None:
        done = run(sys.executable, "-m", "venv", "--without-pip", folder)
        assert done.returncode == 0, done.stderr
        python = folder / "bin" / "python"
        place = Path(run(python, "-c", PLACE).stdout.strip())
        (place / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
        options = ("--no-deps", "--no-index", "--no-compile", wheel)
        done = run(sys.executable, "-m", "pip", "--python", python, "install", *options)
        assert done.returncode == 0, done.stderr

    return Environment(once("installed", make))


PLACE = "import sysconfig; print(sysconfig.get_path('purelib'))"


@dataclass(frozen=True)
class Project:
    """A project of somebody else: a folder with tests."""

    folder: Path
    python: Path

    def write(self, **files: str) -> None:
        """Files by their names without the last part: `test_a` is Python, `pytest` its settings."""
        kinds = {"pytest": "ini", "pyproject": "toml"}
        for name, text in files.items():
            (self.folder / f"{name}.{kinds.get(name, 'py')}").write_text(text)

    def pytest(self, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run its tests."""
        own = ("-p", "no:cacheprovider", f"--basetemp={self.folder / 'basetemp'}")
        return run(self.python, "-m", "pytest", *own, *options, cwd=self.folder, env=environment)

    def known(self, *options: str, plugins: str = "[]") -> dict[str, Any]:
        """What pytest knows of it once its tests are collected."""
        self.write(conftest=WRITES_DOWN.format(plugins=plugins))
        done = self.pytest("--collect-only", *options)
        assert done.returncode == 0, done.stdout + done.stderr
        found: dict[str, Any] = json.loads((self.folder / "known.json").read_text())
        return found


@pytest.fixture
def project(tmp_path: Path, installed: Environment) -> Project:
    """An empty project, with the installed package."""
    return Project(tmp_path, installed.python)
