"""HTTP requests that end with the device they go to."""

import time
from collections.abc import Callable
from typing import Any

import requests

from pytest_embedded_hotreload.errors import NoAnswer
from pytest_embedded_hotreload.tracebacks import release
from pytest_embedded_hotreload.watch import Watch

#: takes a request, what became of it, and the seconds that it took
Record = Callable[[str, str, float], None]

#: characters of an answer that are recorded
ANSWER = 200
#: layers around the reason of an error of `requests`
DEEPEST = 20


def unrecorded(request: str, answer: str, seconds: float) -> None:
    """Where nobody keeps a record."""


class Connections:
    """A session of `requests` with the device of one watch; `record` is told of each request."""

    def __init__(self, watch: Watch, record: Record = unrecorded) -> None:
        self.watch = watch
        self.record = record
        self.session = requests.Session()
        self.session.trust_env = False  # neither proxies nor ~/.netrc are a device's

    def request(self, method: str, url: str, what: str, **arguments: Any) -> requests.Response:
        """Any request; `NoAnswer` when there is no answer, `DeviceCrashed` when that is why.

        `what` is the request as a reader knows it; with `patient` the device may be silent.
        """
        patient = bool(arguments.pop("patient", False))
        self.watch.check()
        size = self._remember(arguments)
        asked = f"{what} ({size} bytes)" if size else what
        started = time.monotonic()
        try:
            with self.watch.waiting(f"the answer of {what}", patient):
                response = self.session.request(method, url, **arguments)
        except requests.RequestException as error:
            reason = in_short(error)
            release(error)
            self.record(asked, f"no answer: {reason}", time.monotonic() - started)
        else:
            self.watch.sign()
            said = f"{response.status_code} {response.text.strip()[:ANSWER]}"
            self.record(asked, said, time.monotonic() - started)
            return response
        self.watch.settle_broken()
        raise NoAnswer(f"{what}: {reason}")

    def _remember(self, arguments: dict[str, Any]) -> int:
        """Keep what is sent; its size."""
        files = arguments.get("files") or {}
        parts = [arguments.get("data"), *(file[1] for file in files.values())]
        bodies = [part for part in parts if isinstance(part, bytes) and part]
        now = time.monotonic()
        self.watch.sent += [(now, body) for body in bodies]
        return sum(map(len, bodies))


def in_short(error: BaseException) -> str:
    """The innermost reason of an error of `requests`, without the layers around it."""
    found: BaseException | None = error
    innermost = error
    for _ in range(DEEPEST):
        if found is None:
            break
        innermost = found
        nested = getattr(found, "reason", None)
        found = found.__cause__ or found.__context__
        if found is None and isinstance(nested, BaseException):
            found = nested
    if isinstance(innermost, OSError) and innermost.strerror:
        return innermost.strerror
    return str(innermost) or type(innermost).__name__
