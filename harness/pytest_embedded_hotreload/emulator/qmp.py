"""QEMU's machine protocol over one connection that lives as long as the process."""

import json
import socket
import threading
from typing import Any

from pytest_embedded_hotreload.errors import HarnessError


class QmpError(HarnessError):
    """QEMU refused a command, or the connection ended."""


class Qmp:
    """A synchronous client; events that arrive between answers are kept for `wait_event`."""

    def __init__(self, connection: socket.socket, timeout: float = 10.0) -> None:
        self._connection = connection
        self._connection.settimeout(timeout)
        self._stream = connection.makefile("rb")
        self._events: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._receive()  # the greeting
        self.execute("qmp_capabilities")

    def execute(self, command: str, arguments: dict[str, Any] | None = None) -> Any:
        """Run one command and return its result."""
        request: dict[str, Any] = {"execute": command}
        if arguments:
            request["arguments"] = arguments
        with self._lock:
            try:
                self._connection.sendall(json.dumps(request).encode())
            except OSError as error:
                raise QmpError(f"QMP {command}: {error}") from error
            while True:
                message = self._receive()
                if "event" in message:
                    self._events.append(message)
                elif "error" in message:
                    raise QmpError(f"QMP {command}: {message['error']['desc']}")
                else:
                    return message["return"]

    def human(self, command_line: str) -> str:
        """Run a command of the monitor for people.

        Not `info registers` while the machine runs: to print the register windows QEMU writes
        them back (target/xtensa/translate.c, xtensa_cpu_dump_state), beside the guest that goes
        on. A few hundred of these overwrite registers of some caller, and the firmware crashes.
        Between `execute("stop")` and `execute("cont")` it does no harm.
        """
        return str(self.execute("human-monitor-command", {"command-line": command_line}))

    def wait_event(self, name: str) -> dict[str, Any]:
        """Return the oldest event `name` that was not returned before; drop those before it."""
        with self._lock:
            while True:
                message = self._events.pop(0) if self._events else self._receive()
                if message.get("event") == name:
                    return message

    def forget_events(self) -> None:
        """Drop the events that have been received."""
        with self._lock:
            self._events.clear()

    def close(self) -> None:
        """End the connection."""
        self._stream.close()
        self._connection.close()

    def _receive(self) -> dict[str, Any]:
        try:
            line = self._stream.readline()
        except TimeoutError as error:
            raise QmpError("QMP: no answer from QEMU") from error
        except OSError as error:
            raise QmpError(f"QMP: {error}") from error
        if not line:
            raise QmpError("QMP: QEMU closed the connection")
        message: dict[str, Any] = json.loads(line)
        return message
