#!/usr/bin/env python3
"""Speaks with an emulator's monitor at a Unix socket: `monitor.py SOCKET`, commands from stdin."""

import os
import selectors
import socket
import sys

QUIET_SECONDS = 0.5


def main(path: str) -> None:
    """Until the input ends and what it has asked for is answered, or the emulator ends."""
    with (
        socket.socket(socket.AF_UNIX) as monitor,
        selectors.DefaultSelector() as ready,
    ):
        monitor.connect(path)
        ready.register(monitor, selectors.EVENT_READ)
        ready.register(sys.stdin, selectors.EVENT_READ)
        timeout = None
        while events := ready.select(timeout):
            for key, _ in events:
                if key.fileobj is monitor:
                    said = monitor.recv(65536)
                    if not said:
                        return
                    os.write(1, said)
                elif typed := os.read(0, 65536):
                    monitor.sendall(typed)
                else:
                    ready.unregister(sys.stdin)
                    timeout = QUIET_SECONDS


if __name__ == "__main__":
    main(sys.argv[1])
