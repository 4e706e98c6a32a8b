"""`hotreload decode`: a console with the names of its addresses."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Annotated, TextIO

import typer

from pytest_embedded_hotreload.cli.options import (
    HERE,
    TIMEOUT,
    BuildDir,
    Json,
    Project,
    Timeout,
    Url,
    build_folder,
)

ConsoleFile = Annotated[
    Path | None, typer.Argument(metavar="CONSOLE", help="A file. Default: standard input.")
]
Further = Annotated[
    list[Path],
    typer.Option("--module", metavar="FILE", help="A further ELF that may have been loaded."),
]


def decode(
    console: ConsoleFile = None,
    module: Further = [],  # noqa: B006 - as Typer wants it
    url: Url = None,
    project: Project = HERE,
    build_dir: BuildDir = None,
    timeout: Timeout = TIMEOUT,
    as_json: Json = False,
) -> int:
    """Name the functions and lines in a console's panics."""
    from hotreload_client import Client
    from hotreload_decode.run import Session
    from hotreload_loop.cycle import complain
    from hotreload_loop.errors import exit_status
    from pytest_embedded_hotreload.cli.errors import DONE

    client = Client(url, None, timeout) if url else None
    session = Session(build_folder(project, build_dir), module, client, complain)
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.suppress(KeyboardInterrupt))
        out = Decoded() if as_json else sys.stdout
        session.decode(stack.enter_context(opened(console)), out)  # type: ignore[arg-type]
    return exit_status(session.problems[0]) if session.problems else DONE


def opened(path: Path | None) -> TextIO:
    """A console may have any bytes."""
    from pytest_embedded_hotreload.cli.errors import CommandError

    if path is None and sys.stdin.isatty():
        raise CommandError("no console: name its file, or pipe it in")
    try:
        file = sys.stdin.fileno() if path is None else path
        return open(file, encoding="utf-8", errors="replace", closefd=path is not None)
    except OSError as error:
        raise CommandError(f"cannot read the console {path}: {error.strerror}") from error


class Decoded:
    """Makes an event of each line and of the notes below it; a flush ends both."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def write(self, text: str) -> int:
        self._parts.append(text.rstrip("\n"))
        return len(text)

    def flush(self) -> None:
        from pytest_embedded_hotreload.cli.output import event

        line, *notes = self._parts
        self._parts = []
        event(event="line", text=line, notes=[note.removeprefix("--- ") for note in notes])
