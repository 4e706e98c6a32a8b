"""What pyserial takes for `rfc2217://` in `tests.board.port_server`."""

from pytest_embedded_hotreload.board.remote import RemotePort as Serial

__all__ = ["Serial"]
