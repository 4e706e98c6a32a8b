"""build-and-reload and watch: a build that the test plays, and a device that the test plays."""

from __future__ import annotations

import json
import os
import pty
import queue
import select
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from hotreload_client import Client
from hotreload_loop.build import messages
from hotreload_loop.cycle import asked
from hotreload_loop.firmware import Firmware, what_changed
from hotreload_loop.newest import why_not_newest

from .conftest import TOOLS
from .server import SECRET, Server

FIRMWARE = bytes(range(16))
OTHER_FIRMWARE = bytes(16)

# the module is what a file `module` has: compiled sources that the test needs nothing of
NINJA = """\
#!/bin/sh
cd "$2" || exit 9
case "$*" in
*"-t query"*) printf 'module.so:\\n  input: CUSTOM_COMMAND\\n    source.c.obj\\n  outputs:\\n' ;;
*"-t deps"*) printf 'source.c.obj: #deps 2 (VALID)\\n    ../source.c\\n    ../header.h\\n' ;;
*hotreload-module) . ./make.sh ;;
esac
"""
MAKE = "echo '[1/2] Building source.c.obj'; cp module module.so"


def module(text: bytes, firmware: bytes = FIRMWARE) -> bytes:
    """An ELF with nothing but the note that names its firmware."""
    header = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF", 3, 94, 1, 0, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    segment = struct.pack("<8I", 4, 84, 0, 0, 40, 40, 4, 1)
    note = struct.pack("<3I12s16s", 10, 16, 1, b"hotreload", firmware)
    return header + segment + note + text


class Device:
    """What runs, by what was uploaded."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.state: dict[str, Any] = {
            "status": "ok",
            "loaded": True,
            "module": 1,
            "size": 3,
            "hash": "0" * 64,
            "loads": 1,
            "firmware": FIRMWARE.hex(),
            "last_error": None,
        }
        self.takes = True
        server.answers["/status"] = (200, self.state)
        server.when_asked = self.asked

    def asked(self, path: str, body: bytes) -> None:
        if path == "/upload-and-reload" and self.takes:
            self.load(body)
            self.server.answers[path] = (200, {"status": "ok", "module": self.state["module"]})

    def load(self, elf: bytes) -> None:
        number = self.state["module"] + 1
        self.state.update(module=number, loads=number, size=len(elf), hash=sha256(elf).hexdigest())

    @property
    def uploads(self) -> list[bytes]:
        return [body for method, _, _, body in self.server.got if method == "POST"]


@pytest.fixture
def device(server: Server) -> Device:
    return Device(server)


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build directory with a module that has not been made yet."""
    folder = tmp_path / "my project" / "build"
    (folder / "hotreload").mkdir(parents=True)
    ninja = folder / "ninja"
    ninja.write_text(NINJA)
    ninja.chmod(0o755)
    cache = f"CMAKE_GENERATOR:INTERNAL=Ninja\nCMAKE_MAKE_PROGRAM:FILEPATH={ninja}\n"
    (folder / "CMakeCache.txt").write_text(cache)
    (folder / "make.sh").write_text(MAKE)
    (folder / "module").write_bytes(module(b"first"))
    for name in ("source.c", "header.h"):
        (folder.parent / name).write_text("not empty")
    manifest = {
        "component": "reloadable",
        "sources": [str(folder.parent / "source.c")],
        "output": str(folder / "module.so"),
    }
    (folder / "hotreload" / "module_manifest.json").write_text(json.dumps(manifest))
    return folder


def slot(digit: str, state: str, *, starts: int = 0, running: bool = False) -> dict[str, Any]:
    """A slot as /status has it."""
    return {
        "slot": 0,
        "state": state,
        "size": 3,
        "sequence": 1,
        "starts": starts,
        "hash": digit * 64 if digit else None,
        "running": running,
    }


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-B", str(TOOLS / "hotreload.py"), *arguments]


def environment(url: str | None) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if key != "HOTRELOAD_URL"}
    return {**inherited, **({"HOTRELOAD_URL": url} if url else {})}


