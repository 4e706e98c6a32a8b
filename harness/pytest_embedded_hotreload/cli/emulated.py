"""The emulators that run on this machine, from its table of processes."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from hotreload_client import Client, ClientError

PROGRAM = "qemu-system-xtensa"
MACHINES = ("-machine", "-M")
PATIENCE = 1.0  # seconds, for the answer of a device


def running() -> list[dict[str, Any]]:
    """Each with its machine, the addresses that lead to it, and who has started it."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            # a run of pytest starts it through others, which become it
            if Path(process.exe()).name == PROGRAM:
                found.append(described(process))
    return sorted(found, key=lambda device: int(device["pid"]))


def described(process: psutil.Process) -> dict[str, Any]:
    """What is known of one emulator."""
    arguments = process.cmdline()
    following = itertools.pairwise(arguments)
    machine = next((value for option, value in following if option in MACHINES), "")
    urls, module = [], ""
    for url in sorted(addresses(process)):
        told = asked(url)
        if told is not None:
            urls.append(url)
            module = told
    return {
        "pid": process.pid,
        "machine": machine,
        "urls": urls,
        "module": module,
        "user": who(process.parent()),
        "started": process.create_time(),
    }


def addresses(process: psutil.Process) -> Iterator[str]:
    """Where it listens."""
    for connection in process.net_connections(kind="tcp4"):
        if connection.status == psutil.CONN_LISTEN:
            yield f"http://127.0.0.1:{connection.laddr.port}"


def asked(url: str) -> str | None:
    """The module that a device runs, empty for none; None: it is no server of the component."""
    try:
        status = Client(url, None, PATIENCE).status()
    except ClientError:
        return None
    if "loaded" not in status:
        return None
    return str(status.get("hash", ""))[:8] if status["loaded"] else ""


def holder_of(lock: Path) -> str | None:
    """Who holds a lock of the kernel; None: nobody."""
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return None
    except FileNotFoundError:
        return None
    except OSError:
        return next(_holders(lock), "somebody")


def _holders(lock: Path) -> Iterator[str]:
    """/proc/locks names the process and the file's number (proc(5))."""
    number = str(lock.stat().st_ino)
    for line in Path("/proc/locks").read_text().splitlines():
        words = line.split()
        if len(words) > 5 and words[1] == "FLOCK" and words[5].rpartition(":")[2] == number:
            with contextlib.suppress(psutil.Error):
                yield who(psutil.Process(int(words[4])))


def who(process: psutil.Process | None) -> str:
    """A process as people know it."""
    if process is None:
        return ""
    with contextlib.suppress(psutil.Error):
        command = shlex.join(process.cmdline())
        shown = command if len(command) <= 60 else f"{command[:57]}..."
        return f"{process.username()}, process {process.pid}: {shown}"
    return f"process {process.pid}"
