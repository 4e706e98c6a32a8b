"""QMP over a socket pair, against a QEMU that is played by the test."""

import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_embedded_hotreload.emulator.qmp import Qmp, QmpError

GREETING: dict[str, Any] = {"QMP": {"version": {}, "capabilities": []}}


class Player:
    """Answers requests with the prepared messages, some lines for each request."""

    def __init__(self, script: list[list[dict[str, Any]]]) -> None:
        self.ours, self._theirs = socket.socketpair()
        self.requests: list[dict[str, Any]] = []
        self._script = [[{"return": {}}], *script]
        self._thread = threading.Thread(target=self._play)
        self._thread.start()

    def _play(self) -> None:
        with self._theirs, self._theirs.makefile("rb") as stream:
            self._say(GREETING)
            for messages in self._script:
                self.requests.append(json.JSONDecoder().decode(self._request(stream)))
                for message in messages:
                    self._say(message)

    @staticmethod
    def _request(stream: Any) -> str:
        """Requests have no line end: read until the braces are balanced."""
        text = ""
        while not text or text.count("{") != text.count("}"):
            text += stream.read(1).decode()
        return text

    def _say(self, message: dict[str, Any]) -> None:
        self._theirs.sendall(json.dumps(message).encode() + b"\r\n")

    def join(self) -> None:
        self._thread.join()


@pytest.fixture
def players() -> Iterator[list[Player]]:
    started: list[Player] = []
    yield started
    for player in started:
        player.ours.close()
        player.join()


def connect(players: list[Player], *script: list[dict[str, Any]]) -> Qmp:
    players.append(Player(list(script)))
    return Qmp(players[0].ours, timeout=5.0)


def test_result_and_arguments(players: list[Player]) -> None:
    qmp = connect(players, [{"return": {"running": True}}], [{"return": "text"}])

    assert qmp.execute("query-status") == {"running": True}
    assert qmp.human("info usernet") == "text"

    players[0].join()
    assert players[0].requests == [
        {"execute": "qmp_capabilities"},
        {"execute": "query-status"},
        {"execute": "human-monitor-command", "arguments": {"command-line": "info usernet"}},
    ]


def test_event_before_the_result(players: list[Player]) -> None:
    qmp = connect(players, [{"event": "STOP"}, {"event": "RESET", "n": 1}, {"return": {}}])

    qmp.execute("system_reset")

    assert qmp.wait_event("RESET")["n"] == 1


def test_event_after_the_result(players: list[Player]) -> None:
    qmp = connect(players, [{"return": {}}, {"event": "RESET"}])

    qmp.execute("system_reset")

    assert qmp.wait_event("RESET") == {"event": "RESET"}


def test_refusal(players: list[Player]) -> None:
    qmp = connect(players, [{"error": {"class": "GenericError", "desc": "not now"}}])

    with pytest.raises(QmpError, match="QMP savevm: not now"):
        qmp.execute("savevm")


def test_end_of_the_connection(players: list[Player]) -> None:
    qmp = connect(players)
    players[0].join()

    with pytest.raises(QmpError, match="QMP"):
        qmp.execute("query-status")