def run(build: Path, url: str | None, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("build-and-reload", *options),
        cwd=build.parent,
        env=environment(url),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def error_of(result: subprocess.CompletedProcess[str]) -> str:
    """The error, which is the last line."""
    assert "Traceback" not in result.stderr
    line = result.stderr.splitlines()[-1]
    assert line.startswith("hotreload: error: ")
    return line.removeprefix("hotreload: error: ")


def test_the_module_is_built_sent_and_confirmed(build: Path, device: Device) -> None:
    result = run(build, device.server.url)
    assert (result.returncode, result.stderr) == (0, "")
    assert "hotreload: reloadable runs: " in result.stdout
    assert ", module 2 since boot (" in result.stdout
    asked = [path for _, path, _, _ in device.server.got]
    assert asked == ["/status", "/upload-and-reload", "/status"]
    assert device.uploads == [module(b"first")]


def test_what_takes_long_is_told(build: Path, device: Device) -> None:
    """Each step goes on when its line has been read, so that it has come in time."""
    (build / "make.sh").write_text(f"until [ -e seen ]; do sleep 0.05; done; {MAKE}")
    seen = threading.Event()
    taken = device.server.when_asked
    address = device.server.url.removeprefix("http://")

    def when_asked(path: str, body: bytes) -> None:
        if body:
            seen.wait()
        taken(path, body)

    device.server.when_asked = when_asked
    with subprocess.Popen(
        command("build-and-reload", "--url", device.server.url),
        cwd=build.parent,
        env=environment(None),
        stdout=subprocess.PIPE,
        text=True,
    ) as reload:
        assert reload.stdout is not None
        try:
            assert reload.stdout.readline() == "hotreload: building reloadable\n"
            (build / "seen").touch()
            size = len(module(b"first"))
            told = f"hotreload: waiting for {address} to load {size} bytes\n"
            assert reload.stdout.readline() == told
        finally:
            (build / "seen").touch()
            seen.set()
        assert "reloadable runs" in reload.stdout.read()


def test_the_same_module_is_loaded_once_more_when_that_is_asked_for(
    build: Path, device: Device
) -> None:
    device.load(module(b"first"))
    result = run(build, device.server.url)
    assert "module 3 since boot" in result.stdout
    assert len(device.uploads) == 1


def test_warnings_are_shown_and_progress_is_not(build: Path, device: Device) -> None:
    (build / "make.sh").write_text(f"{MAKE}; echo 'source.c:1:2: warning: odd'")
    result = run(build, device.server.url)
    assert (result.returncode, result.stderr) == (0, "source.c:1:2: warning: odd\n")
    assert "Building" not in result.stdout


def test_an_error_of_the_compiler_is_shown_in_its_own_words(build: Path, device: Device) -> None:
    said = "../source.c:3:5: error: expected ';'\n    3 |     x\n      |     ^\n"
    (build / "said").write_text(f"[1/2] Building\nFAILED: source.c.obj\ngcc -c source.c\n{said}")
    (build / "make.sh").write_text(
        "cat said; echo 'ninja: build stopped: subcommand failed.'; exit 1"
    )
    result = run(build, device.server.url)
    assert result.returncode == 4
    assert result.stderr == f"{said}hotreload: error: the module 'reloadable' was not built\n"
    assert device.uploads == []


def test_on_a_terminal_colours_are_left_in(build: Path, device: Device) -> None:
    (build / "make.sh").write_text(f'{MAKE}; echo "forced: ${{CLICOLOR_FORCE}}."')
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        subprocess.run(
            command("build-and-reload"),
            cwd=build.parent,
            env=environment(device.server.url),
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            check=True,
        )
        os.close(theirs)
        assert b"forced: 1." in screen.read(100)
    assert "forced: ." in run(build, device.server.url).stderr


def test_a_module_of_another_firmware_is_not_sent(build: Path, device: Device) -> None:
    (build / "module").write_bytes(module(b"first", OTHER_FIRMWARE))
    result = run(build, device.server.url)
    assert result.returncode == 5
    assert error_of(result) == (
        "the firmware of this build is not the one that runs (00000000, the device has 00010203): "
        "flash it first (idf.py flash)"
    )
    assert device.uploads == []


def firmware(exports: list[str], needed: list[str], options: dict[str, object]) -> Firmware:
    return Firmware(frozenset(exports), frozenset(needed), options)


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (firmware(["a", "b"], ["m"], {"X": 1}), "the module exports b now"),
        (firmware([], ["m"], {"X": 1}), "the module no longer exports a"),
        (firmware(["a"], ["m", "n"], {"X": 1}), "the module needs n of the firmware now"),
        (firmware(["a"], [], {"X": 1}), "the module no longer needs m of the firmware"),
        (
            firmware(["a"], ["m"], {"Y": True, "Z": "s"}),
            "CONFIG_X is n, was 1, CONFIG_Y is y, was n, CONFIG_Z is s, was n",
        ),
        (
            firmware(["a", "b", "c", "d", "e", "f"], [], {"X": 1}),
            "the module exports b, c, d, 2 more now; the module no longer needs m of the firmware",
        ),
        (
            firmware(["a"], ["m"], {"X": 1}),
            "a source of the firmware has changed, or a header that the module shares with it",
        ),
    ],
)
def test_what_makes_another_firmware(new: Firmware, told: str) -> None:
    assert what_changed(firmware(["a"], ["m"], {"X": 1}), new) == told


