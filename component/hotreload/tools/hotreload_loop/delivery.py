"""Sending a module to a device, and being sure of what runs there then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from hotreload_client import Client, NoAnswerError

from .errors import NotRunningError, OtherFirmwareError
from .module import Module
from .newest import what_runs, why_not_newest
from .progress import waiting

PENDING = "pending"
ASK_AGAIN = 0.1  # seconds between questions to a device whose application chooses the moment


def check_fits(status: dict[str, Any], module: Module, advice: Callable[[str], str]) -> None:
    """Before anything is sent: the device runs the firmware that the module was linked against.

    `advice` is given the identity of the firmware that runs in its place.
    """
    if "firmware" not in status:
        raise OtherFirmwareError(
            "what answers there has no hotreload component: is this the device's address?"
        )
    if status["firmware"] != module.firmware:
        raise OtherFirmwareError(
            f"the firmware of this build is not the one that runs ({module.firmware[:8]}, the "
            f"device has {str(status['firmware'])[:8]}): {advice(str(status['firmware']))}"
        )


def runs(status: dict[str, Any], module: Module) -> bool:
    """Whether the device runs this module, byte by byte."""
    return bool(status["loaded"]) and status["hash"] == module.hash


def deliver(
    client: Client, module: Module, before: dict[str, Any], timeout: float
) -> dict[str, Any]:
    """Send the module to a device in state `before`, and return its state once the module runs."""
    sent = 0

    def note(count: int) -> None:
        nonlocal sent
        sent = count

    def state() -> str:
        size = len(module.data)
        return (
            f"sent {sent} of {size} bytes to {client.address}"
            if sent < size
            else f"waiting for {client.address} to load {size} bytes"
        )

    with waiting(state):
        answer = client.upload_and_reload(module.data, note)
    if answer.get("status") == PENDING:
        with waiting(lambda: "the update waits on the device until the application takes it"):
            return _wait_for_the_application(client, module, before, timeout)
    status = _status_soon(client, timeout)
    loaded = status["module"] == answer["module"] or has_restarted(before, status)
    if not runs(status, module) or not loaded:
        raise NotRunningError(
            f"the device took the module and does not run it: {_what_runs(status)}"
        )
    return status


def has_restarted(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether the device has started again between these two states; older firmware do not tell."""
    return bool(after.get("uptime_s", 0) < before.get("uptime_s", 0))


def _status_soon(client: Client, timeout: float) -> dict[str, Any]:
    """The state of a device that may be about to start again, because the module has crashed it."""
    never = threading.Event()
    end = time.monotonic() + timeout
    while True:
        try:
            return client.status()
        except NoAnswerError:
            if time.monotonic() > end:
                raise
            never.wait(ASK_AGAIN)


def _wait_for_the_application(
    client: Client, module: Module, before: dict[str, Any], timeout: float
) -> dict[str, Any]:
    never = threading.Event()
    end = time.monotonic() + timeout
    while True:
        status = client.status()
        if runs(status, module) and status["loads"] != before["loads"]:
            return status
        if time.monotonic() > end:
            raise NotRunningError(
                "the application has not taken the update, which waits on the device: "
                f"{_what_runs(status)}"
            )
        never.wait(ASK_AGAIN)


def _what_runs(status: dict[str, Any]) -> str:
    error = status["last_error"]
    reason = f"; its last error is {error['error']}: {error['message']}" if error else ""
    return (why_not_newest(status) or what_runs(status)) + reason
