"""A serial port on another machine, behind a server that speaks RFC 2217."""

import queue
import socket
import time
from typing import Any

import serial
import serial.rfc2217

#: how often a server is made to look whether its own end is still there
KNOCK_SECONDS = 1.0
#: how long a server may take for an answer: esptool's lets go of a client within 3 s, and has to
#: have done so for the next one
ANSWER_SECONDS = 6.0
#: how long a host may leave unconfirmed what was sent to it
SILENCE_SECONDS = 10


class RemotePort(serial.rfc2217.Serial):
    """pyserial's port, used as boards and their servers need it.

    The server is not told of timeouts: pyserial negotiates all settings anew, a quarter of a
    second, whenever one changes, which esptool does several times for each command. A timeout is
    the reader's own business.

    Nor is the server waited for until it has confirmed a line: two lines that belong together would
    be 50 ms apart, which no board's reset circuit bridges, and `esp_rfc2217_server` confirms none,
    since it makes the whole reset by itself.
    """

    #: whether the connection has ended, and not by `close()`
    lost = False
    _knocked = 0.0

    # pyserial's, which its stubs do not have
    _socket: socket.socket | None
    _read_buffer: "queue.Queue[bytes | None] | None"
    _rfc2217_options: dict[str, Any]
    _telnet_options: list[Any]
    _timeout: float | None

    @property
    def address(self) -> str:
        """Host and port of the server."""
        return str(self.portstr).removeprefix("rfc2217://")

    @property
    def remedy(self) -> str:
        """How a port is served so that everything works."""
        host, _, port = self.address.rpartition(":")
        return f"run `esp_rfc2217_server -p {port} SERIAL_PORT` on {host}"

    @property
    def hands_on_lines(self) -> bool:
        """Whether the server has set the line that was set last, and has said so."""
        return self._rfc2217_options["control"].state is not serial.rfc2217.REQUESTED

    @property
    def timeout(self) -> float | None:
        """Seconds that `read` waits."""
        return self._timeout

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._timeout = seconds

    def open(self) -> None:
        """Open the port; raises `serial.SerialException`, which says in a line what to do."""
        self.lost = False
        self._read_buffer = None
        try:
            super().open()
            assert self._socket is not None
            self._socket.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE_SECONDS * 1000
            )
        except OSError as error:
            raise serial.SerialException(self._why_not_open(error)) from error

    def from_url(self, url: str) -> tuple[str, int]:
        """Host and port in a URL; called by `open`, which has set all options."""
        self._network_timeout = ANSWER_SECONDS
        return super().from_url(url)

    def read(self, size: int = 1) -> bytes:
        """Read up to `size` bytes until the timeout.

        A server that has lost its board finds it out when something comes, and a host that was
        switched off is one that confirms nothing: so something is sent now and then.
        """
        now = time.monotonic()
        if now - self._knocked >= KNOCK_SECONDS:
            self._knocked = now
            self.telnet_send_option(serial.rfc2217.NOP, b"")
        return super().read(size)

    def close(self) -> None:
        """Close the port; pyserial leaves its socket open when the other end has gone."""
        connection = self._socket
        super().close()
        if connection is not None:
            connection.close()

    def rfc2217_set_control(self, value: bytes) -> None:
        """Set a line, or the flow control."""
        self._rfc2217_options["control"].set(value)

    def explain(self, error: BaseException) -> str:
        """One line about what one of the other methods has raised."""
        if self._is_lost(error):
            return (
                f"the connection to {self.address} has ended: does the server still run there, "
                "and is the board still plugged in?"
            )
        return first_line(error)

    def _reconfigure_port(self) -> None:
        try:
            super()._reconfigure_port()  # type: ignore[misc] # no stub
        except ValueError as error:
            raise serial.SerialException(f"{self.address} refuses settings: {error}") from error

    def _telnet_read_loop(self) -> None:
        super()._telnet_read_loop()  # type: ignore[misc] # no stub
        self.lost = self.is_open

    def _is_lost(self, error: BaseException) -> bool:
        # who writes may be told sooner than the thread that reads
        return self.lost or any(
            isinstance(cause, ConnectionError) for cause in (error, error.__context__)
        )

    def _why_not_open(self, error: OSError) -> str:
        if self._read_buffer is None:
            return self._why_not_connected(error.__context__ or error)
        said = " ".join(self._received().decode("ascii", "replace").split())
        says = f" (it says {said[:60]!r})" if said else ""
        (agreed,) = [option.state for option in self._telnet_options if option.name == "we-RFC2217"]
        if self._is_lost(error):
            return f"{self.address} closes the connection{says}: has somebody else opened it?"
        if agreed is serial.rfc2217.ACTIVE:
            return f"{self.address} agrees, but then: {first_line(error)}: restart its server"
        if agreed is serial.rfc2217.REQUESTED and not said:
            return (
                f"{self.address} takes the connection and says nothing: has somebody else opened "
                "it (esp_rfc2217_server has one client at a time), or is something else there?"
            )
        port = self.address.rpartition(":")[2]
        return (
            f"{self.address} is no RFC 2217 server{says}: {self.remedy}, or give ser2net "
            f"`accepter: telnet(rfc2217),tcp,{port}`"
        )

    def _why_not_connected(self, cause: BaseException) -> str:
        host = self.address.rpartition(":")[0]
        if isinstance(cause, ConnectionRefusedError):
            return f"nothing listens at {self.address}: {self.remedy}"
        if isinstance(cause, socket.gaierror):
            return f"no host is called {host}: correct the name"
        return f"{host} is not reached ({first_line(cause)}): is it on, and in this network?"

    def _received(self) -> bytes:
        received = b""
        while self._read_buffer is not None and self._read_buffer.qsize():
            received += self._read_buffer.get() or b""
        return received


def first_line(error: BaseException) -> str:
    """What an exception says, without the rest of it."""
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
