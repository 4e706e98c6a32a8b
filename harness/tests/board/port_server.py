"""esptool's `esp_rfc2217_server` in front of a bridge, as it runs on the machine of a board.

It is the program as esptool ships it. What a bridge lacks is a serial port of the kernel: its end
is `rfc2217://` too, and the reset sequence is one that sets a line at a time.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import esp_rfc2217_server
import psutil
import serial

from tests.conftest import ROOT

#: esptool's classic one: UnixTightReset sets both lines by an ioctl, which only a kernel's port has
SETTINGS = "[esptool]\ncustom_reset_sequence = D0|R1|W0.1|D1|R0|W0.05|D0\n"
LISTENS = "Waiting for connection"


@contextlib.contextmanager
def serve_port(port: str, folder: Path) -> Iterator[str]:
    """Serve the port of a bridge on a port that the kernel chooses; gives its `rfc2217://` URL."""
    settings = folder / "esptool.cfg"
    settings.write_text(SETTINGS)
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", __name__, port],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "harness"),
            "ESPTOOL_CFGFILE": str(settings),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            said = ""
            while LISTENS not in said:
                line = process.stdout.readline()
                assert line, said
                said += line
            yield f"rfc2217://127.0.0.1:{_listening(process.pid)}"
        finally:
            process.kill()


def _listening(pid: int) -> int:
    connections = psutil.Process(pid).net_connections("tcp")
    (port,) = [c.laddr.port for c in connections if c.status == psutil.CONN_LISTEN]
    return int(port)


if __name__ == "__main__":
    serial.protocol_handler_packages.insert(0, "tests.board")
    esp_rfc2217_server.main([sys.argv[1], "--localport", "0"])
