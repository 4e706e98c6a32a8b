"""The firmware of a build directory in Espressif's QEMU, with network and console."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .build import Build
from .errors import DONE, LoopError, WrongCallError
from .progress import tell

PROGRAM = "qemu-system-xtensa"
HOW = (
    "run `python $IDF_PATH/tools/idf_tools.py install qemu-xtensa` and "
    "`. $IDF_PATH/export.sh` again"
)
# their clock is the host's, which a busy host does not keep (ESP-IDF's guide to QEMU)
NO_WATCHDOGS = "driver=timer.esp32.timg,property=wdt_disable,value=true"
PSRAM = "4M"
MEGABYTE = 1 << 20
ERASED = b"\xff"

FORWARD = re.compile(r"TCP\[HOST_FORWARD\]\s+\d+\s+\S+\s+(\d+)\s")


class EmulatorError(LoopError):
    """QEMU does not start."""


def find_program() -> str:
    """Espressif's QEMU; Debian's has the same name and no ESP32."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise WrongCallError(f"Espressif's QEMU, {PROGRAM}, is not in PATH: {HOW}")
    machines = subprocess.run([program, "-machine", "help"], capture_output=True, text=True)
    if not re.search(r"^esp32\s", machines.stdout, re.MULTILINE):
        raise WrongCallError(f"{program} is not Espressif's QEMU, it has no machine esp32: {HOW}")
    return program


def flash_image(build: Build) -> bytes:
    """All that `idf.py flash` writes, each at its place in an erased flash."""
    files = _json(build, "flasher_args.json")["flash_files"]
    size = _flash_size(build)
    image = bytearray(ERASED * size)
    for offset, name in files.items():
        data = _read(build, name)
        at = int(offset, 0)
        if at + len(data) > size:
            raise WrongCallError(f"{name} at {offset} does not fit into a flash of {size} bytes")
        image[at : at + len(data)] = data
    return bytes(image)


def tell_url(url: str) -> None:
    tell(f"the device's server is at {url}; Ctrl-C ends the emulator, and so does Ctrl-A X")


def run(
    build: Build, device_port: int, host_port: int, started: Callable[[str], None] = tell_url
) -> int:
    """Run until QEMU is ended: by Ctrl-C, by Ctrl-A X, or by a signal. Returns its status.

    `started` is given the address of the device's server.
    """
    program = find_program()
    image = flash_image(build)
    with tempfile.TemporaryDirectory(prefix="hotreload-") as folder:
        flash = Path(folder) / "flash.bin"
        flash.write_bytes(image)
        forward = f"user,model=open_eth,hostfwd=tcp:127.0.0.1:{host_port}-:{device_port}"
        ours, theirs = socket.socketpair()
        command = [
            *(program, "-machine", "esp32", "-display", "none", "-nodefaults"),
            *(("-m", PSRAM) if _json(build, "config/sdkconfig.json").get("SPIRAM") else ()),
            *("-drive", f"file={flash},if=mtd,format=raw", "-global", NO_WATCHDOGS),
            *("-nic", forward),
            *("-chardev", f"socket,id=control,fd={theirs.fileno()}"),
            *("-mon", "chardev=control,mode=control"),
            *("-chardev", "stdio,id=console,mux=on,signal=on", "-serial", "chardev:console"),
            *("-mon", "chardev=console,mode=readline"),
        ]
        with ours, theirs, subprocess.Popen(command, pass_fds=[theirs.fileno()]) as process:
            theirs.close()
            # whatever ends this program ends QEMU
            before = signal.signal(signal.SIGTERM, signal.default_int_handler)
            try:
                with _announced(build, f"http://127.0.0.1:{_forwarded_port(ours)}", started):
                    return process.wait()
            except KeyboardInterrupt:
                return DONE
            finally:
                signal.signal(signal.SIGTERM, before)
                process.terminate()


def _forwarded_port(connection: socket.socket) -> int:
    """The host's port, which the kernel may have chosen."""
    commands = (
        {"execute": "qmp_capabilities"},
        {"execute": "human-monitor-command", "arguments": {"command-line": "info usernet"}},
    )
    answer = b""
    try:
        with connection.makefile("rwb") as stream:
            stream.readline()  # the greeting
            for command in commands:
                stream.write(json.dumps(command).encode())
                stream.flush()
                answer = stream.readline()
                while b'"event"' in answer:
                    answer = stream.readline()
    except ConnectionError:
        answer = b""
    found = FORWARD.search(answer.decode())
    if not found:
        raise EmulatorError("QEMU does not start: it has said why")
    return int(found[1])


@contextmanager
def _announced(build: Build, url: str, started: Callable[[str], None]) -> Iterator[None]:
    """Other commands find the device by themselves while it runs."""
    build.announce(url)
    started(url)
    try:
        yield
    finally:
        build.withdraw(url)


def _flash_size(build: Build) -> int:
    text = str(_json(build, "config/sdkconfig.json")["ESPTOOLPY_FLASHSIZE"])
    return int(text[: -len("MB")]) * MEGABYTE


def _json(build: Build, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_read(build, name))
    return content


def _read(build: Build, name: str) -> bytes:
    path = build.folder / name
    try:
        return path.read_bytes()
    except OSError as error:
        raise WrongCallError(f"cannot read {path}: {error.strerror}: run `idf.py build`") from error