def change_firmware(build: Path) -> None:
    """The next build has an export more, and another option."""
    manifest = json.loads((build / "hotreload" / "module_manifest.json").read_text())
    manifest["exports"] = ["answer", "question"]
    (build / "new_manifest").write_text(json.dumps(manifest))
    (build / "module").write_bytes(module(b"second", OTHER_FIRMWARE))
    (build / "make.sh").write_text(
        f"cp new_manifest hotreload/module_manifest.json; "
        f"echo '{{\"ANSWER\": true}}' >config/sdkconfig.json; {MAKE}"
    )


@pytest.mark.parametrize("emulated", [False, True], ids=["board", "emulator"])
def test_what_made_another_firmware_is_said(build: Path, device: Device, emulated: bool) -> None:
    """As long as the firmware that runs was built before, by any build."""
    (build / "config").mkdir()
    manifest = json.loads((build / "hotreload" / "module_manifest.json").read_text())
    manifest["exports"] = ["answer"]
    (build / "hotreload" / "module_manifest.json").write_text(json.dumps(manifest))
    (build / "module.so").write_bytes((build / "module").read_bytes())
    if emulated:
        (build / "hotreload" / "device_url").write_text(device.server.url)
    change_firmware(build)
    with watching(build, device.server.url) as watch:
        for _ in range(2):  # it stays said
            line = watch.expect("the firmware of this build is not the one that runs")
            assert "the module exports question now; CONFIG_ANSWER is y, was n: " in line
            assert line.endswith(
                "end `idf.py run-project --qemu` and start it again, which runs the new one"
                if emulated
                else "flash it first (idf.py flash)"
            )
            (build.parent / "source.c").write_text("saved")
        assert watch.end() == 0
    assert device.uploads == []


def test_nothing_is_sent_to_what_is_no_device_of_ours(build: Path, device: Device) -> None:
    device.server.answers["/status"] = (200, {"uptime": 12})
    result = run(build, device.server.url)
    assert result.returncode == 5
    assert error_of(result).startswith("what answers there has no hotreload component")
    assert device.uploads == []


def test_a_fault_in_the_question_shows_itself() -> None:
    """It is asked in a thread of its own, which must not leave the other one waiting."""

    class Faulty(Client):
        def status(self) -> dict[str, Any]:
            raise UnicodeError("nobody thought of this")

    with pytest.raises(UnicodeError, match="nobody thought of this"):
        asked(Faulty("http://127.0.0.1"))()


def test_running_is_what_the_device_says(build: Path, device: Device) -> None:
    device.takes = False
    device.server.answers["/upload-and-reload"] = (200, {"status": "ok", "module": 1})
    device.state["last_error"] = {"error": "HOTRELOAD_ERR_HASH", "message": "it is damaged"}
    result = run(build, device.server.url)
    assert (result.returncode, result.stdout) == (6, "")
    assert error_of(result) == (
        "the device took the module and does not run it: module 1 since boot, 00000000, runs; "
        "its last error is HOTRELOAD_ERR_HASH: it is damaged"
    )


