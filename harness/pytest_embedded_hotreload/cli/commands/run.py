"""`hotreload run`: a project on a device, with its console."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pytest_embedded_hotreload.cli.errors import DONE, CommandError
from pytest_embedded_hotreload.cli.options import HERE, BuildDir, Json, Project, build_folder

if TYPE_CHECKING:
    from pytest_embedded_hotreload.cli.idf import Idf

DEVICE_PORT = 8080

Lane = Annotated[
    str | None,
    typer.Option(
        metavar="LANE",
        help="sim: the simulated board, esp32: Espressif's QEMU, board: a board at a serial port. "
        "Default: sim, or esp32 where an ESP-IDF is exported.",
    ),
]
Port = Annotated[
    str | None, typer.Option("-p", "--port", metavar="PORT", help="The board's serial port.")
]
DevicePort = Annotated[
    int, typer.Option(min=1, max=65535, metavar="N", help="Port of the device's server.")
]
HostPort = Annotated[
    int,
    typer.Option(
        min=0, max=65535, metavar="N", help="Port of 127.0.0.1 that leads there. 0: a free one."
    ),
]


def run(
    lane: Lane = None,
    project: Project = HERE,
    build_dir: BuildDir = None,
    port: Port = None,
    device_port: DevicePort = DEVICE_PORT,
    host_port: HostPort = 0,
    as_json: Json = False,
) -> int:
    """Build the project, run it, and show its console, until Ctrl-C."""
    from pytest_embedded_hotreload.cli.idf import LANES, default_lane, idf_of
    from pytest_embedded_hotreload.cli.progress import working

    lane = lane or default_lane()
    if lane not in LANES:
        raise CommandError(f"no lane {lane}: there are {', '.join(LANES)}")
    if not (project / "CMakeLists.txt").is_file():
        raise CommandError(
            f"{project.resolve()} is no project, it has no CMakeLists.txt: name one by -C, or make "
            "one by hotreload new"
        )
    idf, folder = idf_of(lane), build_folder(project, build_dir)
    with working(f"building {project.resolve().name}"):
        idf.build(project, folder)
    with output(as_json) as started:
        if lane == "board":
            return on_board(idf, project, folder, port, started)
        return emulated(idf, folder, device_port, host_port, started)


def emulated(
    idf: Idf, folder: Path, device_port: int, host_port: int, started: Callable[[str | None], None]
) -> int:
    """As `idf.py run-project --qemu` does it."""
    from hotreload_loop import emulator
    from hotreload_loop.build import Build

    os.environ.update(idf.environment)
    return emulator.run(Build.open(folder), device_port, host_port, started)


def on_board(
    idf: Idf,
    project: Path,
    folder: Path,
    port: str | None,
    started: Callable[[str | None], None],
) -> int:
    """As `idf.py flash monitor` does it."""
    where = ("-p", port) if port else ()
    for action in ("flash", "monitor"):
        if action == "monitor":
            started(None)
        command = idf.command(project.resolve(), folder, *where, action)
        status = subprocess.call(command, env=dict(idf.environment))
        if status != DONE:
            raise CommandError(f"idf.py {action} has ended with status {status}")
    return DONE


@contextlib.contextmanager
def output(as_json: bool) -> Iterator[Callable[[str | None], None]]:
    """Who is told that the device runs, and at which address, if that is known.

    For programs the console goes to standard error.
    """
    from hotreload_loop.emulator import tell_url

    if not as_json:
        yield lambda url: tell_url(url) if url else None
        return
    sys.stdout.flush()
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as events:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

        def tell(url: str | None) -> None:
            print(json.dumps({"event": "started", "url": url}), file=events, flush=True)

        yield tell
        os.dup2(events.fileno(), sys.stdout.fileno())
