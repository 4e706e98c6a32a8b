"""Whatever a request looks like, it gets the status that it deserves, and the device goes on."""

import contextlib
import json
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pytest_embedded_hotreload.api import Device, Variant
from scenarios.request_grammar import ANY, Request, hostile, nearly_valid, valid

#: clients at the same time; the device serves as many without a connection making room for another
CLIENTS = 4
#: what an upload gets as well when others are about to upload
BUSY = frozenset({409, 503})
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

NIGHT = [pytest.mark.nightly, pytest.mark.timeout(900)]


def exchange(device: Device, pieces: Sequence[bytes], waits_behind: bytes = b"") -> bytes:
    """All that the device says to a client that sends this and then nothing more.

    Once `waits_behind` is sent, the client waits for an answer before it goes on.
    """
    received = sent = b""
    with (
        socket.create_connection(device.address, timeout=20) as client,
        contextlib.suppress(ConnectionResetError, BrokenPipeError),
    ):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            client.sendall(piece)
            sent += piece
            if sent == waits_behind:
                received = client.recv(65536)
        client.shutdown(socket.SHUT_WR)
        while more := client.recv(65536):
            received += more
    return received


def status_of(answer: bytes) -> int | None:
    """Of the first answer, which has to be JSON of the length that it says."""
    answer = answer.removeprefix(CONTINUE)
    if not answer:
        return None
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    if headers["Content-Type"] != "text/html" and body:
        assert headers["Content-Type"] == "application/json"
        assert isinstance(json.loads(body[: int(headers["Content-Length"])]), dict)
    return int(first.split()[1])


def check(device: Device, request: Request, others: bool = False) -> None:
    """`others` may be about to upload."""
    head, body = request.pieces(request.head), request.pieces(request.body)
    answer = exchange(device, [*head, *body], request.head if request.waits else b"")
    deserves = request.deserves | (BUSY if others and request.is_upload else frozenset())
    assert status_of(answer) in deserves, (request.head, request.body[:200], answer[:300])
    if request.waits and status_of(answer) == 200:
        assert answer.startswith(CONTINUE), (request.head, answer[:300])


def generated(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """So many examples, the same in each run.

    They are made beforehand: what a device answers depends on what was before, so that Hypothesis
    could not find the same failure again.
    """
    found: list[Any] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: Any) -> None:
        found.append(example)

    collect()
    return found


def goes_on(device: Device) -> None:
    assert device.client.status()["status"] == "ok"
    assert device.probe.call("answer") == 42


@pytest.mark.parametrize("count", [150, pytest.param(2200, marks=NIGHT)])
def test_mutated_requests(device: Device, variant: Variant, count: int) -> None:
    """Half of them valid, the others with one thing wrong or two."""
    elf = variant().data
    for request in generated(st.one_of(valid(elf), nearly_valid(elf)), count):
        check(device, request)
    goes_on(device)


@pytest.mark.parametrize("count", [60, pytest.param(1000, marks=NIGHT)])
def test_damaged_requests(device: Device, variant: Variant, count: int) -> None:
    for data in generated(hostile(variant().data), count):
        assert status_of(exchange(device, [data])) in ANY, data
    goes_on(device)


@pytest.mark.parametrize("count", [5, pytest.param(60, marks=NIGHT)])
def test_requests_of_many_clients(device: Device, variant: Variant, count: int) -> None:
    elf = variant().data
    requests = generated(st.one_of(valid(elf), nearly_valid(elf)), count * 6 * CLIENTS)
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(lambda one: check(device, one, others=True), requests))
    goes_on(device)
