"""The probe of a firmware (`hotreload_probe`): functions, memory, heaps and tasks of the device."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import requests

from pytest_embedded_hotreload.connection import Connections, Record, unrecorded
from pytest_embedded_hotreload.errors import ConditionNotMet, HarnessError, NoAnswer
from pytest_embedded_hotreload.sentences import nearest
from pytest_embedded_hotreload.trace import Address
from pytest_embedded_hotreload.watch import Watch

TIMEOUT = 20.0
#: until an answer is given up that need not come; the request is on its way long before
LAST_TIMEOUT = 0.5
#: bytes that are written at once
WRITTEN_AT_ONCE = 1024
#: bytes of a text that are read at once
READ_AT_ONCE = 64


class ProbeError(ConditionNotMet):
    """The probe refused a request."""


@dataclass(frozen=True)
class Heaps:
    """Free bytes of the two heaps; `data_minimum` is the lowest since boot."""

    exec_free: int
    exec_largest: int
    data_free: int
    data_largest: int
    data_minimum: int


@dataclass(frozen=True)
class Task:
    """A task, the bytes of its stack that were never used, and its priority."""

    name: str
    stack_free: int
    priority: int


@dataclass(frozen=True)
class Symbol:
    """An exported function: the address of its stub and what the stub jumps to now."""

    name: str
    stub: Address
    target: Address


class Source(Protocol):
    """What is known of the firmware that the probe is in."""

    def function(self, name: str) -> int | None:
        """The address of one of its functions."""

    def without_probe(self) -> str:
        """Why there is no probe in it, if there is none."""


class Probe:
    """Client of the probe's endpoints, below `/probe`.

    Without a `source` only exported functions of the module have names.
    """

    def __init__(
        self,
        url: Callable[[], str],
        record: Record = unrecorded,
        watch: Watch | None = None,
        source: Source | None = None,
    ) -> None:
        self._url = url
        self._source = source
        self._connections = Connections(watch or Watch(), record)

    def __repr__(self) -> str:
        return "<probe>"

    @property
    def url(self) -> str:
        """Where the probe's server is now."""
        return self._url()

    def call(self, function: str, *arguments: int, ret: str = "u32") -> int:
        """Call an exported function of the module, or one of the firmware, and return its result.

        `ret` is `u32`, `i32`, `u64`, `i64` or `void`; arguments are 32-bit words.
        """
        query = _call(arguments, ret)
        try:
            answer = self.get_json("call", {"name": function, **query})
        except ProbeError as error:
            address = self._source.function(function) if self._source else None
            if address is None:
                raise ProbeError(f"{error}{self._nearest(function)}") from None
            answer = self.get_json("call", {"addr": f"{address:#x}", **query})
        return _signed(int(answer.get("result", 0)), ret)

    def text(self, function: str, *arguments: int) -> str:
        """Call a function that returns a C string, and read the string."""
        address = self.call(function, *arguments)
        text = b""
        while b"\0" not in text:
            text += self.read(address + len(text), READ_AT_ONCE)
        return text.partition(b"\0")[0].decode(errors="replace")

    def symbols(self) -> list[Symbol]:
        """The exported functions of the module."""
        return [
            Symbol(entry["name"], Address(entry["stub"], 16), Address(entry["target"], 16))
            for entry in self.get_json("symbols", {})
        ]

    def call_last(self, function: str, *arguments: int) -> None:
        """Call what ends the firmware."""
        with contextlib.suppress(NoAnswer):
            query = {"name": function, **_call(arguments, "u32")}
            self._request("GET", "call", query, b"", LAST_TIMEOUT)

    def read(self, address: int, size: int) -> bytes:
        """Read memory of the device."""
        return self.get("read", {"addr": f"{address:#x}", "size": str(size)}).content

    def write(self, address: int, content: bytes) -> None:
        """Write to data memory of the device; what is an aligned word, in one access."""
        for start in range(0, len(content), WRITTEN_AT_ONCE):
            part = content[start : start + WRITTEN_AT_ONCE]
            self.post("write", part, addr=f"{address + start:#x}")

    def read_partition(self, label: str, offset: int, size: int, timeout: float = TIMEOUT) -> bytes:
        """Read a partition of the device's flash; a whole one wants a `timeout` of its own."""
        query = {"label": label, "offset": str(offset), "size": str(size)}
        return self.get("partition", query, timeout).content

    def heaps(self) -> Heaps:
        """The state of the executable and of the data heap."""
        answer = self.get_json("heap", {})
        return Heaps(**{name: int(answer[name]) for name in Heaps.__dataclass_fields__})

    def tasks(self) -> list[Task]:
        """All tasks."""
        return [
            Task(str(task["name"]), int(task["stack_free"]), int(task["priority"]))
            for task in self.get_json("tasks", {})
        ]

    def get_json(self, endpoint: str, query: dict[str, str]) -> Any:
        """GET `/probe/<endpoint>` and decode the answer."""
        return self.get(endpoint, query).json()

    def get(
        self, endpoint: str, query: dict[str, str], timeout: float = TIMEOUT
    ) -> requests.Response:
        """GET `/probe/<endpoint>`."""
        return self._request("GET", endpoint, query, b"", timeout)

    def post(self, endpoint: str, body: bytes = b"", **query: Any) -> Any:
        """POST to `/probe/<endpoint>` and decode the answer, None when it has no body."""
        text = {key: str(value) for key, value in query.items()}
        response = self._request("POST", endpoint, text, body)
        return response.json() if response.content else None

    def post_last(self, endpoint: str, **query: Any) -> None:
        """POST what ends the firmware, which may do so before its answer has left it."""
        with contextlib.suppress(NoAnswer):
            text = {key: str(value) for key, value in query.items()}
            self._request("POST", endpoint, text, b"", LAST_TIMEOUT)

    def disconnect(self) -> None:
        """Forget open connections: the device was reset and knows nothing of them."""
        self._connections.session.close()

    close = disconnect

    def _nearest(self, function: str) -> str:
        """What to say of a function that is not there; nothing when it is."""
        with contextlib.suppress(ConditionNotMet, ValueError, KeyError, TypeError):
            known = {symbol.name for symbol in self.symbols()}
            if known and function not in known:
                return nearest(function, known)
        return ""

    def _request(
        self,
        method: str,
        endpoint: str,
        query: dict[str, str],
        body: bytes,
        timeout: float = TIMEOUT,
    ) -> requests.Response:
        # the device compares the query as it comes: commas must not be escaped
        tail = "&".join(f"{key}={value}" for key, value in query.items())
        path = f"/probe/{endpoint}" + (f"?{tail}" if tail else "")
        try:
            response = self._connections.request(
                method,
                self._url() + path,
                f"{method} {path}",
                patient=timeout != TIMEOUT,
                data=body,
                timeout=timeout,
            )
        except NoAnswer as error:
            missing = self._source.without_probe() if self._source else ""
            if missing:
                raise HarnessError(missing) from error
            raise
        if not response.ok:
            raise ProbeError(f"{path}: {response.status_code} {response.text.strip()}")
        return response


def _call(arguments: Sequence[int], ret: str) -> dict[str, str]:
    """What a query says of a call besides the function."""
    words = ",".join(str(word & 0xFFFFFFFF) for word in arguments)
    wire = {"i32": "u32", "i64": "u64"}.get(ret, ret)
    return {"args": words, "ret": wire}


def _signed(value: int, kind: str) -> int:
    bits = {"i32": 32, "i64": 64}.get(kind)
    return value - (1 << bits) if bits and value >> (bits - 1) else value
