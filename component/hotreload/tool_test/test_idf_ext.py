"""The extension of idf.py as its loaders take it, and running a project, without building one."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from hotreload_loop import emulator, idf_commands
from hotreload_loop.build import Build
from hotreload_loop.cycle import Cycle
from hotreload_loop.errors import WrongCallError

from .conftest import COMPONENT

EXAMPLE = COMPONENT.parents[1] / "examples" / "basic"
COMMANDS = {"reload", "watch", "run-project"}


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Callable[..., dict[str, Any]]]:
    """The extension of a folder, loaded as idf.py of ESP-IDF v6.0 loads it."""

    def load_from(folder: Path) -> Callable[..., dict[str, Any]]:
        monkeypatch.setattr(sys, "path", list(sys.path))
        name = f"idf_ext_{folder.name}"
        spec = importlib.util.spec_from_file_location(name, folder / "idf_ext.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        extensions: Callable[..., dict[str, Any]] = module.action_extensions
        return extensions

    return load_from


@pytest.mark.parametrize("folder", [COMPONENT, EXAMPLE], ids=["component", "example"])
def test_the_file_brings_the_commands(
    load: Callable[[Path], Callable[..., dict[str, Any]]], folder: Path
) -> None:
    extension = load(folder)({"actions": {"all": {}}}, str(EXAMPLE))
    assert extension["version"] == "1"
    assert set(extension["actions"]) == COMMANDS


@pytest.mark.parametrize(
    "place", ["components/hotreload", "managed_components/me__hotreload"], ids=["own", "managed"]
)
def test_a_copy_of_the_example_finds_the_component_in_its_own_folders(
    load: Callable[[Path], Callable[..., dict[str, Any]]], tmp_path: Path, place: str
) -> None:
    shutil.copy(EXAMPLE / "idf_ext.py", tmp_path)
    (tmp_path / place).parent.mkdir()
    (tmp_path / place).symlink_to(COMPONENT)
    extension = load(tmp_path)({"actions": {"all": {}}}, str(tmp_path))
    assert set(extension["actions"]) == COMMANDS


@pytest.mark.parametrize("option", [[], ["-B", "elsewhere"], ["--build-dir=elsewhere"]])
def test_a_copy_of_the_example_finds_the_component_by_its_build(
    load: Callable[[Path], Callable[..., dict[str, Any]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    option: list[str],
) -> None:
    """Wherever that is: a dependency on a path, a folder of EXTRA_COMPONENT_DIRS."""
    shutil.copy(EXAMPLE / "idf_ext.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["idf.py", *option, "reload", "--url", "http://x"])
    build = tmp_path / ("elsewhere" if option else "build")
    build.mkdir()
    description = {"build_component_paths": [str(tmp_path / "main"), str(COMPONENT)]}
    (build / "project_description.json").write_text(json.dumps(description))
    extension = load(tmp_path)({"actions": {"all": {}}}, str(tmp_path))
    assert set(extension["actions"]) == COMMANDS


def test_a_copy_of_the_example_without_the_component_says_what_to_do(
    load: Callable[[Path], Callable[..., dict[str, Any]]],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    project = tmp_path / "a" / "copy"
    project.mkdir(parents=True)
    shutil.copy(EXAMPLE / "idf_ext.py", project)
    extensions = load(project)
    assert extensions({"actions": {"all": {}}}, str(project)) == {"version": "1"}
    (line,) = capfd.readouterr().err.splitlines()
    description = project / "build" / "project_description.json"
    assert f"is neither in {project}/components nor in {description}: they are there once" in line

    # whoever has them from IDF_EXTRA_ACTIONS_PATH misses nothing
    assert extensions({"actions": {"all": {}, "reload": {}}}, str(project)) == {"version": "1"}
    assert capfd.readouterr().err == ""


def test_found_twice_they_are_brought_once(
    load: Callable[[Path], Callable[..., dict[str, Any]]],
) -> None:
    """ESP-IDF v6.0 finds the component's and the project's, and warns of commands it has."""
    actions: dict[str, dict[str, Any]] = {"actions": {"all": {}}}
    first = load(COMPONENT)(actions, str(EXAMPLE))
    actions["actions"].update(first["actions"])
    assert "actions" not in load(EXAMPLE)(actions, str(EXAMPLE))


@dataclass
class Task:
    """A command as idf.py has it in its list."""

    name: str
    action_args: dict[str, Any] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("asked", "order"),
    [
        (["watch", "monitor"], ["watch", "monitor"]),
        (["monitor", "watch"], ["watch", "monitor"]),
        (["watch", "flash", "monitor"], ["flash", "watch", "monitor"]),
        (["build", "monitor", "size"], ["build", "monitor", "size"]),
        (["build", "watch"], ["build", "watch"]),
    ],
)
def test_watch_comes_before_the_monitor(
    load: Callable[[Path], Callable[..., dict[str, Any]]], asked: list[str], order: list[str]
) -> None:
    tasks = [Task(name) for name in asked]
    extension = load(COMPONENT)({"actions": {"all": {}}}, str(EXAMPLE))
    for callback in extension["global_action_callbacks"]:
        callback(None, None, tasks)
    assert [task.name for task in tasks] == order
    beside = [task.name for task in tasks if task.action_args == {"beside_monitor": True}]
    assert beside == (["watch"] if {"watch", "monitor"} <= set(asked) else [])


def test_the_monitor_has_the_terminal_while_watch_goes_on(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    watching, ended = threading.Event(), threading.Event()

    def watch(cycle: Cycle) -> None:
        watching.set()
        ended.wait()

    monkeypatch.setattr(Cycle, "watch", watch)
    monkeypatch.setattr(Build, "open", lambda folder: build)
    monkeypatch.setattr(Build, "key", None)
    args = SimpleNamespace(build_dir=build.folder)
    idf_commands.watch_command("watch", None, args, "http://x", 1.0, beside_monitor=True)
    assert watching.wait(timeout=20)
    ended.set()


def test_watch_beside_the_monitor_needs_a_device(
    build: Build, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HOTRELOAD_URL", raising=False)
    monkeypatch.setattr(Build, "open", lambda folder: build)
    args = SimpleNamespace(build_dir=build.folder)
    with pytest.raises(SystemExit) as stopped:
        idf_commands.watch_command("watch", None, args, None, 1.0, beside_monitor=True)
    assert stopped.value.code == 2
    assert "which device?" in capsys.readouterr().err


def test_on_a_board_it_is_flash_and_monitor_of_idf_py(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "tools" / "idf.py"
    program.parent.mkdir()
    program.write_text("import sys\nprint(sys.argv[1:])\nsys.exit(2 if '-p' in sys.argv else 0)\n")
    monkeypatch.setenv("IDF_PATH", str(tmp_path))
    args = SimpleNamespace(project_dir="my project", build_dir="b", port=None)
    idf_commands.run_command("run-project", None, args, False, None, None)
    assert capfd.readouterr().out == f"{['-C', 'my project', '-B', 'b', 'flash', 'monitor']}\n"

    args.port = "/dev/ttyUSB7"
    with pytest.raises(SystemExit) as ended:
        idf_commands.run_command("run-project", None, args, False, None, None)
    assert ended.value.code == 2
    assert "'-p', '/dev/ttyUSB7', 'flash', 'monitor'" in capfd.readouterr().out


@pytest.mark.parametrize("ports", [(8081, None), (None, 8080)], ids=["device", "host"])
def test_on_a_board_no_port_is_forwarded(
    ports: tuple[int | None, int | None], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        idf_commands.run_command("run-project", None, None, False, *ports)
    assert ended.value.code == 2
    assert "are of the device in QEMU: --qemu" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--device-port", "--host-port"])
def test_a_port_that_cannot_be_is_refused_before_the_build(
    load: Callable[[Path], Callable[..., dict[str, Any]]], option: str
) -> None:
    """Among the options, which idf.py takes in before it runs anything."""
    actions = load(COMPONENT)({"actions": {"all": {}}}, str(EXAMPLE))["actions"]
    options = [
        click.Option(values["names"], **{k: v for k, v in values.items() if k != "names"})
        for values in actions["run-project"]["options"]
    ]
    command = click.Command("run-project", params=list(options))
    for port in ("1", "65535"):
        command.make_context("idf.py", [option, port])
    for port in ("0", "65536", "-1", "8080x", ""):
        with pytest.raises(click.BadParameter, match="is not"):
            command.make_context("idf.py", [option, port])


def test_without_qemu_the_way_to_it_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WrongCallError) as error:
        emulator.find_program()
    assert str(error.value) == (
        "Espressif's QEMU, qemu-system-xtensa, is not in PATH: "
        "run `python $IDF_PATH/tools/idf_tools.py install qemu-xtensa` and "
        "`. $IDF_PATH/export.sh` again"
    )


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """A build directory, as far as flashing needs it."""
    files = {"0x1000": "bootloader.bin", "0x20000": "app.bin"}
    (tmp_path / "flasher_args.json").write_text(json.dumps({"flash_files": files}))
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "sdkconfig.json").write_text('{"ESPTOOLPY_FLASHSIZE": "2MB"}')
    (tmp_path / "hotreload").mkdir()
    (tmp_path / "bootloader.bin").write_bytes(b"boot")
    (tmp_path / "app.bin").write_bytes(b"application")
    return Build(tmp_path, "ninja")


def test_the_flash_holds_what_is_flashed_and_is_erased_elsewhere(build: Build) -> None:
    image = emulator.flash_image(build)
    assert len(image) == 2 * 1024 * 1024
    assert image[:0x1000] == b"\xff" * 0x1000
    assert image[0x1000:0x1006] == b"boot\xff\xff"
    assert image[0x20000:0x20010] == b"application" + b"\xff" * 5


def test_what_does_not_fit_into_the_flash_is_named(build: Build) -> None:
    (build.folder / "app.bin").write_bytes(bytes(2 * 1024 * 1024))
    with pytest.raises(WrongCallError, match=r"app.bin at 0x20000 does not fit into a flash of"):
        emulator.flash_image(build)


def test_a_build_without_images_is_named(build: Build) -> None:
    (build.folder / "app.bin").unlink()
    with pytest.raises(WrongCallError, match=r"cannot read .*app.bin: .*: run `idf.py build`"):
        emulator.flash_image(build)


QEMU = """\
#!/bin/sh
case "$*" in
"-machine help") echo "esp32    Espressif ESP32 machine" ;;
*) echo "qemu $*: no luck" >&2; exit 1 ;;
esac
"""


@pytest.fixture
def no_luck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An emulator that only says how it was called."""
    program = tmp_path / "bin" / "qemu-system-xtensa"
    program.parent.mkdir()
    program.write_text(QEMU)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))


@pytest.mark.usefixtures("no_luck")
def test_an_emulator_that_does_not_start_has_said_why(
    build: Build, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(emulator.EmulatorError, match="QEMU does not start"):
        emulator.run(build, 8080, 0)
    assert ": no luck" in capfd.readouterr().err
    assert not (tmp_path / "hotreload" / "device_url").exists()


@pytest.mark.usefixtures("no_luck")
@pytest.mark.parametrize("spiram", [True, False])
def test_the_emulator_has_psram_where_the_project_asks_for_it(
    build: Build, capfd: pytest.CaptureFixture[str], spiram: bool
) -> None:
    config = {"ESPTOOLPY_FLASHSIZE": "2MB", "SPIRAM": spiram}
    (build.folder / "config" / "sdkconfig.json").write_text(json.dumps(config))
    with pytest.raises(emulator.EmulatorError):
        emulator.run(build, 8080, 0)
    assert (" -m 4M " in capfd.readouterr().err) == spiram
