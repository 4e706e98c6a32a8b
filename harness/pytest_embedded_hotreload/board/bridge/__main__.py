"""The bridge as a program: `python -m pytest_embedded_hotreload.board.bridge --help`."""

import argparse
import contextlib
import math
import re
import signal
import socket
import sys
from pathlib import Path

from pytest_embedded_hotreload.board.bridge.chips import CHIPS, HostPorts
from pytest_embedded_hotreload.board.bridge.circuit import CAPACITOR, Port, rise_seconds
from pytest_embedded_hotreload.board.bridge.power import PowerSwitch, serve_power
from pytest_embedded_hotreload.board.bridge.server import Server
from pytest_embedded_hotreload.board.inventory import STATE
from pytest_embedded_hotreload.errors import HarnessError
from pytest_embedded_hotreload.flashimage import SIZES
from pytest_embedded_hotreload.lanes import esp32, sim

DESCRIPTION = """
Puts an emulated ESP32 where a board would be: at an RFC2217 port of this host, with reset lines.
Whoever opens the port, esptool or a terminal, finds what a board on a USB cable shows: DTR and RTS
reset the chip into its firmware or into download mode, the flash keeps what was written.
"""
EPILOG = """
What it prints is a file of boards: `pytest --lane board --boards=FILE` runs on it. It ends by
Ctrl-C. Chip esp32 is Espressif's QEMU, which has to be in PATH; chip sim is the simulated
board, for firmwares that were built with harness/pytest_embedded_hotreload/sim/idf.
"""


#: files of sdkconfig settings: a firmware needs on the chip what it needs on the chip's lane
DEFAULTS = {"esp32": esp32.DEFAULTS, "sim": sim.DEFAULTS}
#: the simulated board's download mode has none, and Espressif's QEMU 8.2 cannot run the newer one
STUBS = {"esp32": "legacy", "sim": "none"}


#: what switches the power: labgrid does it by the same address
CURL = "curl -fsS --noproxy *"


class BridgeError(HarnessError):
    """The bridge cannot be set up."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until a signal comes."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _serve(options)
    except HarnessError as error:
        print(f"bridge: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pytest_embedded_hotreload.board.bridge",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument("flash", type=Path, help="the flash, a file; made when it does not exist")
    parser.add_argument("--chip", choices=CHIPS, default="esp32", help="default: esp32")
    parser.add_argument("--name", default="bridge", help="name of the board (default: bridge)")
    parser.add_argument(
        "--size", choices=SIZES, default="4MB", help="size of a new flash (default: 4MB)"
    )
    parser.add_argument(
        "--port",
        type=int,
        default=0,
        metavar="PORT",
        help="where it listens on 127.0.0.1 (default: a free port)",
    )
    parser.add_argument(
        "--capacitor",
        type=_microfarads,
        default=CAPACITOR,
        metavar="UF",
        help="microfarads at the chip's EN pin: how far apart changes of DTR and RTS may come "
        f"(default: {CAPACITOR:g}, as boards have it: {rise_seconds(CAPACITOR) * 1e3:.0f} ms)",
    )
    parser.add_argument(
        "--forward",
        type=_forward,
        action="append",
        metavar="PORT[:HOST_PORT]",
        help="a port of the board that the host can reach, and by which one of its own (default: "
        "8080 and 8081, by free ones); can be repeated",
    )
    return parser


def _microfarads(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 < (value := float(text)) < math.inf:
            return value
    raise argparse.ArgumentTypeError(f"{text!r} is not a number of microfarads above 0")


def _forward(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,5})(?::(\d{1,5}))?", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not PORT or PORT:HOST_PORT")
    return int(found[1]), int(found[2] or 0)


def _serve(options: argparse.Namespace) -> None:
    try:
        if not options.flash.exists():
            options.flash.write_bytes(b"\xff" * SIZES[options.size])
    except OSError as error:
        raise BridgeError(f"{options.flash}: {error.strerror}: name another file") from error
    try:
        listener = socket.create_server(("127.0.0.1", options.port))
        ports = HostPorts(dict(options.forward or [(8080, 0), (8081, 0)]))
    except (OSError, OverflowError) as error:
        raise BridgeError(f"a port cannot be had: {error}: choose another one") from error
    server = Server(listener)
    chip = PowerSwitch(CHIPS[options.chip](options.flash, ports, server))
    with serve_power(chip) as power:
        _describe(options, listener.getsockname()[1], ports, power)
        try:
            server.serve(Port(chip, rise_seconds(options.capacitor)))
        finally:
            chip.stop()
            server.close()
            ports.close()


def _describe(options: argparse.Namespace, port: int, ports: HostPorts, power: int) -> None:
    """Print the file of boards."""
    forward = ", ".join(f"{port}: 127.0.0.1:{host}" for port, host in ports.chosen.items())
    print("boards:")
    print(f"- name: {options.name}")
    print(f"  port: rfc2217://127.0.0.1:{port}")
    print(f"  forward: {{{forward}}}")
    print("  tags: [emulated, psram]")
    print("  sdkconfig:")
    for setting in re.findall(r"^(CONFIG_\w+)=(.*)$", DEFAULTS[options.chip].read_text(), re.M):
        print("    {}: {}".format(*setting))
    print(f"  stub: {STUBS[options.chip]}")
    print(f"  power: {CURL} http://127.0.0.1:{power}/{STATE}")
    print("", flush=True)


if __name__ == "__main__":
    sys.exit(main())
