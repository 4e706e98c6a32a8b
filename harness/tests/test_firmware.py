"""A firmware is built once per session and only when needed; what fails is told in one message."""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pytest_embedded.utils import ClassCliOptions

from pytest_embedded_hotreload.errors import BuildError, HarnessError, MissingToolError
from pytest_embedded_hotreload.firmware import FirmwareBuilder
from pytest_embedded_hotreload.lanes import DutContext, Lane, find_lane

BUILD = """
import json, pathlib, sys
build = pathlib.Path(sys.argv[1])
with (build / "log").open("a") as log:
    log.write(sys.argv[2] + "\\n")
(build / "project_description.json").write_text(
    json.dumps({"project_name": "fake", "app_elf": "fake.elf"}))
(build / "fake.elf").write_text("firmware")
(build / "config").mkdir(exist_ok=True)
(build / "Kconfig").write_text("config A\\nconfig B\\nconfig X\\n")
(build / "kconfigs.in").write_text(f'source "{build / "Kconfig"}"\\n')
(build / "config" / "sdkconfig.json").write_text("{}")
"""
FAIL = """
print("[1/3] Building C object main.c.obj")
print("FAILED: main.c.obj")
print("/sdk/bin/gcc -c main.c -o main.c.obj")
print("main.c:3:5: error: expected ';' before 'return'")
print("ninja: build stopped: subcommand failed.")
sys.exit(1)
"""


class FakeLane(Lane):
    """Builds by Python scripts that note what they did."""

    name = "fake"
    summary = "for tests"
    services = "idf"
    capabilities = frozenset()
    build_script = BUILD
    program = sys.executable

    def require_tools(self) -> None:
        pass

    def environment(self) -> dict[str, str]:
        return {}

    def configure_command(
        self, project: Path, build_dir: Path, defaults: Sequence[Path]
    ) -> list[str]:
        settings = " ".join(" ".join(path.read_text().split()) for path in defaults)
        return [self.program, "-c", BUILD, str(build_dir), f"configure {settings}".strip()]

    def build_command(self, project: Path, build_dir: Path, *targets: str) -> list[str]:
        return [self.program, "-c", self.build_script, str(build_dir), "build"]

    def put_in_classes(self, options: ClassCliOptions, context: DutContext) -> None:
        raise NotImplementedError

    def url(self, dut: Any, port: int) -> str:
        raise NotImplementedError

    def memory(self, dut: Any) -> Any:
        raise NotImplementedError

    def flash(self, dut: Any) -> Any:
        raise NotImplementedError


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "fake"
    folder.mkdir()
    (folder / "CMakeLists.txt").touch()
    return folder


def builder(tmp_path: Path, session: str = "one", lane: Lane | None = None) -> FirmwareBuilder:
    return FirmwareBuilder(lane or FakeLane(), tmp_path / "cache", session)


def log_of(build_dir: Path) -> list[str]:
    return (build_dir / "log").read_text().splitlines()


def test_where_and_what(tmp_path: Path, project: Path) -> None:
    build = builder(tmp_path).build(project)

    assert build.build_dir.is_relative_to(tmp_path / "cache" / "builds" / "fake")
    assert build.name == "fake"
    assert build.elf.read_text() == "firmware"
    assert len(build.build_id) == 16
    assert list(project.iterdir()) == [project / "CMakeLists.txt"]


def test_once_per_session_in_any_number_of_processes(tmp_path: Path, project: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        builds = list(pool.map(lambda b: b.build(project), [builder(tmp_path) for _ in range(4)]))

    assert log_of(builds[0].build_dir) == ["configure", "build"]


def test_next_session_builds_what_has_changed(tmp_path: Path, project: Path) -> None:
    builder(tmp_path, "one").build(project)
    build = builder(tmp_path, "two").build(project)

    assert log_of(build.build_dir) == ["configure", "build", "build"]


def test_sessions_at_the_same_time_do_not_share_files(tmp_path: Path, project: Path) -> None:
    one, two, worker_of_two = (builder(tmp_path, session) for session in ("one", "two", "two"))
    first = one.build(project)
    second = two.build(project)
    del one

    assert first.build_dir != second.build_dir
    assert log_of(first.build_dir) == ["configure", "build"]
    # a session keeps to its directory, the next takes the first that is free
    assert worker_of_two.build(project).build_dir == second.build_dir
    assert log_of(second.build_dir) == ["configure", "build"]
    assert builder(tmp_path, "three").build(project).build_dir == first.build_dir


def test_build_that_fails_is_not_in_use(tmp_path: Path, project: Path) -> None:
    lane = FakeLane()
    lane.build_script = "import sys\n" + FAIL
    failing = builder(tmp_path, "one", lane)
    with pytest.raises(BuildError):
        failing.build(project)

    build = builder(tmp_path, "two").build(project)

    assert log_of(build.build_dir) == ["configure", "build"]
    assert build.build_dir == failing.build_dir(project, {})


def test_cache_that_cannot_be_written_to(tmp_path: Path, project: Path) -> None:
    (tmp_path / "cache").write_text("a file")

    with pytest.raises(HarnessError, match="builds need a cache that can be written to"):
        builder(tmp_path).build(project)


def test_changed_defaults_configure_anew(tmp_path: Path, project: Path) -> None:
    builder(tmp_path, "one").build(project)
    (project / "sdkconfig.defaults").write_text("CONFIG_A=y\n")
    build = builder(tmp_path, "two").build(project)

    assert log_of(build.build_dir)[2:] == ["configure CONFIG_A=y", "build"]


def test_configurations_have_builds_of_their_own(tmp_path: Path, project: Path) -> None:
    (project / "sdkconfig.defaults").write_text("CONFIG_A=y\n")
    both = builder(tmp_path)

    plain = both.build(project)
    other = both.build(project, {"CONFIG_X": "y", "CONFIG_B": "3"})

    assert plain.build_dir != other.build_dir
    assert log_of(plain.build_dir)[0] == "configure CONFIG_A=y"
    assert log_of(other.build_dir)[0] == "configure CONFIG_A=y CONFIG_B=3 CONFIG_X=y"


def test_another_toolchain_builds_anew(
    tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CMake would go on with the compiler that it has found."""
    folders = set()
    for key in ("old", "new"):
        monkeypatch.setattr("pytest_embedded_hotreload.sim.sdk.sdk_path", lambda k=key: Path(k))
        folders.add(builder(tmp_path, lane=find_lane("sim")).build_dir(project, {}))

    assert len(folders) == 2


def test_compiler_error(tmp_path: Path, project: Path) -> None:
    lane = FakeLane()
    lane.build_script = "import sys\n" + FAIL
    failing = builder(tmp_path, lane=lane)

    with pytest.raises(BuildError) as failed:
        failing.build(project)

    assert failed.value.output == "main.c:3:5: error: expected ';' before 'return'"
    assert str(failed.value).startswith(f"{project} does not build:\n")
    with pytest.raises(BuildError, match="the first test that needed it shows the output"):
        failing.build(project)


def test_missing_program(tmp_path: Path, project: Path) -> None:
    lane = FakeLane()
    lane.program = "/nowhere/cmake"

    with pytest.raises(MissingToolError, match="/nowhere/cmake is not installed: run ci/setup"):
        builder(tmp_path, lane=lane).build(project)


def test_folder_that_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"is no ESP-IDF project: it has no CMakeLists\.txt"):
        builder(tmp_path).build(tmp_path)


def test_firmware_without_a_module(tmp_path: Path, project: Path) -> None:
    with pytest.raises(HarnessError, match="has no reloadable component"):
        _ = builder(tmp_path).build(project).manifest
