"""Errors as people and programs get them: one line or one object, and a status."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
from collections.abc import Callable
from typing import Any

import typer

from pytest_embedded_hotreload.cli.errors import CODES, DONE, status_of, text_of


def reported(command: Callable[..., int | None]) -> Callable[..., None]:
    """A command whose errors are told, and whose result is its exit status."""

    @functools.wraps(command)
    def run(**options: Any) -> None:
        try:
            status = command(**options) or DONE
            sys.stdout.flush()
        except BrokenPipeError:
            # who reads has enough; and nothing is to be said of it when Python ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            status = DONE
        except (Exception, KeyboardInterrupt) as error:
            status = _tell(error, bool(options.get("as_json")))
        raise typer.Exit(status)

    return run


def _tell(error: BaseException, as_json: bool) -> int:
    if os.environ.get("HOTRELOAD_TRACEBACK"):
        import traceback

        traceback.print_exception(error)
    status, text = status_of(error), text_of(error)
    # what a compiler or linker said comes before, and is for people
    *details, last = text.splitlines() or [type(error).__name__]
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
        print(*details, f"hotreload: error: {last}", sep="\n", file=sys.stderr, flush=True)
        if as_json:
            content = {"code": CODES[status], "status": status, "message": last}
            print(json.dumps({"error": content}), flush=True)
    return status
