"""`hotreload reload`: the module as it is in the sources, or a file, into the device."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pytest_embedded_hotreload.cli.options import (
    HERE,
    TIMEOUT,
    BuildDir,
    Json,
    KeyFile,
    Project,
    Timeout,
    Url,
    build_folder,
)

if TYPE_CHECKING:
    from hotreload_client import Client

ModuleFile = Annotated[
    Path | None,
    typer.Option("--module", metavar="FILE", help="Send this module instead of building one."),
]


def reload(
    module: ModuleFile = None,
    url: Url = None,
    project: Project = HERE,
    build_dir: BuildDir = None,
    key_file: KeyFile = None,
    timeout: Timeout = TIMEOUT,
    as_json: Json = False,
) -> None:
    """Build the module, send it to the device, and look until it is confirmed."""
    from pytest_embedded_hotreload.cli.device import client_of
    from pytest_embedded_hotreload.cli.output import show
    from pytest_embedded_hotreload.cli.progress import working

    folder = build_folder(project, build_dir)
    # what is told on the way is no part of the result
    told = contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext()
    with told, working("building and sending the module"):
        if module is None:
            from hotreload_loop.build import Build
            from hotreload_loop.cycle import Cycle
            from pytest_embedded_hotreload.cli.idf import find_work_alike

            find_work_alike(folder)
            cycle = Cycle(Build.open(folder), url, timeout, key_file)
            cycle.reload()
            client = cycle.client()
        else:
            client = client_of(folder, url, timeout, key_file)
            send(client, module, timeout)
        state = client.status()
    content = {"url": f"http://{client.address}", "device": state}
    show(content, as_json, lambda console: None)


def send(client: Client, path: Path, timeout: float) -> None:
    """Send one file, and look until it is confirmed."""
    from hotreload_loop.delivery import check_fits, deliver
    from hotreload_loop.module import Module
    from hotreload_loop.progress import tell
    from hotreload_loop.trial import Trial

    module = Module.read(path)
    before = client.status()
    check_fits(before, module, lambda running: "build the module against that firmware")
    state = deliver(client, module, before, timeout)
    tell(f"{path.name} runs: {state['size']} bytes, module {state['module']} since boot")
    Trial(client, module, before, state, timeout).follow()
