"""idf_component.yml: local dependencies are found, others are named and left out."""

import subprocess
import sys
from pathlib import Path

from pytest_embedded_hotreload.paths import WORK_ALIKE

TOOL = WORK_ALIKE / "tools" / "component_manifest.py"


def run_tool(*manifests: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(TOOL), *map(str, manifests)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def make_component(folder: Path, dependencies: str = "") -> Path:
    folder.mkdir(parents=True)
    (folder / "CMakeLists.txt").write_text("idf_component_register()\n")
    manifest = folder / "idf_component.yml"
    if dependencies:
        manifest.write_text(f"dependencies:\n{dependencies}")
    return manifest


def test_path_dependencies_are_followed(tmp_path: Path) -> None:
    make_component(tmp_path / "inner")
    make_component(tmp_path / "with space" / "outer", "  inner:\n    path: ../../inner\n")
    main = make_component(
        tmp_path / "main", "  outer:\n    version: '*'\n    override_path: '../with space/outer'\n"
    )
    result = run_tool(main)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        f"manifest {main}",
        f"manifest {tmp_path / 'with space' / 'outer' / 'idf_component.yml'}",
        f"dir {tmp_path / 'with space' / 'outer'}",
        f"dir {tmp_path / 'inner'}",
        "edge main=outer",
        "edge outer=inner",
    ]


def test_cycle_ends(tmp_path: Path) -> None:
    a = make_component(tmp_path / "a", "  b:\n    path: ../b\n")
    make_component(tmp_path / "b", "  a:\n    path: ../a\n")
    result = run_tool(a)
    assert result.returncode == 0
    assert result.stdout.count("dir ") == 2


def test_downloads_are_named(tmp_path: Path) -> None:
    main = make_component(
        tmp_path / "main",
        "  idf: '>=5.0'\n  espressif/led: '^1.0'\n  tool:\n    git: https://example.org/x.git\n",
    )
    result = run_tool(main)
    assert result.returncode == 0
    assert result.stderr == (
        "Component manager: not downloaded and left out: espressif/led (of main), tool (of main)\n"
    )
    assert "dir " not in result.stdout


def test_missing_directory_is_an_error(tmp_path: Path) -> None:
    main = make_component(tmp_path / "main", "  gone:\n    path: ../gone\n")
    result = run_tool(main)
    assert result.returncode == 1
    assert result.stderr == (
        f"{main}: path '../gone' of dependency 'gone' is not a component directory "
        f"(no CMakeLists.txt in {tmp_path / 'gone'})\n"
    )


def test_bad_yaml_is_one_line(tmp_path: Path) -> None:
    main = make_component(tmp_path / "main", "  - : [\n")
    result = run_tool(main)
    assert result.returncode == 1
    assert result.stderr.startswith(f"{main}: ")
    assert result.stderr.count("\n") == 1


def test_manifest_without_dependencies(tmp_path: Path) -> None:
    main = make_component(tmp_path / "main")
    main.write_text("description: nothing else\n")
    assert run_tool(main).stdout == f"manifest {main}\n"
