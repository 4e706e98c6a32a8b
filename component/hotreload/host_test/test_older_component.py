"""A partition that the component before this one has used, and one that it gets after a rollback of
the firmware. Both are run: this one, and the one at 4f8db00 out of the repository's history."""

from __future__ import annotations

import hashlib
import os
import struct
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

import pytest
from filelock import FileLock

from elf_builder import DATA, IDENTITY, R_RELATIVE, TEXT, ModuleBuilder, Reloc
from host import Host, Run
from host_build import HERE, ToolMissingError, build_program, shared_folder
from slots import Slot

COMMIT = "4f8db00"
SIZE = 524288
SECOND = SIZE // 2
START = ["names=f", f"partition={SIZE},65536"]
# a step for its test program, which could not hand its flash over; the component is as it was
HOOK = "    if (run_task_step(step, value)) {\n        return;\n    }\n"
SAVE = """    if (strcmp(step, "save") == 0) {
        FILE *file = fopen(value, "wb");
        flash_save(file);
        fclose(file);
        return;
    }
"""
NEW_FIRMWARE = 0x42


def module(tag: int, firmware: bytes = IDENTITY) -> bytes:
    data = struct.pack("<II", TEXT, tag)
    elf = ModuleBuilder(data=data, rela=[Reloc(DATA, R_RELATIVE)]).build()
    return elf.replace(IDENTITY, firmware)


THEIRS, THEIRS_TOO = module(1), module(2)
MINE, MINE_TOO = (module(tag, bytes([NEW_FIRMWARE]) * 16) for tag in (3, 4))


def sha(elf: bytes) -> str:
    return hashlib.sha256(elf).hexdigest()


def newest(run: Run) -> list[str]:
    return [line.split("hash=")[1] for line in run.lines("newest size")]


def _archive() -> bytes:
    """The component of that commit; skips where there is no history that has it."""
    top = subprocess.run(
        ["git", "rev-parse", "--show-toplevel"], cwd=HERE, capture_output=True, check=False
    )
    if top.returncode == 0:
        done = subprocess.run(
            ["git", "archive", COMMIT, "component/hotreload"],
            cwd=top.stdout.decode().strip(),
            capture_output=True,
            check=False,
        )
        if done.returncode == 0:
            return done.stdout
    pytest.skip(f"no history with commit {COMMIT}, the component before this one")


def _mbedtls() -> str:
    sdk = HERE.parents[2] / "harness" / "pytest_embedded_hotreload" / "sim" / "sdk.py"
    done = subprocess.run(
        [sys.executable, str(sdk), "sdk"], capture_output=True, text=True, check=False
    )
    return f"{done.stdout.strip()}/src/mbedtls"


@pytest.fixture(scope="session")
def older_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    archive = _archive()
    folder = shared_folder(tmp_path_factory) / "older-component"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            with tarfile.open(fileobj=BytesIO(archive)) as files:
                files.extractall(folder)
            runner = folder / "component" / "hotreload" / "host_test" / "runner.c"
            text = runner.read_text(encoding="utf-8")
            assert HOOK in text
            runner.write_text(text.replace(HOOK, HOOK + SAVE), encoding="utf-8")
    width = os.environ.get("HOTRELOAD_HOST_WIDTH", "64")
    options = (f"HOTRELOAD_WIDTHS={width}", f"HOTRELOAD_MBEDTLS={_mbedtls()}")
    source = folder / "component" / "hotreload" / "host_test"
    try:
        return build_program(folder / "build", f"hr_host_{width}", *options, source=source)
    except ToolMissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def older(older_program: Path, tmp_path: Path) -> Host:
    folder = tmp_path / "older"
    folder.mkdir()
    return Host(older_program, folder)


def hand_over(device: Host, *steps: str) -> bytes:
    """What is in the partition after these steps."""
    saved = device.folder / "saved"
    device.run(*START, *steps, f"save={saved}")
    return saved.read_bytes()[-SIZE:]


def slot_states(run: Run) -> dict[int, str]:
    return {int(line.split()[1]): line.split()[2] for line in run.lines("slot ")[-2:]}


