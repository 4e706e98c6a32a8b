"""The terminal, when pytest has it."""

import contextlib
from collections.abc import Iterator

import pytest


@contextlib.contextmanager
def at_the_terminal(config: pytest.Config) -> Iterator[None]:
    """Input and output are the user's, not captured."""
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is None:  # -p no:capture
        yield
        return
    capture.suspend(in_=True)
    try:
        yield
    finally:
        capture.resume()
