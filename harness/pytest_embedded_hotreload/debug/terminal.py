"""The terminal, when pytest has it."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

TERMINAL = Path("/dev/tty")


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


def run_in_foreground(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Run a program to which the terminal belongs until it ends: Ctrl-C is for it alone.

    Else it would also end what a test runs meanwhile, such as a compiler.
    """
    process = subprocess.Popen(command, process_group=0)
    _give_terminal(process.pid)
    process.send_signal(signal.SIGCONT)  # it may have been stopped for reading too early
    threading.Thread(target=_take_back, args=[process], name="terminal", daemon=True).start()
    return process


def _give_terminal(group: int) -> None:
    with TERMINAL.open() as terminal:
        os.tcsetpgrp(terminal.fileno(), group)


def _take_back(process: "subprocess.Popen[bytes]") -> None:
    process.wait()
    # who takes the terminal from the background is stopped otherwise
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTTOU])
    _give_terminal(os.getpgrp())