def test_modules_of_the_older_component_are_another_firmwares(host: Host, older: Host) -> None:
    """They were linked against another one, whatever else is in the partition."""
    steps = [f"api_update={older.file(elf)}" for elf in (THEIRS, THEIRS_TOO)]
    image = host.file(hand_over(older, *steps))
    run = host.run(*START, f"raw={image}", "api_load", "slots", "newest")
    assert run.result("api_load") == "HOTRELOAD_ERR_IDENTITY"
    assert slot_states(run) == {0: "other", 1: "other"}
    hashes = sorted(line.split("hash=")[1] for line in run.lines("slot "))
    assert hashes == sorted([sha(THEIRS), sha(THEIRS_TOO)])


def test_update_goes_over_the_older_of_two(host: Host, older: Host) -> None:
    steps = [f"api_update={older.file(elf)}" for elf in (THEIRS, THEIRS_TOO)]
    image = host.file(hand_over(older, *steps))
    prepare = [f"raw={image}", f"firmware={NEW_FIRMWARE}", f"api_update={host.file(MINE)}"]
    run = host.run(
        *START, *prepare, "newest", f"api_update={host.file(MINE_TOO)}", "newest", "slots"
    )
    assert newest(run) == [sha(MINE), sha(MINE_TOO)]
    assert [line for line in run.lines("slot ") if line.endswith(sha(THEIRS_TOO))]


@pytest.mark.parametrize("updates", [1, 2, 3])
def test_rollback_finds_the_module_of_the_older_component(
    host: Host, older: Host, updates: int
) -> None:
    """A firmware with this component was tried and given up: its slot is nothing to the other."""
    theirs = [f"api_update={older.file(elf)}" for elf in (THEIRS, THEIRS_TOO)]
    before = older_image = hand_over(older, *theirs)
    mine = [f"api_update={host.file(elf)}" for elf in (MINE, MINE_TOO, MINE)[:updates]]
    prepare = [f"raw={host.file(older_image)}", f"firmware={NEW_FIRMWARE}", *mine]
    after = hand_over(host, *prepare, "mark=start")
    assert after != before
    run = older.run(
        *START,
        f"raw={older.file(after)}",
        "newest",
        "api_load",
        "table",
        f"api_update={older.file(THEIRS)}",
        "newest",
    )
    assert run.result("api_load") == "ESP_OK"
    assert newest(run) == [sha(THEIRS_TOO), sha(THEIRS)]


@pytest.mark.parametrize("slot", [0, SECOND])
@pytest.mark.parametrize("known", ["written", "confirmed", "bad", "flashed"])
def test_slot_of_this_format_is_empty_for_the_older_component(
    older: Host, known: str, slot: int
) -> None:
    """Also when it is for the very firmware that has the older component: it is not loaded, and is
    written over while a module of its own stays."""
    content = Slot(
        THEIRS, 7, flashed=known == "flashed", confirmed=known == "confirmed", bad=known == "bad"
    ).image()
    partition = bytearray(b"\xff" * SIZE)
    partition[slot : slot + len(content)] = content
    image = older.file(bytes(partition))
    theirs = older.file(THEIRS_TOO)
    run = older.run(
        *START, f"raw={image}", "api_load", f"api_update={theirs}", "newest", "api_load"
    )
    assert run.results("api_load")[0].startswith("HOTRELOAD_ERR_")
    assert run.results("api_load")[1] == "ESP_OK"
    assert newest(run) == [sha(THEIRS_TOO)]


def test_raw_elf_is_loaded_by_both(host: Host, older: Host) -> None:
    for device in (host, older):
        run = device.run(*START, f"raw={device.file(THEIRS)}", "api_load", "newest")
        assert run.result("api_load") == "ESP_OK"
        assert newest(run) == [sha(THEIRS)]


def test_module_that_the_older_component_has_set_aside_is_nothing(host: Host, older: Host) -> None:
    steps = [f"api_update={older.file(elf)}" for elf in (THEIRS, THEIRS_TOO)]
    image = host.file(hand_over(older, *steps, "set_aside"))
    run = host.run(
        *START,
        f"raw={image}",
        f"firmware={NEW_FIRMWARE}",
        "slots",
        f"api_update={host.file(MINE)}",
        "slots",
    )
    assert sorted(slot_states(run).values()) == ["other", "written"]
    assert [line for line in run.lines("slot ")[-2:] if line.endswith(sha(THEIRS))]