def test_a_module_that_was_passed_over_is_told_with_its_reason(build: Path, device: Device) -> None:
    device.takes = False
    device.server.answers["/upload-and-reload"] = (200, {"status": "ok", "module": 1})
    device.state["slots"] = [slot("a", "written"), slot("0", "confirmed", running=True)]
    passed = {
        "slot": 0,
        "hash": "a" * 64,
        "error": "ESP_ERR_NO_MEM",
        "message": "no memory for 262000 bytes",
    }
    device.state["passed_over"] = [passed]
    result = run(build, device.server.url)
    assert result.returncode == 6
    told = (
        "module 1 since boot, 00000000, runs, not the newest module in flash (aaaaaaaa): "
        "ESP_ERR_NO_MEM: no memory for 262000 bytes"
    )
    assert result.stdout == f"hotreload: {told}\n"  # at once, before anything is sent
    assert error_of(result) == f"the device took the module and does not run it: {told}"


def test_a_module_of_the_same_bytes_that_was_there_before_does_not_count(
    build: Path, device: Device
) -> None:
    device.load(module(b"first"))
    device.takes = False
    device.server.answers["/upload-and-reload"] = (200, {"status": "ok", "module": 3})
    assert run(build, device.server.url).returncode == 6


def test_an_application_takes_the_update_when_it_likes(build: Path, device: Device) -> None:
    device.takes = False
    device.server.answers["/upload-and-reload"] = (202, {"status": "pending", "pending": {}})
    questions = []

    def take_at_the_third_question(path: str, body: bytes) -> None:
        questions.append(path)
        if questions[-3:] == ["/status"] * 3:
            device.load(module(b"first"))

    device.server.when_asked = take_at_the_third_question
    result = run(build, device.server.url)
    assert result.returncode == 0
    assert "module 2 since boot" in result.stdout

    device.state["hash"] = "1" * 64
    device.server.when_asked = lambda path, body: None
    result = run(build, device.server.url, "--timeout", "0.3")
    assert result.returncode == 6
    assert error_of(result).startswith("the application has not taken the update")


NEW = {"confirmed": False, "confirm_ms": 200, "uptime_s": 9.5, "reset_reason": "power-on"}


def then(device: Device, *changes: dict[str, Any] | None) -> None:
    """What changes at each question after the module was sent; None: no answer that time."""
    left = list(changes)

    def change(path: str, body: bytes) -> None:
        device.asked(path, body)
        if path == "/status" and device.uploads and left:
            found = left.pop(0)
            if found is None:
                raise ConnectionError("the device is about to start again")
            device.state.update(found)

    device.server.when_asked = change


def test_a_module_is_looked_at_until_it_is_confirmed(build: Path, device: Device) -> None:
    device.state.update(NEW)
    then(device, {}, {}, {"confirmed": True})

    result = run(build, device.server.url)

    assert (result.returncode, result.stderr) == (0, "")
    runs, confirmed = result.stdout.splitlines()
    assert "module 2 since boot" in runs
    assert confirmed == "hotreload: it is confirmed"


def test_a_module_that_crashes_the_device_is_told(build: Path, device: Device) -> None:
    """Each start of the device, and that it has given the module up."""
    sent = sha256(module(b"first")).hexdigest()
    device.state.update(NEW)
    yielded = {**slot("a", "yielded", starts=3), "hash": sent}
    then(
        device,
        {},
        None,
        {"uptime_s": 0.5, "reset_reason": "panic", "module": 1},
        {"uptime_s": 0.25},
        {"uptime_s": 0.1, "hash": "0" * 64, "slots": [yielded, slot("0", "confirmed")]},
    )

    result = run(build, device.server.url)

    assert result.returncode == 6
    assert error_of(result) == (
        "the device has given the module up after 3 starts (last reset: panic): "
        "module 1 since boot, 00000000, runs"
    )
    again = "hotreload: the device has started again (reset: panic)"
    assert result.stdout.splitlines()[1:] == 3 * [again]


