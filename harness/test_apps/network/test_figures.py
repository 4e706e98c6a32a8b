"""How long things take. The limits are far above the figures, and below a stall."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable

import pytest

from .conftest import Board

TIMES = 40
# lwIP's delayed acknowledgement is 250 ms; so is the time until QEMU looks at its network by itself
STALL_MS = 200
# the host has other things to do now and then
STALLS_OF_THE_HOST = 2


def durations_ms(action: Callable[[], object]) -> list[float]:
    """How long an action takes, several times."""
    durations = []
    for _ in range(TIMES):
        start = time.monotonic()
        action()
        durations.append((time.monotonic() - start) * 1000)
    return durations


@pytest.mark.parametrize(
    ("name", "size", "limit_ms"),
    [("GET", 0, 100), ("POST of 1 KB", 1000, 100), ("POST of 100 KB", 100_000, STALL_MS)],
)
def test_latency(
    board: Board,
    noise: random.Random,
    record_property: Callable[[str, object], None],
    name: str,
    size: int,
    limit_ms: float,
) -> None:
    """Of one request over a new connection, from the connect to the end of the answer."""
    body = noise.randbytes(size)
    action = (lambda: board.post("/sum", body)) if size else (lambda: board.get("/hello"))
    board.assert_well()  # the first connection has to ask for the host's address
    durations = durations_ms(action)
    median = statistics.median(durations)
    record_property(f"{name}, ms", round(median, 2))
    print(f"{name}: median {median:.2f} ms, at most {max(durations):.2f} ms")
    assert median < limit_ms
    assert sum(duration > STALL_MS for duration in durations) <= STALLS_OF_THE_HOST, durations
