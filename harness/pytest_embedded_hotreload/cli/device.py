"""The device that a command is about, found as `idf.py reload` finds it."""

from __future__ import annotations

from pathlib import Path

from hotreload_client import Client
from hotreload_loop.build import MANIFEST, Build
from hotreload_loop.cycle import Cycle
from pytest_embedded_hotreload.cli.errors import CommandError


def client_of(folder: Path, url: str | None, timeout: float, key_file: Path | None) -> Client:
    """Of the device at `url`; without one, of the one that runs from the build directory."""
    if (folder / MANIFEST).exists() and (folder / "CMakeCache.txt").exists():
        return Cycle(Build.open(folder), url, timeout, key_file).client()
    if url is None:
        raise CommandError(
            f"which device? {folder} has no build: use --url http://HOST:PORT, or name the build "
            "directory of the one that runs by -B"
        )
    from hotreload_client import Key

    return Client(url, Key.load(key_file) if key_file else None, timeout)
