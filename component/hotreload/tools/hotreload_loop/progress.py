"""A line every some seconds that says what a command is waiting for."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

SECONDS = 2.0  # what takes less is not told


def tell(text: str) -> None:
    print(f"hotreload: {text}", flush=True)


@contextlib.contextmanager
def waiting(state: Callable[[], str]) -> Iterator[None]:
    """Inside, something is waited for; `state` says for what, and how far it is."""
    ended = threading.Event()

    def tell_again() -> None:
        while not ended.wait(SECONDS):
            tell(state())

    teller = threading.Thread(target=tell_again, daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()
