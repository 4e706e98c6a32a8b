"""What a command is doing, shown to people once it takes longer than half a second."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator

PATIENCE = 0.5  # seconds


@contextlib.contextmanager
def working(text: str) -> Iterator[None]:
    """Inside, something is done that may take a while; on a terminal `text` says what."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()

    def spin() -> None:
        if done.wait(PATIENCE):
            return
        from rich.console import Console

        with Console(stderr=True).status(text):
            done.wait()

    spinner = threading.Thread(target=spin, daemon=True)
    spinner.start()
    try:
        yield
    finally:
        done.set()
        spinner.join()
