"""What a user's shell exports for other purposes changes neither builds nor requests."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_embedded_hotreload.client import HotReloadClient
from pytest_embedded_hotreload.environment import direct_requests, for_builds
from pytest_embedded_hotreload.firmware import FirmwareBuilder
from pytest_embedded_hotreload.lanes import Lane
from pytest_embedded_hotreload.paths import WORK_ALIKE
from pytest_embedded_hotreload.probe import Probe
from tests.test_client import Server, server  # noqa: F401 - a fixture

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = {
    "CFLAGS": "-march=native",
    "CXXFLAGS": "-march=native",
    "ASMFLAGS": "-march=native",
    "LDFLAGS": "-Wl,-z,now -lnothing",
    "CC": "/no/such/gcc",
    "CPATH": "/no/such/include",
    "CMAKE_BUILD_TYPE": "Release",
    "CMAKE_GENERATOR": "No such generator",
    "NINJA_STATUS": "%p <<%r>> ",
    "CDPATH": "/:/tmp",
    "LC_ALL": "de_DE.ISO-8859-1",
    "LANG": "tr_TR",
}


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A proxy that is not there, and a password for every host."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    netrc = tmp_path / "netrc"
    netrc.write_text("default login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    yield


def test_clients_go_straight_to_the_device(server: Server, proxied: None) -> None:  # noqa: F811
    headers: list[str] = []
    server.heard = headers  # type: ignore[attr-defined]
    client = HotReloadClient(lambda: server.url)
    assert client.request("GET", "/status").ok
    assert "Authorization" not in client.request("GET", "/status").request.headers
    probe = Probe(lambda: server.url)
    assert probe.get("memory", {}).ok
    assert "Authorization" not in probe.get("memory", {}).request.headers


def test_other_requests_of_a_session_go_straight_as_well() -> None:
    environment = {"HTTP_PROXY": "x", "http_proxy": "y", "No_Proxy": "z", "NETRC": "n", "PATH": "p"}
    before = dict(environment)
    with direct_requests(environment):
        assert environment == {"PATH": "p", "NETRC": "/dev/null"}
    assert environment == before


def test_builds_see_none_of_it() -> None:
    assert for_builds({**HOSTILE, "PATH": "p", "IDF_PATH": "i"}) == {
        "PATH": "p",
        "IDF_PATH": "i",
        "LC_ALL": "C.UTF-8",
    }


def test_a_lane_builds_without_it(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    lane.require_tools()
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    assert not {name for name in HOSTILE if name != "LC_ALL"} & set(lane.environment())


def test_flags_for_the_hosts_compiler_stay_out_of_the_work_alike(tmp_path: Path) -> None:
    """As its users build: by CMake in their own shell."""
    from pytest_embedded_hotreload.lanes.sim import LANE

    lane = LANE()
    lane.require_tools()
    project = tmp_path / "project"
    (project / "main").mkdir(parents=True)
    (project / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.16)\n"
        "include($ENV{IDF_PATH}/tools/cmake/project.cmake)\nset(COMPONENTS main)\nproject(app)\n"
    )
    (project / "main" / "CMakeLists.txt").write_text("idf_component_register(SRCS main.c)\n")
    (project / "main" / "main.c").write_text("void app_main(void) {}\n")
    flags = ("CFLAGS", "CXXFLAGS", "ASMFLAGS", "LDFLAGS", "CMAKE_BUILD_TYPE")
    done = subprocess.run(
        lane.configure_command(project, tmp_path / "build", []),
        env=lane.environment() | {name: HOSTILE[name] for name in flags},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    cache = (tmp_path / "build" / "CMakeCache.txt").read_text()
    assert "-march=native" not in cache
    commands = (tmp_path / "build" / "build.ninja").read_text()
    assert "-march=native" not in commands
    assert "-lnothing" not in commands
    assert " -O3" not in commands


@pytest.mark.parametrize("script", [WORK_ALIKE / "export.sh", ROOT / "ci" / "pytest.sh"])
def test_scripts_find_their_folder_with_a_cdpath(script: Path) -> None:
    """Where `cd` prints the folder that it has found."""
    relative = script.relative_to(ROOT)
    line = next(line for line in script.read_text().splitlines() if "cd " in line and "=" in line)
    name = line.split("=")[0].strip().split()[-1]
    code = (
        f"script={relative}; BASH_SOURCE={relative}; {line.replace('return', 'exit')}; echo ${name}"
    )
    done = subprocess.run(
        ["bash", "-c", code],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "CDPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.count("\n") == 1, done.stdout + done.stderr


def test_the_message_of_a_failed_build_is_the_compilers(
    lane: Lane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However Ninja was told to show its progress."""
    monkeypatch.setenv("NINJA_STATUS", HOSTILE["NINJA_STATUS"])
    lane.require_tools()
    (tmp_path / "build.ninja").write_text(
        "rule no\n  command = echo main.c:3: error && false\n  description = Compiling main.c\n"
        "build out: no\n"
    )
    (tmp_path / "CMakeLists.txt").write_text("")
    builder = FirmwareBuilder(lane, tmp_path, "session")
    monkeypatch.setattr(type(lane), "configure_command", lambda *_: ["true"])
    monkeypatch.setattr(type(lane), "build_command", lambda *_: ["ninja", "-C", str(tmp_path)])
    with pytest.raises(Exception, match=r"main\.c:3: error") as caught:
        builder.build(tmp_path)
    assert "Compiling" not in str(caught.value)
