"""Writing generated files so that a build system rebuilds no more than it must."""

from __future__ import annotations

import os
from pathlib import Path


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file that a reader sees whole or not at all, also when the build is interrupted."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        new.write_bytes(data)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def write_if_changed(path: Path, text: str) -> None:
    """Leave the time stamp of an equal file alone: what depends on it is up to date then."""
    data = text.encode()
    if path.is_file() and path.read_bytes() == data:
        return
    write_atomically(path, data)
