"""Folders of the cache: each made once for its key, whoever asks, however many ask at once."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_embedded_hotreload.sim.provision.steps import Step
from pytest_embedded_hotreload.sim.sdk import COMPLETE


@contextmanager
def locked(path: Path, step: Step) -> Iterator[int]:
    """Hold the lock file `path`; the lock goes with the process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            step.say("waiting for another set-up that makes the same")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def provide(folder: Path, build: Callable[[Path], None], step: Step) -> Path:
    """`folder` as `build` makes it, which is asked only when it is not complete.

    It is built where it will stay, since compiler wrappers and Python environments hold their own
    path, and the mark comes last: what a killed build leaves behind has none and is made anew.
    """
    if (folder / COMPLETE).exists():
        return folder
    with locked(folder.with_name(f".{folder.name}.lock"), step) as lock:
        # programs that the step runs hold it too: a compiler may outlive a set-up that is killed
        os.set_inheritable(lock, True)
        if not (folder / COMPLETE).exists():
            if folder.exists():
                shutil.rmtree(folder)
            folder.mkdir()
            build(folder)
            (folder / COMPLETE).touch()
    return folder