def test_a_module_that_crashes_the_device_at_once_is_told(build: Path, device: Device) -> None:
    device.state.update(NEW)
    crashed = {"uptime_s": 0.5, "reset_reason": "panic", "module": 1}
    then(device, crashed, {"confirmed": True})

    result = run(build, device.server.url)

    assert (result.returncode, result.stderr) == (0, "")
    told = ["module 1 since boot", "the device has started again (reset: panic)", "confirmed"]
    assert all(text in line for text, line in zip(told, result.stdout.splitlines(), strict=True)), (
        result.stdout
    )


def test_a_module_that_is_replaced_by_another_is_told(build: Path, device: Device) -> None:
    device.state.update(NEW, slots=[])
    then(device, {}, {"hash": "1" * 64})
    result = run(build, device.server.url)
    assert result.returncode == 6
    assert error_of(result).startswith("the device does not run the module any more: module 2")


def test_a_module_that_only_the_application_confirms_is_not_waited_for(
    build: Path, device: Device
) -> None:
    device.state.update(NEW, confirm_ms=None)
    result = run(build, device.server.url)
    assert result.returncode == 0
    assert result.stdout.endswith("hotreload: the application has to confirm it\n")


def test_watching_tells_of_a_module_that_crashes_the_device(build: Path, device: Device) -> None:
    """Without another save; the next one is taken as always."""
    sent = sha256(module(b"first")).hexdigest()
    device.state.update(NEW)
    yielded = {**slot("a", "yielded", starts=3), "hash": sent}
    then(
        device, {}, {"uptime_s": 0.1, "reset_reason": "panic", "hash": "0" * 64, "slots": [yielded]}
    )
    with watching(build, device.server.url) as watch:
        watch.expect("module 2 since boot")
        watch.expect("the device has started again (reset: panic)")
        watch.expect("error: the device has given the module up after 3 starts")
        device.state["slots"] = []
        (build / "module").write_bytes(module(b"second"))
        (build.parent / "source.c").write_text("repaired")
        watch.expect("module 3 since boot")


def test_the_device_may_refuse(build: Path, device: Device) -> None:
    device.takes = False
    answer = {"error": "HOTRELOAD_ERR_NO_ROOM", "message": "no room"}
    device.server.answers["/upload-and-reload"] = (507, answer)
    result = run(build, device.server.url)
    assert (result.returncode, error_of(result)) == (1, "HTTP 507: HOTRELOAD_ERR_NO_ROOM: no room")


def test_requests_are_signed_with_the_key_of_the_build(build: Path, device: Device) -> None:
    manifest = build / "hotreload" / "module_manifest.json"
    key = build / "hotreload" / "auth_key"
    key.write_text(SECRET.hex())
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "auth_key": str(key)}))
    assert run(build, device.server.url).returncode == 0
    signed = [header for method, _, header, _ in device.server.got if method == "POST"]
    assert signed[0].startswith("HMAC-SHA256 version=2,nonce=")


def test_the_emulated_device_of_the_build_is_found(build: Path, device: Device) -> None:
    without = run(build, None)
    assert (without.returncode, error_of(without)) == (
        2,
        "which device? use --url http://HOST:PORT, or set HOTRELOAD_URL, or start one with "
        "`idf.py run-project --qemu`",
    )
    (build / "hotreload" / "device_url").write_text(device.server.url)
    assert run(build, None).returncode == 0


def test_what_cannot_be_tried_is_one_line(build: Path, device: Device) -> None:
    url = device.server.url
    (build / "make.sh").write_text("echo no module > module.so")
    result = run(build, url)
    assert (result.returncode, error_of(result)) == (
        4,
        f"{build / 'module.so'} is not a module: it names no firmware",
    )
    cache = build / "CMakeCache.txt"
    cache.write_text(cache.read_text().replace("Ninja", "Unix Makefiles"))
    result = run(build, url)
    assert (result.returncode, error_of(result)) == (
        2,
        f"{build} is built by Unix Makefiles: only Ninja builds are known",
    )
    cache.unlink()
    result = run(build, url)
    assert result.returncode == 2
    assert "run `idf.py build` first" in error_of(result)


