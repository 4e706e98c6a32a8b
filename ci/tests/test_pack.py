"""What is packed for the component registry has all that its example needs, and builds with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

PACK = Path(__file__).parents[1] / "pack"
URL = "https://example.org/acme/hotreload"


def pack(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [PACK, *arguments], capture_output=True, text=True, env={**os.environ, "PATH": path}
    )


@pytest.fixture
def component(tmp_path: Path) -> Path:
    """The archive, unpacked."""
    done = pack("acme", f"{URL}/", tmp_path / "packed")
    assert done.returncode == 0, done.stderr
    archive = Path(done.stdout.strip())
    assert list((tmp_path / "packed").iterdir()) == [archive]
    folder = tmp_path / "hotreload"
    folder.mkdir()
    subprocess.run(["tar", "-xzf", archive, "-C", folder], check=True)
    return folder


@pytest.mark.timeout(300)
def test_the_example_of_the_archive_builds_by_itself(
    component: Path, tmp_path: Path, lane: Any
) -> None:
    lane.require_tools()
    project, build = component / "examples" / "basic", tmp_path / "build"
    # its component, and nothing of this repository
    steps = [
        lane.configure_command(project, build, [project / "sdkconfig.defaults", *lane.defaults]),
        lane.build_command(project, build, "hotreload-module"),
    ]
    for step in steps:
        done = subprocess.run(
            step,
            env=lane.environment() | {"IDF_COMPONENT_MANAGER": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout
    assert (build / "reloadable_stripped.so").read_bytes()[:4] == b"\x7fELF"
    sources = (build / "compile_commands.json").read_text()
    assert str(component / "src") in sources
    assert str(PACK.parents[1] / "component") not in sources


def test_the_manifest_says_where_all_is(component: Path) -> None:
    manifest = yaml.safe_load((component / "idf_component.yml").read_text())
    assert manifest["targets"] == ["esp32"]
    assert (manifest["url"], manifest["repository"]) == (URL, f"{URL}.git")
    assert manifest["documentation"].startswith(URL)
    assert (PACK.parents[1] / manifest["documentation"].partition("/HEAD/")[2]).is_file()
    left_out = ["host_test", "doc_test", "tool_test", "Doxyfile"]
    assert [name for name in left_out if (component / name).exists()] == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "for whom? ci/pack NAMESPACE URL [FOLDER], see ci/pack --help"),
        (["acme", "example.org"], "example.org is no address that begins with https://"),
    ],
)
def test_what_is_missing_is_one_line(arguments: list[str], told: str) -> None:
    done = pack(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"ci/pack: {told}\n"
