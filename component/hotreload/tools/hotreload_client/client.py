"""The server's endpoints as methods."""

from __future__ import annotations

import contextlib
import io
import json
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from .errors import ClientError, DeviceError, NoAnswerError
from .signing import NONCE_ENDPOINT, Challenge, Key

TIMEOUT = 30.0
LONGEST_TIMEOUT = 86400  # seconds
NOT_FOUND = 404


class _Body(io.BytesIO):
    """The body of a request, which tells how much of it was taken."""

    def __init__(self, data: bytes, sent: Callable[[int], None]) -> None:
        super().__init__(data)
        self._sent = sent

    def read(self, size: int | None = -1) -> bytes:
        block = super().read(size)
        self._sent(self.tell())
        return block


class Client:
    """One device. With a key, what changes the device is signed."""

    def __init__(self, url: str, key: Key | None = None, timeout: float = TIMEOUT) -> None:
        try:
            address = urlsplit(url if "://" in url else f"http://{url}")
            port = address.port or 80
            HTTPConnection((address.hostname or "").encode("idna").decode(), port)
        except (ValueError, HTTPException) as error:
            raise ClientError(f"{url} is not the address of a device: {error}") from error
        if address.scheme != "http" or not address.hostname or address.path not in ("", "/"):
            raise ClientError(f"{url} is not the address of a device: give http://HOST:PORT")
        if not 0 < timeout <= LONGEST_TIMEOUT:
            raise ClientError(
                f"a timeout of {timeout:g} s: give more than 0 and at most {LONGEST_TIMEOUT}"
            )
        self._host, self._port = address.hostname, port
        self._key = key
        self._timeout = timeout

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self._host}:{self._port}"

    def status(self) -> dict[str, Any]:
        """State of the server and of the module."""
        return self._request("GET", "/status")

    def pending(self) -> dict[str, Any]:
        """Whether an update waits for a reload."""
        return self._request("GET", "/pending")

    def upload(self, elf: bytes) -> dict[str, Any]:
        """Write a module to the flash partition."""
        return self._change("/upload", elf)

    def reload(self) -> dict[str, Any]:
        """Load the newest module of the partition."""
        return self._change("/reload", b"")

    def upload_and_reload(
        self, elf: bytes, sent: Callable[[int], None] = lambda count: None
    ) -> dict[str, Any]:
        """Both; `sent` is told how many bytes are on their way, again and again."""
        return self._change("/upload-and-reload", elf, sent)

    def confirm(self) -> dict[str, Any]:
        """Keep the module that runs: no later crash makes the device start another."""
        return self._change("/confirm", b"")

    def rollback(self) -> dict[str, Any]:
        """Give up the module that runs, and load the one before it."""
        return self._change("/rollback", b"")

    def retry(self) -> dict[str, Any]:
        """Let the next load take the newest module again that was given up or has given way."""
        return self._change("/retry", b"")

    def _change(
        self, endpoint: str, body: bytes, sent: Callable[[int], None] = lambda count: None
    ) -> dict[str, Any]:
        """Again when the device asks for that, as long as it may take."""
        never = threading.Event()
        end = time.monotonic() + self._timeout
        while True:
            try:
                return self._try_change(endpoint, body, sent)
            except DeviceError as error:
                wait = error.retry_after
                if wait is None or time.monotonic() + wait > end:
                    raise
                never.wait(wait)

    def _try_change(
        self, endpoint: str, body: bytes, sent: Callable[[int], None]
    ) -> dict[str, Any]:
        headers = {"Content-Type": "application/octet-stream"}
        challenge = self._challenge()
        if self._key is not None and challenge is not None:
            headers["Authorization"] = self._key.authorization(endpoint, challenge, body)
        # of a body that it reads from a file http.client does not know the length
        headers["Content-Length"] = str(len(body))
        return self._request("POST", endpoint, _Body(body, sent), headers)

    def _challenge(self) -> Challenge | None:
        """None when requests are not signed: without a key, or by a firmware that wants none."""
        if self._key is None:
            return None
        try:
            return Challenge.read(self._request("GET", NONCE_ENDPOINT))
        except DeviceError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def _request(
        self,
        method: str,
        endpoint: str,
        body: _Body | None = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        connection = HTTPConnection(self._host, self._port, timeout=self._timeout)
        try:
            # a server that refuses a body may close before it has all of it; the answer is there
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, endpoint, body, headers or {})
            response = connection.getresponse()
            status, text = response.status, response.read()
            later = response.getheader("Retry-After")
        except (OSError, HTTPException) as error:
            raise NoAnswerError(
                f"no answer from {self.address} to {method} {endpoint}: "
                f"{error or type(error).__name__} (is the device on, and is this its address?)"
            ) from error
        finally:
            connection.close()
        try:
            answer = json.loads(text)
        except ValueError:
            answer = {}
        if not isinstance(answer, dict):
            answer = {}
        if status >= 400 or not answer:
            raise DeviceError(status, answer, float(later) if later and later.isdigit() else None)
        return answer