RUNS = "module 1 since boot, 00000000, runs, not the newest module in flash "


@pytest.mark.parametrize(
    ("newest", "told"),
    [
        (slot("0", "written", running=True), ""),
        (slot("0", "bad", running=True), ""),
        (slot("", "blank"), ""),
        (slot("b", "bad"), f"{RUNS}(bbbbbbbb): it was given up; `hotreload.py retry` takes that"),
        (slot("b", "yielded", starts=3), f"{RUNS}(bbbbbbbb): it was started 3 times and never"),
        (slot("b", "other"), f"{RUNS}(bbbbbbbb): it belongs to another firmware"),
        (slot("b", "written"), f"{RUNS}(bbbbbbbb): no load has taken it yet"),
        (slot("", "bad"), f"{RUNS}(flashed without a record): it was given up"),
    ],
    ids=["newest", "bad but running", "blank", "bad", "yielded", "other", "waiting", "raw"],
)
def test_why_the_newest_does_not_run(device: Device, newest: dict[str, Any], told: str) -> None:
    device.state.update(slots=[newest, slot("0", "confirmed", running=not newest["running"])])
    found = why_not_newest(device.state)
    assert found.startswith(told) if told else found == ""


def test_without_a_module_the_newest_is_told_as_well(device: Device) -> None:
    device.state.update(loaded=False, slots=[slot("b", "yielded", starts=3)])
    assert why_not_newest(device.state).startswith(
        "no module is loaded, not the newest module in flash (bbbbbbbb): it was started 3 times"
    )


def test_damage_is_no_module(device: Device) -> None:
    device.state.update(slots=[slot("", "damaged"), slot("0", "confirmed", running=True)])
    assert why_not_newest(device.state) == ""


class Watch:
    """A running `hotreload.py watch`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def expect(self, text: str) -> str:
        """The next line with `text`."""
        while True:
            line = self.lines.get(timeout=50)
            if text in line:
                return line

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=50)


class Terminal:
    """Of a program that has one to itself."""

    def __init__(self, screen: int, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._screen = screen
        self._shown = ""

    def expect(self, *texts: str) -> None:
        """Wait until the program has shown all of these."""
        while not all(text in self._shown for text in texts):
            assert select.select([self._screen], [], [], 50)[0], self._shown
            self._shown += os.read(self._screen, 4096).decode()

    def type(self, keys: str) -> None:
        os.write(self._screen, keys.encode())


@contextmanager
def watching(build: Path, url: str) -> Iterator[Watch]:
    process = subprocess.Popen(
        # who starts the tests in the background may have had them ignore the interrupt
        ["env", "--default-signal=INT", *command("watch", "--timeout", "5")],
        cwd=build.parent,
        env=environment(url),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watch = Watch(process)
    try:
        yield watch
    finally:
        process.kill()
        process.wait()
        watch.reader.join()
        assert process.stdout is not None
        process.stdout.close()


def test_each_save_brings_the_module_into_the_device(build: Path, device: Device) -> None:
    with watching(build, device.server.url) as watch:
        watch.expect("module 2 since boot (")
        watch.expect("watching 2 files of reloadable")
        for number, name in enumerate(("source.c", "header.h", "source.c"), 3):
            (build / "module").write_bytes(module(name.encode() * number))
            (build.parent / name).write_text(f"saved {number}")
            line = watch.expect(f"module {number} since boot")
            assert " s after the save (build " in line
        (build.parent / "header.h").write_text("saved, and the module is the same")
        watch.expect("reloadable runs already, nothing has changed")
        assert watch.end() == 0
    assert len(device.uploads) == 4


def test_an_editor_may_replace_the_file(build: Path, device: Device) -> None:
    with watching(build, device.server.url) as watch:
        watch.expect("watching")
        source = build.parent / "source.c"
        source.rename(build.parent / "source.c~")
        (build / "module").write_bytes(module(b"second"))
        (build.parent / "new").write_text("as in vim")
        (build.parent / "new").rename(source)
        watch.expect("module 3 since boot")

        (build / "make.sh").write_text(f"[ -s ../source.c ] || exit 1; {MAKE}")
        (build / "module").write_bytes(module(b"third"))
        source.write_text("")
        (build.parent / "header.h").write_text("saved while the other one is cut to nothing")
        watch.expect("was not built")
        source.write_text("written at last")
        watch.expect("module 4 since boot")


@pytest.mark.parametrize("endpoint", ["/status", "/upload-and-reload"], ids=["asked", "sent"])
def test_a_save_while_the_device_hangs_is_noticed(
    build: Path, device: Device, endpoint: str
) -> None:
    """Also of a header that is included for the first time just then."""
    hangs, answers = threading.Event(), threading.Event()

    def hang(path: str, body: bytes) -> None:
        device.asked(path, body)
        if path == endpoint:
            hangs.set()
            answers.wait(50)

    with watching(build, device.server.url) as watch:
        watch.expect("watching 2 files")
        (build.parent / "new.h").write_text("not saved yet")
        (build / "ninja").write_text(NINJA.replace("../header.h", "../header.h\\n    ../new.h"))
        (build / "module").write_bytes(module(b"second"))
        device.server.when_asked = hang
        (build.parent / "source.c").write_text("includes new.h")
        assert hangs.wait(50)
        watch.expect("waiting for")  # the module is built
        (build / "module").write_bytes(module(b"third"))
        (build.parent / "new.h").write_text("saved while the device hangs")
        answers.set()
        watch.expect("module 3 since boot")
        watch.expect("module 4 since boot")
    assert device.uploads == [module(text) for text in (b"first", b"second", b"third")]


#: compiles as Ninja does before its release 1.11: what counts is which file is newer
COMPILE = """\
if [ ! -e source.c.obj ] || [ ../source.c -nt source.c.obj ]; then
    cp module compiled
    [ ! -p begun ] || { echo >begun; read line <may_end; }
    touch source.c.obj
