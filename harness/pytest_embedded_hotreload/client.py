"""The component's HTTP server as its users see it."""

import json
import select
import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from types import TracebackType
from typing import Any, Protocol, TypedDict, cast
from urllib.parse import urlsplit

import requests

from hotreload_client import Challenge, Key
from pytest_embedded_hotreload.connection import ANSWER, Connections, Record, unrecorded
from pytest_embedded_hotreload.errors import ConditionNotMet, NoAnswer
from pytest_embedded_hotreload.watch import Watch

TIMEOUT = 20.0
OCTETS = "application/octet-stream"


class HasData(Protocol):
    """A module, or anything else that knows its bytes."""

    @property
    def data(self) -> bytes: ...


Upload = bytes | HasData


class Segment(TypedDict):
    """Where a segment of the module lies."""

    address: str
    size: int


class Heap(TypedDict):
    """Free bytes; `data_minimum` is the lowest since boot."""

    data_free: int
    data_minimum: int
    exec_free: int
    exec_largest: int
    psram_free: int


class LastError(TypedDict):
    """The last operation that failed."""

    error: str
    message: str


class PendingUpdate(TypedDict):
    """An update that waits for a reload; `hash` is the SHA-256 of its ELF."""

    size: int
    hash: str


class Slot(TypedDict):
    """What a slot of the flash partition holds; `hash` is None where none is kept."""

    slot: int
    state: str
    size: int
    sequence: int
    starts: int
    hash: str | None
    running: bool


class PassedOver(TypedDict):
    """A module in flash that the last start or load did not take."""

    slot: int
    hash: str | None
    error: str
    message: str


class Pending(TypedDict):
    """The answer of `/pending`."""

    status: str
    reload_mode: str
    pending: PendingUpdate | None


class Status(TypedDict):
    """The answer of `/status`; the component's README says what the fields are."""

    status: str
    loaded: bool
    module: int
    size: int
    hash: str | None
    confirmed: bool
    confirm_ms: int | None
    loads: int
    retired: int
    uptime_s: float
    reset_reason: str
    restarts: int
    firmware: str
    text: Segment
    data: Segment
    partition: str
    max_size: int
    reload_mode: str
    pending: PendingUpdate | None
    slots: list[Slot]
    passed_over: list[PassedOver]
    heap: Heap
    last_error: LastError | None


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


class UpdateBusyError(HotReloadHTTPError):
    """Another update is being written: try again."""


class ModuleRefusedError(HotReloadHTTPError):
    """The device will not load this module."""


def _error_of(status: int, body: str, answer: dict[str, Any]) -> HotReloadHTTPError:
    if answer.get("error") == "HOTRELOAD_ERR_BUSY":
        return UpdateBusyError(status, body, answer)
    if status == 422 or answer.get("error") == "HOTRELOAD_ERR_IDENTITY":
        return ModuleRefusedError(status, body, answer)
    return HotReloadHTTPError(status, body, answer)


