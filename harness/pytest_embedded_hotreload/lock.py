"""Locks between processes, which the kernel releases whatever a process dies of."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_embedded_hotreload.errors import HarnessError
from pytest_embedded_hotreload.spent import LOCKS, spent


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the exclusive lock `path`; the file stays, since removing it would split the lock."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
    except OSError as error:
        raise HarnessError(
            f"{error.filename}: {error.strerror}: builds need a cache that can be written to "
            "(HOTRELOAD_CACHE chooses its folder)"
        ) from error
    with file:
        with spent(LOCKS):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Usage:
    """That this process uses something, alone or with others, until `end` or its own end."""

    def __init__(self, path: Path) -> None:
        # no file object: one that is not closed would be warned of
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        self._open = True

    def try_alone(self) -> bool:
        """Whether nobody else uses it, and nobody else can until `share` or `end`."""
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    def share(self) -> None:
        """Use it with others."""
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def end(self) -> None:
        """Use it no longer."""
        if self._open:
            self._open = False
            os.close(self._descriptor)
