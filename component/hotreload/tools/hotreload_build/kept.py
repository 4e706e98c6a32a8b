"""The last modules with their symbols: a device may still have one of before the last link."""

from __future__ import annotations

import hashlib
from pathlib import Path

from .files import write_atomically

FOLDER = "modules"
KEPT = 20


def keep(unstripped: Path, elf: bytes) -> None:
    """Keep a copy of what `elf` was stripped of, and forget the oldest."""
    folder = unstripped.parent / FOLDER
    folder.mkdir(exist_ok=True)
    name = hashlib.sha256(elf).hexdigest()[:16]
    write_atomically(folder / f"{name}.so", unstripped.read_bytes())
    for old in kept_in(unstripped)[KEPT:]:
        old.unlink()


def kept_in(unstripped: Path) -> list[Path]:
    """The copies, the newest first."""
    folder = unstripped.parent / FOLDER
    return sorted(folder.glob("*.so"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
