"""The pytest side of debugging: options, and what they put into a run."""

import socket
import tempfile
from pathlib import Path
from typing import Any

import pytest

from pytest_embedded_hotreload.debug.keep import FOLDER, KeepDevice


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add how a device is looked into."""
    group = parser.getgroup("hotreload", "hot reload harness")
    group.addoption(
        "--keep-device",
        action="store_true",
        help="stop at the first failure with its devices alive, and say how to reach them",
    )
    group.addoption(
        "--gdb",
        action="store_true",
        help="stop each device at its start for gdb, which knows firmware and module; it is run at "
        "a terminal, else the command that runs it is shown",
    )
    group.addoption(
        "--gdb-commands",
        type=Path,
        metavar="FILE",
        help="with --gdb: gdb does what FILE says, and the test goes on without it",
    )
    group.addoption(
        "--gdb-server",
        action="store_true",
        help="with --gdb: an editor or another terminal runs gdb",
    )
    group.addoption(
        "--gdb-port",
        type=int,
        default=3333,
        metavar="PORT",
        help="with --gdb: where emulators wait for gdb, 0 for any port (default: 3333)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Wait for a person, who has one device at a time and no hurry."""
    if not (config.getoption("keep_device") or config.getoption("gdb")):
        return
    if getattr(config.option, "numprocesses", None) or hasattr(config, "workerinput"):
        raise pytest.UsageError(
            "--keep-device and --gdb stop in the process of the test: leave out -n"
        )
    if config.getoption("keep_device"):
        _keep(config)
    if config.getoption("gdb"):
        _have_time(config)


def _keep(config: pytest.Config) -> None:
    config.option.maxfail = 1
    folder = tempfile.TemporaryDirectory(prefix="hotreload-")  # a socket's name has to be short
    config.add_cleanup(folder.cleanup)
    config.stash[FOLDER] = Path(folder.name)
    config.pluginmanager.register(KeepDevice(), "hotreload-keep")


def _have_time(config: pytest.Config) -> None:
    """Nothing that waits for a device gives up while a debugger has stopped it."""
    config.hook.pytest_enter_pdb(config=config, pdb=None)  # pytest-timeout's way to be told
    limited = socket.socket.settimeout

    def without_limit(connection: socket.socket, seconds: float | None) -> None:
        limited(connection, None if seconds else seconds)

    patch: Any = socket.socket
    patch.settimeout = without_limit
    config.add_cleanup(lambda: setattr(patch, "settimeout", limited))
