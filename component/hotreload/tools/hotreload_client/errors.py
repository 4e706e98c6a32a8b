"""What can go wrong between a client and a device; the text of each is one line for people."""

from __future__ import annotations

from typing import Any


class ClientError(Exception):
    """Any of the errors below."""


class KeyFileError(ClientError):
    """The file with the firmware's key cannot be used."""


class OtherKeyError(ClientError):
    """The device wants another key than the client has."""


class OtherVersionError(ClientError):
    """Device and client do not sign in the same way."""


class NoAnswerError(ClientError):
    """Nobody answers, or not in HTTP."""


class DeviceError(ClientError):
    """The device answered with an error."""

    def __init__(
        self, status: int, answer: dict[str, Any], retry_after: float | None = None
    ) -> None:
        self.status = status
        self.retry_after = retry_after  # seconds; None: to try again is of no use
        self.answer = answer
        self.name = str(answer.get("error", ""))
        message = str(answer.get("message", "")) or "the answer is not the component's"
        super().__init__(f"HTTP {status}: {f'{self.name}: ' if self.name else ''}{message}")
