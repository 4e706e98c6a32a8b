"""An RFC2217 port (RFC 2217, "Telnet Com Port Control Option") in front of a chip."""

import contextlib
import selectors
import socket
import threading

from serial.rfc2217 import IAC, IAC_DOUBLED, PortManager

from pytest_embedded_hotreload.board.bridge.circuit import Port


class Client:
    """Whoever has opened the port."""

    def __init__(self, connection: socket.socket, port: Port) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = connection
        self._port = port
        self._sending = threading.Lock()
        self._manager = PortManager(port, self)  # type: ignore[arg-type] # it needs no more

    def write(self, data: bytes) -> None:
        """Send what is Telnet already."""
        with self._sending, contextlib.suppress(OSError):  # `receive` sees that it has gone
            self.connection.sendall(data)

    def send(self, data: bytes) -> None:
        """Send what the chip has printed."""
        self.write(data.replace(IAC, IAC_DOUBLED))

    def receive(self) -> bool:
        """Take in what has come; false when the client has gone."""
        try:
            data = self.connection.recv(65536)
        except OSError:
            return False
        received = b"".join(self._manager.filter(data))
        if received:
            self._port.chip.write(received)
        return bool(data)


class Server:
    """One port for one client at a time; others are turned away."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._client: Client | None = None

    def put(self, data: bytes) -> None:
        """What the chip prints; lost when nobody listens, as on a wire."""
        client = self._client
        if client is not None:
            client.send(data)

    def finish(self, reason: str, lost: bool) -> None:
        """The chip is off, of which a wire tells nothing."""

    def serve(self, port: Port) -> None:
        """Serve clients until an exception ends it."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select(port.remaining):
                    if key.fileobj is self._listener:
                        self._accept(selector, port)
                    elif self._client is not None and not self._client.receive():
                        selector.unregister(self._client.connection)
                        self._drop()
                port.settle()

    def close(self) -> None:
        """Close all connections."""
        self._drop()
        self._listener.close()

    def _accept(self, selector: selectors.BaseSelector, port: Port) -> None:
        connection, _ = self._listener.accept()
        if self._client is not None:
            connection.close()
            return
        self._client = Client(connection, port)
        selector.register(connection, selectors.EVENT_READ)
        port.power_on()

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.connection.close()
