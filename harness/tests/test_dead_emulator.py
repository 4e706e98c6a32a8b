"""An emulator that dies is why a connection breaks, however long the kernel takes to end it."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_embedded_hotreload.client import HotReloadClient
from pytest_embedded_hotreload.console import Console
from pytest_embedded_hotreload.emulator.machine import Machine
from pytest_embedded_hotreload.errors import DeviceCrashed
from pytest_embedded_hotreload.watch import Watch

#: it has dropped its connections, and ends only when it is asked whether it is still there
DYING = """
import json, os, signal, socket, sys
qmp, serial = (socket.socket(fileno=int(fd)) for fd in sys.argv[1:])
server = socket.create_server(("127.0.0.1", 0))
serial.sendall(b"port %d\\n" % server.getsockname()[1])
server.accept()[0].close()
qmp.sendall(b'{"QMP": {}}\\n')
qmp.recv(4096)
qmp.sendall(b'{"return": {}}\\n')
qmp.recv(4096)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def watch(console: Console) -> Iterator[Watch]:
    watch = Watch(console)
    watch.activate()
    yield watch
    watch.close()


@pytest.fixture
def machine(console: Console, tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(
        lambda qmp, serial: [sys.executable, "-c", DYING, str(qmp), str(serial)],
        console,
        tmp_path / "qemu.log",
    )
    console.catch_up, console.ask = machine.catch_up, machine.ask
    yield machine
    machine.end(signal.SIGKILL)


def test_it_is_waited_for(console: Console, watch: Watch, machine: Machine) -> None:
    _, port = console.wait_line(r"port (\d+)")
    client = HotReloadClient(lambda: f"http://127.0.0.1:{port[1]}", watch=watch)

    with pytest.raises(DeviceCrashed, match="killed by SIGKILL") as crashed:
        client.status()

    assert crashed.value.crash.kind == "lost"