fi
cp compiled module.so
"""


def test_a_save_while_the_module_is_compiled_is_not_lost(build: Path, device: Device) -> None:
    (build / "make.sh").write_text(COMPILE)
    with watching(build, device.server.url) as watch:
        watch.expect("watching")
        os.mkfifo(build / "may_end")
        os.mkfifo(build / "begun")
        (build / "module").write_bytes(module(b"second"))
        (build.parent / "source.c").write_text("saved")
        (build / "begun").read_text()
        (build / "begun").unlink()
        (build / "module").write_bytes(module(b"third"))
        (build.parent / "source.c").write_text("saved, and the compiler has read it before")
        (build / "may_end").write_text("\n")
        watch.expect("module 3 since boot")
        watch.expect("module 4 since boot")
    assert device.uploads == [module(text) for text in (b"first", b"second", b"third")]


def test_an_older_file_that_takes_the_place_of_a_source_is_compiled(
    build: Path, device: Device
) -> None:
    source = build.parent / "source.c"
    (build / "make.sh").write_text(COMPILE)
    kept = build.parent / "kept"
    kept.write_text("of yesterday")
    os.utime(kept, (1e9, 1e9))
    with watching(build, device.server.url) as watch:
        watch.expect("watching")
        (build / "module").write_bytes(module(b"second"))
        kept.rename(source)
        watch.expect("module 3 since boot")


#: the command `monitor` as ESP-IDF has it: a process that takes each key from the terminal itself
MONITOR = '''
import subprocess, sys

CONSOLE = """
import sys, termios
settings = termios.tcgetattr(0)
settings[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG)
termios.tcsetattr(0, termios.TCSANOW, settings)
print("the monitor has the terminal", flush=True)
while (key := sys.stdin.read(1)) != chr(0x1d):
    print("the device got", repr(key), flush=True)
