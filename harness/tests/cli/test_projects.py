"""A project is made, built and run by the command, whatever ESP-IDF there is."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_embedded_hotreload.paths import COMPONENT, PACKAGE, WORK_ALIKE

from .conftest import Build, Hotreload
from .test_devices import documented

WRONG_CALL, NOT_BUILT, MISSING = 2, 4, 8
#: answers what the emulator is asked, prints a line, and ends
QEMU = r"""#!/usr/bin/env python3
import re, socket, sys
if sys.argv[1:] == ["-machine", "help"]:
    sys.exit(print("esp32 Espressif ESP32 machine"))
control = socket.socket(fileno=int(re.search(r"fd=(\d+)", " ".join(sys.argv))[1]))
control.send(b"{}\n")
for answer in (b"{}\n", b"TCP[HOST_FORWARD] 12 127.0.0.1 45215 10.0.2.15 8080 \n"):
    control.recv(4096)
    control.send(answer)
print("the console of the device")
"""
IDF = """#!/usr/bin/env python3
import sys
print("idf.py", *sys.argv[5:])
sys.exit(sys.argv[-1] == "FAILS")
"""


@pytest.fixture
def esp_idf(tmp_path: Path) -> dict[str, str]:
    """An environment with an ESP-IDF that builds nothing, and an emulator that runs nothing."""
    programs = {"idf/tools/idf.py": IDF, "bin/qemu-system-xtensa": QEMU}
    for name, text in programs.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return {
        "IDF_PATH": str(tmp_path / "idf"),
        "IDF_PYTHON_ENV_PATH": sys.prefix,
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }


@pytest.fixture
def project(build: Build, tmp_path: Path) -> Path:
    """A project that was built."""
    folder = tmp_path / "project"
    (folder / "build" / "hotreload").mkdir(parents=True)
    (folder / "build" / "config").mkdir()
    (folder / "CMakeLists.txt").touch()
    files = {
        "CMakeCache.txt": "CMAKE_GENERATOR:INTERNAL=Ninja\nCMAKE_MAKE_PROGRAM:FILEPATH=ninja\n",
        "hotreload/module_manifest.json": '{"output": "module.so", "component": "reloadable"}',
        "flasher_args.json": '{"flash_files": {}}',
        "config/sdkconfig.json": '{"ESPTOOLPY_FLASHSIZE": "2MB"}',
    }
    for name, text in files.items():
        (folder / "build" / name).write_text(text)
    return folder


def test_a_new_project_has_the_files_of_the_readme(hotreload: Hotreload, tmp_path: Path) -> None:
    done = hotreload("new", "my project", "--json", cwd=tmp_path)
    assert done.status == 0
    assert set(done.json) <= documented("new")
    folder = Path(done.json["folder"])
    readme = (COMPONENT / "README.md").read_text()
    for name in done.json["files"]:
        assert re.search(rf"^ *(//|#) {re.escape(name)}$", readme, re.M)
        assert (folder / name).is_file()
    assert "snprintf(text" in (folder / "components/greeter/greeter.c").read_text()
    assert "project(my_project)" in (folder / "CMakeLists.txt").read_text()
    assert (folder / "components/hotreload/idf_component.yml").is_file()
    assert not (folder / "components/hotreload/host_test").exists()


def test_nothing_is_written_over(hotreload: Hotreload, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("kept")
    for name in ("mine", "mine/file", "mine/file/below"):
        done = hotreload("new", name, cwd=tmp_path)
        assert done.status == WRONG_CALL
        assert name.partition("/below")[0] in done.complaint
    assert (tmp_path / "mine" / "file").read_text() == "kept"


def test_an_emulated_device_tells_where_it_is(
    hotreload: Hotreload, project: Path, esp_idf: dict[str, str]
) -> None:
    done = hotreload("run", "--json", cwd=project, **esp_idf)
    assert done.status == 0, done.err
    assert done.json == {"event": "started", "url": "http://127.0.0.1:45215"}
    assert set(done.json) <= documented("run")
    assert "the console of the device" in done.err
    shown = hotreload("run", "--lane", "esp32", cwd=project, **esp_idf).out
    assert "the device's server is at http://127.0.0.1:45215" in shown
    assert "the console of the device" in shown
    assert not (project / "build" / "hotreload" / "device_url").exists()


def test_a_board_is_flashed_and_watched(
    hotreload: Hotreload, project: Path, esp_idf: dict[str, str]
) -> None:
    done = hotreload("run", "--lane", "board", "-p", "/dev/tty7", cwd=project, **esp_idf)
    assert done.out.splitlines() == ["idf.py -p /dev/tty7 flash", "idf.py -p /dev/tty7 monitor"]
    told = hotreload("run", "--lane", "board", "--json", cwd=project, **esp_idf)
    assert told.json == {"event": "started", "url": None}


def test_what_cannot_be_run_is_one_line(
    hotreload: Hotreload, project: Path, esp_idf: dict[str, str], tmp_path: Path
) -> None:
    nothing = hotreload("run", cwd=tmp_path, **esp_idf)
    assert nothing.status == WRONG_CALL
    assert "is no project, it has no CMakeLists.txt" in nothing.complaint
    unknown = hotreload("run", "--lane", "esp99", cwd=project, **esp_idf)
    assert (unknown.status, "sim, esp32, board" in unknown.complaint) == (WRONG_CALL, True)
    lost = hotreload("run", "--lane", "esp32", cwd=project, **{**esp_idf, "IDF_PATH": "/lost"})
    assert (lost.status, "IDF_PATH is /lost" in lost.complaint) == (MISSING, True)
    empty = hotreload("run", "--lane", "sim", cwd=project, HOTRELOAD_CACHE=str(tmp_path))
    assert (empty.status, "hotreload doctor --install" in empty.complaint) == (MISSING, True)

    idf = Path(esp_idf["IDF_PATH"]) / "tools" / "idf.py"
    idf.write_text(IDF.replace('== "FAILS"', '== "build"'))
    broken = hotreload("run", "--json", cwd=project, **esp_idf)
    assert broken.status == NOT_BUILT
    assert broken.err.splitlines()[0] == "idf.py build"
    assert broken.json["error"]["message"].endswith(" does not build")

    (project / "build" / "project_description.json").write_text('{"idf_path": "/other"}')
    other = hotreload("run", cwd=project, **esp_idf)
    assert (other.status, "was built with /other" in other.complaint) == (WRONG_CALL, True)


@pytest.mark.parametrize("command", ["reload", "watch"])
def test_a_module_of_the_simulated_board_is_built_without_an_export(
    hotreload: Hotreload, project: Path, tmp_path: Path, command: str
) -> None:
    """Where CMake has to run again, as after a change of its files."""
    ninja = tmp_path / "ninja"
    ninja.write_text('#!/bin/sh\ncat "$IDF_PATH/tools/cmake/project.cmake" >found\nkill $PPID\n')
    ninja.chmod(0o755)
    build = project / "build"
    cache = f"CMAKE_GENERATOR:INTERNAL=Ninja\nCMAKE_MAKE_PROGRAM:FILEPATH={ninja}\n"
    (build / "CMakeCache.txt").write_text(cache)
    (build / "project_description.json").write_text(json.dumps({"idf_path": str(WORK_ALIKE)}))
    hotreload(command, "--url", "http://127.0.0.1:9", cwd=project, IDF_PATH="")
    found = (project / "found").read_text()
    assert found == (WORK_ALIKE / "tools" / "cmake" / "project.cmake").read_text()


def test_doctor_says_what_is_there_and_what_is_not(hotreload: Hotreload, tmp_path: Path) -> None:
    ready = hotreload("doctor", "--lane", "sim", "--json")
    assert ready.status == 0
    (sim,) = ready.json["lanes"]
    assert (sim["lane"], sim["ready"], sim["remedy"]) == ("sim", True, None)
    assert set(sim) | set(sim["needs"][0]) | {"lanes"} <= documented("doctor")

    lacking = hotreload("doctor", "--lane", "sim", HOTRELOAD_CACHE=str(tmp_path))
    assert lacking.status == MISSING
    assert "  to get it: hotreload doctor --install\n" in lacking.out
    assert re.search(r"^ *yes +Debian packages", lacking.out, re.M)
    assert re.search(r"^ *no +toolchain and libraries", lacking.out, re.M)


def test_doctor_knows_the_other_lanes(hotreload: Hotreload, esp_idf: dict[str, str]) -> None:
    found = hotreload("doctor", "--lane", "esp32", "--json", **esp_idf).json["lanes"][0]
    missing = {need["name"] for need in found["needs"] if need["missing"]}
    assert missing == {"compiler for esp32"}
    without = hotreload("doctor", "--lane", "board", IDF_PATH="/nowhere")
    assert without.status == MISSING
    assert "install.sh esp32" in without.out
    assert hotreload("doctor", "--lane", "esp99").status == WRONG_CALL


def test_the_set_up_is_run_once_more(hotreload: Hotreload) -> None:
    done = hotreload("doctor", "--lane", "sim", "--install", "--json")
    assert done.status == 0
    assert "set-up: nothing to do" in done.err
    assert done.json["lanes"][0]["ready"]


def test_the_advice_of_run_project_is_true_in_the_work_alike(tmp_path: Path) -> None:
    """What a user is told who has no emulator names a program that is there, and works."""
    from hotreload_loop.emulator import HOW

    command = re.findall(r"`(python [^`]*)`", HOW)[0].replace("python", sys.executable, 1)
    done = subprocess.run(
        ["sh", "-euc", command],
        env={**os.environ, "IDF_PATH": str(WORK_ALIKE)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "set-up: nothing to do" in done.stdout


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_from_nothing_to_a_changed_module(hotreload: Hotreload, tmp_path: Path) -> None:
    """The way of the quick start, on the simulated board."""
    project = tmp_path / "hello"
    assert hotreload("new", project).status == 0
    environment = {k: v for k, v in os.environ.items() if not k.startswith("IDF_")}
    process = subprocess.Popen(
        [
            *("env", "--default-signal=INT", sys.executable, "-P"),
            *("-m", "pytest_embedded_hotreload.cli.main", "run", "--json"),
        ],
        env={**environment, "PYTHONPATH": str(PACKAGE.parent)},
        cwd=project,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        url = json.loads(process.stdout.readline())["url"]
        assert any("Hello, world" in line for line in process.stderr)
        source = project / "components" / "greeter" / "greeter.c"
        source.write_text(source.read_text().replace("Hello, world", "Hello again"))
        sent = hotreload("reload", "--json", cwd=project)
        assert (sent.status, sent.json["url"]) == (0, url)
        assert any("Hello again" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        process.stderr.read()
    assert process.returncode == 0
    module, firmware = project / "build/greeter_stripped.so", project / "build/hello.elf"
    assert hotreload("check", module, firmware).out == "the module fits\n"
    old = sorted((project / "build/hotreload/modules").iterdir(), key=lambda p: p.stat().st_mtime)
    changes = hotreload("diff", old[0], module, "--json").json["changes"]
    assert [(c["name"], c["how"]) for c in changes] == [("greeter_text", "code")]
