"""Devices are found, asked, and given modules; each way to fail has its status and one line."""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotreload_build.identity import read as read_identity
from pytest_embedded_hotreload.board.inventory import read_boards
from pytest_embedded_hotreload.board.pool import lock_folder, lock_of
from pytest_embedded_hotreload.cli.elf.firmware import read_firmware
from pytest_embedded_hotreload.paths import PACKAGE, ROOT

from .conftest import Build, Hotreload
from .device import Device, running

REFUSED, WRONG_CALL, NO_ANSWER, NOT_BUILT, OTHER_FIRMWARE = 1, 2, 3, 4, 5
PAGE = (ROOT / "docs" / "reference" / "command.md").read_text()
NOBODY = "http://127.0.0.1:9"  # discard


def documented(command: str) -> set[str]:
    """The fields of JSON that the page has for a command."""
    section = PAGE.partition(f"\n## hotreload {command}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"`(\w+)`", section.partition("\nJSON: ")[2]))


@pytest.fixture
def device(build: Build) -> Iterator[Device]:
    with running(read_identity(build.firmware).hex()) as device:
        yield device


@pytest.fixture
def project(build: Build, tmp_path: Path) -> Path:
    """A project that was built; nothing of it changes when it is built again."""
    folder = tmp_path / "build"
    shutil.copytree(build.folder, folder)
    manifest = folder / "hotreload" / "module_manifest.json"
    manifest.write_text(manifest.read_text().replace(str(build.folder), str(folder)))
    ninja = tmp_path / "ninja"
    ninja.write_text('#!/bin/sh\n[ ! -e "$2/broken" ] || { echo "module.c:1: broken"; exit 1; }\n')
    ninja.chmod(0o755)
    cache = f"CMAKE_GENERATOR:INTERNAL=Ninja\nCMAKE_MAKE_PROGRAM:FILEPATH={ninja}\n"
    (folder / "CMakeCache.txt").write_text(cache)
    return tmp_path


def announce(project: Path, *urls: str) -> None:
    (project / "build" / "hotreload" / "device_url").write_text("".join(f"{u}\n" for u in urls))


def test_the_module_comes_into_the_device_that_runs(
    hotreload: Hotreload, project: Path, device: Device
) -> None:
    announce(project, device.url)
    before = hotreload("status", "--json", cwd=project).json
    assert before == {"url": device.url, "device": device.state}
    assert set(before) <= documented("status")
    assert not device.state["loaded"]

    sent = hotreload("reload", "--json", cwd=project)
    assert sent.status == 0
    assert sent.json == {"url": device.url, "device": device.state}
    assert "reloadable runs: " in sent.err
    module = (project / "build" / "reloadable_stripped.so").read_bytes()
    assert device.state["size"] == len(module)

    shown = hotreload("status", cwd=project).out
    assert f"module 1 since boot, {device.state['hash'][:8]}, runs" in shown
    assert "confirmed" in shown


def test_a_file_is_sent_as_it_is(
    hotreload: Hotreload, build: Build, device: Device, tmp_path: Path
) -> None:
    done = hotreload("reload", "--module", build.module, "--url", device.url, cwd=tmp_path)
    assert done.status == 0
    assert f"{build.module.name} runs: {device.state['size']} bytes" in done.out
    again = hotreload("reload", "--module", build.module, HOTRELOAD_URL=device.url, cwd=tmp_path)
    assert again.status == 0
    assert device.state["module"] == 2


def test_without_a_device_the_command_says_how_to_name_one(
    hotreload: Hotreload, project: Path, tmp_path: Path
) -> None:
    for folder in (project, tmp_path / "empty"):
        folder.mkdir(exist_ok=True)
        done = hotreload("status", "--json", cwd=folder)
        assert done.status == WRONG_CALL
        assert "which device? " in done.complaint
        assert "--url http://HOST:PORT" in done.complaint
        error = done.json["error"]
        assert (error["code"], error["status"]) == ("wrong-call", WRONG_CALL)
        assert done.complaint == f"hotreload: error: {error['message']}"


def test_of_two_devices_one_has_to_be_chosen(
    hotreload: Hotreload, build: Build, project: Path, device: Device
) -> None:
    with running(device.state["firmware"]) as other:
        announce(project, device.url, other.url)
        done = hotreload("status", cwd=project)
        assert done.status == WRONG_CALL
        assert f"choose one of {device.url}, {other.url} by --url" in done.complaint
        assert hotreload("status", "--url", other.url, cwd=project).status == 0
    # of one that was killed the address is left
    assert hotreload("status", cwd=project).status == 0


def test_a_device_that_is_off_gives_no_answer(hotreload: Hotreload, project: Path) -> None:
    announce(project, NOBODY)
    for command in ("status", "reload"):
        done = hotreload(command, "--json", cwd=project)
        assert done.status == NO_ANSWER
        assert done.complaint.startswith("hotreload: error: no answer from 127.0.0.1:9 ")
        assert done.json["error"]["code"] == "no-answer"


def test_refusals_other_firmwares_and_broken_builds_are_told_apart(
    hotreload: Hotreload, project: Path, device: Device
) -> None:
    announce(project, device.url)
    device.refuses = True
    refused = hotreload("reload", "--json", cwd=project)
    assert (refused.status, refused.json["error"]["code"]) == (REFUSED, "refused")
    assert "HTTP 409: HOTRELOAD_ERR_BUSY: it is busy" in refused.err

    device.state["firmware"] = "00" * 16
    assert hotreload("reload", cwd=project).status == OTHER_FIRMWARE

    (project / "build" / "broken").touch()
    broken = hotreload("reload", cwd=project)
    assert broken.status == NOT_BUILT
    assert broken.err.splitlines()[-2:] == [
        "module.c:1: broken",
        "hotreload: error: the module 'reloadable' was not built",
    ]


def test_watching_tells_programs_line_by_line(project: Path, device: Device) -> None:
    announce(project, device.url)
    command = [sys.executable, "-P", "-m", "pytest_embedded_hotreload.cli.main", "watch", "--json"]
    process = subprocess.Popen(
        ["env", "--default-signal=INT", *command],
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        cwd=project,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process:
        for line in process.stdout:
            event = json.loads(line)
            assert set(event) <= documented("watch")
            if "watching" in event["text"]:
                process.send_signal(signal.SIGINT)
    assert process.returncode == 0
    assert device.state["module"] == 1


def test_a_console_is_decoded_line_by_line(
    hotreload: Hotreload, build: Build, project: Path
) -> None:
    address = read_firmware(build.firmware).symbols["firmware_add"] + 3
    console = f"abort() was called at PC {address:#010x} on core 0\nfurther\n"
    done = hotreload("decode", "--json", stdin=console, cwd=project)
    assert done.status == 0
    first, second = map(json.loads, done.out.splitlines())
    assert second == {"event": "line", "text": "further", "notes": []}
    assert set(second) - {"line"} <= documented("decode")
    (note,) = first["notes"]
    assert "firmware.c:" in note
    assert f"--- {note}\n" in hotreload("decode", stdin=console, cwd=project).out
    missing = hotreload("decode", "nowhere.log", cwd=project)
    assert (missing.status, "nowhere.log" in missing.complaint) == (WRONG_CALL, True)


@pytest.fixture
def emulator() -> Iterator[subprocess.Popen[bytes]]:
    """A machine that waits before its first instruction."""
    command = ["qemu-system-xtensa", "-M", "lx60-nommu", "-S", "-display", "none", "-nodefaults"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        yield process
        process.terminate()


def test_emulators_and_users_of_boards_are_listed(
    hotreload: Hotreload, emulator: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    boards = tmp_path / "boards.yaml"
    boards.write_text(
        f"boards: [{{name: desk, port: {tmp_path / 'a'}, tags: [psram]}}, "
        f"{{name: shelf, port: {tmp_path / 'b'}}}]"
    )
    lock = lock_of(read_boards(boards)[0], lock_folder())
    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        told = hotreload("devices", "--boards", boards, "--json").json
        shown = hotreload("devices", "--boards", boards).out
    lock.unlink()
    (found,) = (device for device in told["emulated"] if device["pid"] == emulator.pid)
    assert (found["machine"], found["urls"]) == ("lx60-nommu", [])
    assert f"process {os.getpid()}: " in found["user"]
    desk, shelf = told["boards"]
    assert f"process {os.getpid()}: " in desk["user"]
    assert (shelf["user"], desk["tags"]) == (None, ["psram"])
    assert set(told) | set(found) | set(desk) <= documented("devices")
    assert "desk" in shown
    assert "nobody" in shown


def test_a_file_of_boards_that_is_none_is_named(hotreload: Hotreload, tmp_path: Path) -> None:
    boards = tmp_path / "boards.yaml"
    boards.write_text("boards: 3")
    done = hotreload("devices", "--boards", boards)
    assert done.status != 0
    assert str(boards) in done.complaint
    assert hotreload("devices", cwd=tmp_path, PATH="/nowhere").status == 0
