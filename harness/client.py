"""The component's HTTP server as its users see it."""

import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPResponse
from types import TracebackType
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from hotreload_client import Key
from requests.auth import AuthBase

from harness.errors import ConditionNotMet, NoAnswer

TIMEOUT = 10.0
OCTETS = "application/octet-stream"


class HasData(Protocol):
    """A module, or anything else that knows its bytes."""

    @property
    def data(self) -> bytes: ...


Upload = bytes | HasData


class HotReloadHTTPError(ConditionNotMet):
    """The server answered with an error."""

    def __init__(self, status: int, body: str, answer: dict[str, Any]) -> None:
        self.status = status
        self.body = body
        self.name = str(answer.get("error", ""))
        self.code = int(str(answer.get("code", 0)), 0)
        self.message = str(answer.get("message", ""))
        super().__init__(
            f"HTTP {status}: {self.name or 'no error name'}: {self.message or repr(body)}"
        )


@dataclass(frozen=True)
class RawAnswer:
    """Status, headers and body of an answer to a raw request."""

    status: int
    headers: dict[str, str]
    body: bytes


class Signature(AuthBase):
    """Signs each request that changes something, with a nonce of its own."""

    def __init__(self, nonce: Callable[[], str], key: Key) -> None:
        self._nonce = nonce
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if request.method == "POST":
            body = request.body or b""
            data = body.encode() if isinstance(body, str) else body
            endpoint = urlsplit(request.url or "").path
            request.headers["Authorization"] = self._key.authorization(
                "POST", str(endpoint), self._nonce(), data
            )
        return request


class HotReloadClient:
    """Upload, reload and status; every error of the server is a `HotReloadHTTPError`.

    `url` is asked for each request: after a power cycle the device has another port. With the
    key of the firmware requests are signed.
    """

    def __init__(
        self,
        url: Callable[[], str],
        record: Callable[[str, str, float], None] = lambda request, answer, seconds: None,
        key: Key | None = None,
    ) -> None:
        self._url = url
        self._record = record
        self._session = requests.Session()
        if key is not None:
            self._session.auth = Signature(self.nonce, key)

    @property
    def url(self) -> str:
        """Where the server is now."""
        return self._url()

    def upload(self, elf: Upload) -> dict[str, Any]:
        """Write a module to flash."""
        return self.post("/upload", _bytes(elf), {"Content-Type": OCTETS})

    def upload_form(self, elf: Upload) -> dict[str, Any]:
        """As `upload`, with the body that a browser or `curl -F` sends."""
        return self.post_form("/upload", _bytes(elf))

    def reload(self) -> dict[str, Any]:
        """Load what is in flash."""
        return self.post("/reload", b"", {})

    def upload_and_reload(self, elf: Upload) -> dict[str, Any]:
        """Write a module to flash and load it."""
        return self.post("/upload-and-reload", _bytes(elf), {"Content-Type": OCTETS})

    def upload_and_reload_form(self, elf: Upload) -> dict[str, Any]:
        """As `upload_and_reload`, with the body that a browser or `curl -F` sends."""
        return self.post_form("/upload-and-reload", _bytes(elf))

    def status(self) -> dict[str, Any]:
        """State of the server and of the module."""
        return self._answer(self.request("GET", "/status"))

    def nonce(self) -> str:
        """A fresh nonce for a request to sign."""
        return str(self._answer(self.request("GET", "/nonce"))["nonce"])

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
        """POST raw bytes."""
        return self._answer(self.request("POST", path, data=body, headers=headers))

    def post_form(self, path: str, elf: bytes) -> dict[str, Any]:
        """POST a multipart form with one file."""
        files = {"file": ("module.so", elf, OCTETS)}
        return self._answer(self.request("POST", path, files=files))

    def request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Any request, answered with whatever the server says; `NoAnswer` if it says nothing."""
        arguments.setdefault("timeout", TIMEOUT)
        try:
            response = self._session.request(method, self.url + path, **arguments)
        except requests.RequestException as error:
            raise NoAnswer(f"{method} {path}: {error}") from error
        body = response.request.body
        size = f" ({len(body)} bytes)" if isinstance(body, bytes) and body else ""
        self._record(
            f"{method} {path}{size}",
            f"{response.status_code} {response.text.strip()[:200]}",
            response.elapsed.total_seconds(),
        )
        return response

    def raw(self, path: str, length: int, content_type: str = OCTETS) -> "RawUpload":
        """A POST whose body the caller sends in pieces, or not to its end."""
        return RawUpload(self.url, path, length, content_type)

    def disconnect(self) -> None:
        """Forget open connections: the device was reset and knows nothing of them."""
        self._session.close()

    close = disconnect

    def _answer(self, response: requests.Response) -> dict[str, Any]:
        try:
            answer = response.json()
        except requests.JSONDecodeError:
            answer = {}
        if not isinstance(answer, dict):
            answer = {}
        if not response.ok:
            raise HotReloadHTTPError(response.status_code, response.text, answer)
        return answer


@dataclass
class RawUpload:
    """A POST on a socket of its own, for slow, broken and lying clients."""

    url: str
    path: str
    length: int
    content_type: str = OCTETS
    headers: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> "RawUpload":
        address = urlsplit(self.url)
        self._socket = socket.create_connection((address.hostname, address.port), TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        headers = {
            "Host": address.netloc,
            "Content-Type": self.content_type,
            "Content-Length": str(self.length),
            **self.headers,
        }
        head = [f"POST {self.path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
        self.send("\r\n".join(head).encode())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Send a piece."""
        self._socket.sendall(data)

    def finish(self) -> None:
        """Send nothing more, as a client that was told to stop does."""
        self._socket.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        """Drop the connection in mid-transfer, with a reset instead of a farewell."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def answer(self, timeout: float = TIMEOUT) -> RawAnswer:
        """Wait for the server's answer."""
        self._socket.settimeout(timeout)
        response = HTTPResponse(self._socket, method="POST")
        response.begin()
        return RawAnswer(response.status, dict(response.getheaders()), response.read())


def _bytes(elf: Upload) -> bytes:
    return elf if isinstance(elf, bytes) else elf.data
