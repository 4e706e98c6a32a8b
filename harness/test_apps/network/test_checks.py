"""Checks that the firmware makes by itself, where no request leads."""

from __future__ import annotations

import pytest

from .conftest import Board

CHECKS = (
    "event_handlers",
    "event_loops",
    "event_posts_in_handlers",
    "event_changes_in_handlers",
    "http_start",
    "http_uris",
    "http_wildcards",
    "http_queries",
    "netif_properties",
    "netif_addresses",
    "socket_loopback",
    "socket_timeouts",
    "socket_limits",
    "socket_accept_limit",
)


@pytest.mark.parametrize("name", CHECKS)
def test_check(board: Board, name: str) -> None:
    """The firmware's own words are the message of a failure."""
    answer = board.post(f"/check?name={name}")
    assert (answer.status, answer.text) == (200, "ok")