"""

def monitor(action, ctx, args):
    subprocess.run([sys.executable, "-c", CONSOLE], check=True)

def action_extensions(base_actions, project_path):
    return {"actions": {"monitor": {"callback": monitor, "help": "The console."}}}
'''


@contextmanager
def on_a_terminal(command: list[str], environment: dict[str, str]) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    )
    os.close(theirs)
    try:
        yield Terminal(ours, process)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.parametrize("order", [["watch", "monitor"], ["monitor", "watch"]])
def test_watch_and_the_monitor_share_a_terminal(
    build: Path, device: Device, lane: Any, tmp_path: Path, order: list[str]
) -> None:
    (tmp_path / "monitor_ext.py").write_text(MONITOR)
    idf = {**environment(device.server.url), **lane.environment()}
    idf["IDF_EXTRA_ACTIONS_PATH"] = f"{TOOLS.parent};{tmp_path}"
    idf_py = str(Path(idf["IDF_PATH"]) / "tools" / "idf.py")
    command = [sys.executable, idf_py, "-C", str(build.parent), "-B", str(build), *order]
    with on_a_terminal(command, idf) as terminal:
        terminal.expect("the monitor has the terminal", "watching 2 files of reloadable")
        terminal.type("k")
        terminal.expect("the device got 'k'")
        (build / "module").write_bytes(module(b"second"))
        (build.parent / "source.c").write_text("saved")
        terminal.expect("module 3 since boot")
        terminal.type("\x03")  # as any key: it ends what the device does, not the monitor
        terminal.expect("the device got '\\x03'")
        terminal.type("\x1d")
        assert terminal.process.wait(50) == 0


def test_watching_survives_what_goes_wrong(build: Path, device: Device) -> None:
    source = build.parent / "source.c"
    with watching(build, device.server.url) as watch:
        watch.expect("watching")
        (build / "make.sh").write_text("echo 'source.c:1:1: error: no'; exit 1")
        source.write_text("broken")
        watch.expect("source.c:1:1: error: no")
        watch.expect("the module 'reloadable' was not built")
        watch.expect("the next save tries again")

        (build / "make.sh").write_text(MAKE)
        device.state["firmware"] = OTHER_FIRMWARE.hex()
        source.write_text("for another firmware")
        watch.expect("flash it first")
        device.state["firmware"] = FIRMWARE.hex()

        status = device.server.answers["/status"]
        device.server.answers["/status"] = (503, {"error": "ESP_FAIL", "message": "starting"})
        source.write_text("while the device starts")
        watch.expect("HTTP 503: ESP_FAIL: starting")
        device.server.answers["/status"] = status

        (build / "module").write_bytes(module(b"second"))
        source.write_text("repaired")
        watch.expect("module 3 since boot")
        assert watch.end() == 0


def test_watching_a_device_that_vanishes(build: Path, device: Device, tmp_path: Path) -> None:
    gone = "http://127.0.0.1:9"  # discard: nobody listens
    (build / "hotreload" / "device_url").write_text(gone)
    with watching(build, "") as watch:
        watch.expect("no answer from 127.0.0.1:9")
        watch.expect("watching")
        (build / "hotreload" / "device_url").write_text(device.server.url)
        (build.parent / "source.c").write_text("saved")
        watch.expect("module 2 since boot")


def test_watching_goes_on_without_the_build_directory(build: Path, device: Device) -> None:
    source = build.parent / "source.c"
    with watching(build, device.server.url) as watch:
        watch.expect("watching")
        away = build.rename(build.parent / "away")
        source.write_text("saved after the directory was deleted")
        watch.expect("module_manifest.json: No such file or directory: run `idf.py build`")
        watch.expect("the next save tries again")
        away.rename(build)
        (build / "module").write_bytes(module(b"second"))
        source.write_text("saved after it was built again")
        watch.expect("module 3 since boot")
        assert watch.end() == 0


def test_of_several_failed_commands_what_each_said_is_shown() -> None:
    output = "\n".join(
        [
            "[3/9] Building C object a.c.obj",
            "FAILED: a.c.obj",
            "ccache gcc -c a.c",
            "a.c: In function 'f':",
            "a.c:1:1: error: one",
            "[4/9] Building C object b.c.obj",
            "FAILED: b.c.obj",
            "ccache gcc -c b.c",
            "b.c:2:2: error: two",
            "ninja: build stopped: subcommand failed.",
        ]
    )

    assert messages(output).splitlines() == [
        "a.c: In function 'f':",
        "a.c:1:1: error: one",
        "b.c:2:2: error: two",
    ]