@dataclass(frozen=True)
class RawAnswer:
    """Status, headers and body of an answer to a raw request."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> str:
        """The name of the error in the body."""
        return str(json.loads(self.body).get("error", ""))


class HotReloadClient:
    """Upload, reload and status; every error of the server is a `HotReloadHTTPError`.

    `url` is asked for each request: after a power cycle the device has another port. With the
    key of the firmware requests are signed.
    """

    def __init__(
        self,
        url: Callable[[], str],
        record: Record = unrecorded,
        key: Key | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._url = url
        self._watch = watch or Watch()
        self._connections = Connections(self._watch, record)
        self._key = key

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

    def confirm(self) -> dict[str, Any]:
        """Keep the module that runs."""
        return self.post("/confirm", b"", {})

    def rollback(self) -> dict[str, Any]:
        """Give up the module that runs, and load the one before it."""
        return self.post("/rollback", b"", {})

    def retry(self) -> dict[str, Any]:
        """Let the next load take the newest module again that was given up or gave way."""
        return self.post("/retry", b"", {})

    def status(self) -> Status:
        """State of the server and of the module."""
        return cast(Status, self._answer(self.request("GET", "/status")))

    def pending(self) -> Pending:
        """The update that waits for a reload."""
        return cast(Pending, self._answer(self.request("GET", "/pending")))

    def challenge(self) -> Challenge:
        """A fresh nonce for a request to sign, and for whom."""
        return Challenge.read(self._answer(self.request("GET", "/nonce")))

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
        """POST raw bytes."""
        return self._answer(self.request("POST", path, data=body, headers=headers))

    def post_form(self, path: str, elf: bytes) -> dict[str, Any]:
        """POST a multipart form with one file."""
        files = {"file": ("module.so", elf, OCTETS)}
        return self._answer(self.request("POST", path, files=files))

    def request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        """Any request, answered with whatever the server says; `NoAnswer` if it says nothing."""
        patient = arguments.setdefault("timeout", TIMEOUT) != TIMEOUT
        if self._key is not None and method == "POST":
            endpoint = urlsplit(path).path
            signature = self._key.authorization(endpoint, self.challenge(), _module_in(arguments))
            arguments["headers"] = {**arguments.get("headers", {}), "Authorization": signature}
        return self._connections.request(
            method, self.url + path, f"{method} {path}", patient=patient, **arguments
        )

    def raw(
        self,
        path: str,
        length: int | str | None,
        content_type: str = OCTETS,
        headers: Sequence[tuple[str, str]] = (),
    ) -> "RawUpload":
        """A POST whose body the caller sends in pieces, or not to its end.

        `length` is what Content-Length says, whatever that is; None leaves the header out.
        """
        record = self._connections.record
        return RawUpload(self.url, path, length, content_type, headers, self._watch, record)

    def disconnect(self) -> None:
        """Forget open connections: the device was reset and knows nothing of them."""
        self._connections.session.close()

    close = disconnect

    def _answer(self, response: requests.Response) -> dict[str, Any]:
        try:
            answer = response.json()
        except requests.JSONDecodeError:
            answer = {}
        if not isinstance(answer, dict):
            answer = {}
        if not response.ok:
            raise _error_of(response.status_code, response.text, answer)
        return answer


@dataclass
class RawUpload:
    """A POST on a socket of its own, for slow, broken and lying clients."""

    url: str
    path: str
    length: int | str | None
    content_type: str = OCTETS
    headers: Sequence[tuple[str, str]] = ()
    watch: Watch = field(default_factory=Watch)
    record: Record = unrecorded
    _sent: int = field(default=0, init=False)
    _outcome: str = field(default="no answer was waited for", init=False)

    def __enter__(self) -> "RawUpload":
        self._started = time.monotonic()
        address = urlsplit(self.url)
        self._socket = self.watch.connect((str(address.hostname), address.port or 80), TIMEOUT)
        headers = [("Host", address.netloc), ("Content-Type", self.content_type)]
        if self.length is not None:
            headers.append(("Content-Length", str(self.length)))
        headers += self.headers
        head = [f"POST {self.path} HTTP/1.1", *(f"{k}: {v}" for k, v in headers), "", ""]
        self.send("\r\n".join(head).encode())
        self._sent = 0
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()
        asked = f"POST {self.path} ({self._sent} bytes)"
        self.record(asked, self._outcome, time.monotonic() - self._started)

    def send(self, data: bytes) -> None:
        """Send a piece."""
        self._sent += len(data)
        try:
            with self.watch.waiting(f"POST {self.path} to take more", patient=True):
                self._socket.sendall(data)
        except OSError:
            self.watch.settle_broken()
            raise

    def finish(self) -> None:
        """Send nothing more, as a client that was told to stop does."""
        self._socket.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        """Drop the connection in mid-transfer, with a reset instead of a farewell."""
        self._outcome = "cut off"
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    @property
    def answered(self) -> bool:
        """Whether the server has said something, or has closed the connection."""
        return bool(select.select([self._socket], [], [], 0)[0])

    def proceed(self) -> bool:
        """Wait for "100 Continue", the answer to `Expect`; False when something else comes."""
        expected = b"HTTP/1.1 100 Continue\r\n\r\n"
        self._socket.settimeout(TIMEOUT)
        try:
            return self._socket.recv(len(expected), socket.MSG_WAITALL | socket.MSG_PEEK) == (
                expected
            ) and bool(self._socket.recv(len(expected)))
        except OSError:
            self.watch.settle_broken()
            return False

    def answer(self, timeout: float = TIMEOUT) -> RawAnswer:
        """Wait for the server's answer."""
        self._socket.settimeout(timeout)
        response = HTTPResponse(self._socket, method="POST")
        try:
            with self.watch.waiting(f"the answer of POST {self.path}", patient=True):
                response.begin()
                body = response.read()
        except (OSError, HTTPException) as error:
            self._outcome = f"no answer: {error}"
            self.watch.settle_broken()
            raise NoAnswer(f"POST {self.path}: {error}") from error
        self._outcome = f"{response.status} {body.decode(errors='replace').strip()[:ANSWER]}"
        return RawAnswer(response.status, dict(response.getheaders()), body)

    def receive_until(self, end: bytes) -> bytes:
        """All that the server sends up to `end`; `NoAnswer` when that does not come."""
        self._socket.settimeout(TIMEOUT)
        received = b""
        try:
            while not received.endswith(end) and (data := self._socket.recv(1)):
                received += data
        except OSError as error:
            self.watch.settle_broken()
            raise NoAnswer(f"POST {self.path}: {received!r}, then {error}") from error
        return received

    def rest(self, timeout: float = TIMEOUT) -> bytes:
        """All that the server sends until it closes the connection."""
        self._socket.settimeout(timeout)
        received = b""
        try:
            with self.watch.waiting(f"the end of the answer of POST {self.path}", patient=True):
                while data := self._socket.recv(4096):
                    received += data
        except ConnectionResetError:
            pass
        except OSError as error:
            self.watch.settle_broken()
            raise NoAnswer(f"POST {self.path}: the connection stays: {error}") from error
        self.watch.settle()
        return received


def _module_in(arguments: dict[str, Any]) -> bytes:
    """The ELF of a request, in whatever form it will be sent."""
    files = arguments.get("files")
    module: bytes = files["file"][1] if files else arguments.get("data") or b""
    return module


def _bytes(elf: Upload) -> bytes:
    return elf if isinstance(elf, bytes) else elf.data
