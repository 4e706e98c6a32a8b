"""The wheel holds what git tracks of the parts that users need, and nothing else."""

import ast
import importlib.metadata
import itertools
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT
from tests.package.conftest import Environment, build, run

PACKAGE = "pytest_embedded_hotreload"
#: what a user of the checkout may find in these folders
LEFT_BY_BUILDS = (
    "component/hotreload/tools/__pycache__/hotreload.cpython-311.pyc",
    "component/hotreload/tools/hotreload_build/__pycache__/elf.cpython-311.pyc",
    "examples/basic/build/basic.elf",
    "examples/basic/dependencies.lock",
    "examples/basic/managed_components/other/CMakeLists.txt",
    "examples/basic/sdkconfig",
    f"harness/{PACKAGE}/__pycache__/plugin.cpython-311.pyc",
    f"harness/{PACKAGE}/sim/idf/sdkconfig.old",
)


def contents(wheel: Path) -> dict[str, bytes]:
    """The files of a wheel but those that describe it."""
    with zipfile.ZipFile(wheel) as archive:
        return {
            name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name
        }


def tracked() -> dict[str, Path]:
    """What git tracks of what belongs into the wheel, by its place there."""
    folders = [f"harness/{PACKAGE}", "component", "examples/basic"]
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", *folders], capture_output=True, text=True, check=True
    ).stdout.split("\0")
    places = {}
    for name in filter(None, listed):
        if re.match(r"component/\w+/\w+_test/", name) is None:
            inside = name.removeprefix("harness/")
            places[inside if inside != name else f"{PACKAGE}/repository/{name}"] = ROOT / name
    return places


def test_it_has_what_git_tracks_and_no_more(wheel: Path) -> None:
    found, wanted = contents(wheel), tracked()

    assert sorted(found) == sorted(wanted)
    assert [name for name in wanted if found[name] != wanted[name].read_bytes()] == []


def test_programs_stay_programs(installed: Environment) -> None:
    place = installed.package.parent
    for name, source in tracked().items():
        is_program = source.stat().st_mode & 0o111 != 0
        assert ((place / name).stat().st_mode & 0o111 != 0) == is_program, name


def test_the_source_archive_builds_the_same_whatever_builds_have_left(
    wheel: Path, tmp_path: Path
) -> None:
    archive = build(ROOT, "sdist", tmp_path / "sdist")
    shutil.unpack_archive(archive, tmp_path / "unpacked")
    (source,) = (tmp_path / "unpacked").iterdir()
    for name in LEFT_BY_BUILDS:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("left behind")

    again = build(source, "wheel", tmp_path / "wheel")

    assert again.name == wheel.name
    assert contents(again) == contents(wheel)


def imported_modules() -> set[str]:
    """The top-level names that the installed files import."""
    names = set()
    for file in tracked().values():
        if file.suffix == ".py":
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Import):
                    names |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names.add(node.module.partition(".")[0])
    return names


def test_what_it_imports_is_installed_with_it(installed: Environment) -> None:
    """Each distribution that a file imports is named, at the least with an extra."""
    distribution = f"{PACKAGE}-*.dist-info"
    (described,) = installed.package.parent.glob(distribution)
    metadata = importlib.metadata.PathDistribution(described)
    named = {Requirement(line).name for line in metadata.requires or []}
    owners = importlib.metadata.packages_distributions()
    imported = {
        re.sub(r"[-_.]+", "-", owner).lower()
        for module in imported_modules() - sys.stdlib_module_names
        for owner in owners.get(module, [])
    }

    assert imported - named == set()


def test_the_locked_versions_are_allowed() -> None:
    """The versions that everything is tested with."""
    locked = dict(
        re.findall(r"^([\w-]+)==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = itertools.chain(project["dependencies"], *project["optional-dependencies"].values())
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(locked[requirement.name.lower()]), requirement


def test_it_knows_its_version_and_its_pythons(installed: Environment) -> None:
    asked = (
        "from importlib.metadata import metadata; m = metadata('pytest-embedded-hotreload'); "
        "print(m['Version'], m['Requires-Python'], *sorted(c[-4:] for c in m.get_all('Classifier')"
        " if ':: 3.' in c))"
    )
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    said = run(installed.python, "-c", asked).stdout.split()

    assert said == [version, ">=3.11", "3.11", "3.12", "3.13"]


@pytest.mark.parametrize("module", ["requests", "esptool", "typer", "plotly"])
def test_nothing_slow_is_imported_before_it_is_asked_for(
    installed: Environment, module: str
) -> None:
    asked = f"import sys, {PACKAGE}.entry; print({module!r} in sys.modules)"

    assert run(installed.python, "-c", asked).stdout == "False\n"
