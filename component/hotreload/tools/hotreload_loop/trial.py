"""What becomes of a module that was sent: confirmed, or given up because it crashed the device."""

from __future__ import annotations

import threading
import time
from typing import Any

from hotreload_client import Client, ClientError, NoAnswerError

from .delivery import has_restarted, runs
from .errors import NotRunningError
from .module import Module
from .newest import what_runs
from .progress import tell, waiting

LOOK_AGAIN = 0.25  # seconds

#: states of a slot whose module is not started any more
GIVEN_UP = ("bad", "yielded")


class Trial:
    """Looks at a device that runs a new module until `is_over`.

    `before` is its state before the module was sent, `status` the one since then. Of a firmware
    that does not tell when it confirms there is nothing to see.
    """

    def __init__(
        self,
        client: Client,
        module: Module,
        before: dict[str, Any],
        status: dict[str, Any],
        patience: float,
    ) -> None:
        self._client = client
        self._module = module
        self._patience = patience
        self._last = status
        self._next = 0.0
        self._wait_from_now()
        self._tell_of_a_start(before, status)
        self.is_over = status.get("confirmed", True) or "confirm_ms" not in status
        if not self.is_over and status["confirm_ms"] is None:
            tell("the application has to confirm it")
            self.is_over = True

    def follow(self) -> None:
        """Wait for the end; what came of it is told, a failure raised."""
        never = threading.Event()
        with waiting(lambda: "it is not confirmed yet"):
            while not self.is_over:
                never.wait(LOOK_AGAIN)
                self.look()

    def look(self) -> None:
        """Ask once, if it is time to; what came of it is told, a failure raised."""
        now = time.monotonic()
        if self.is_over or now < self._next:
            return
        self._next = now + LOOK_AGAIN
        try:
            self._judge(self._client.status())
        except NoAnswerError:
            if time.monotonic() > self._end:
                self.is_over = True
                raise
        except (NotRunningError, ClientError):
            self.is_over = True
            raise

    def _judge(self, status: dict[str, Any]) -> None:
        self._tell_of_a_start(self._last, status)
        self._last = status
        if not runs(status, self._module):
            raise NotRunningError(f"{self._why_not(status)}: {what_runs(status)}")
        if status["confirmed"]:
            tell("it is confirmed")
            self.is_over = True
        elif time.monotonic() > self._end:
            raise NotRunningError("the device runs the module and does not confirm it")

    def _tell_of_a_start(self, before: dict[str, Any], status: dict[str, Any]) -> None:
        if has_restarted(before, status):
            self._wait_from_now()
            tell(f"the device has started again (reset: {status['reset_reason']})")

    def _why_not(self, status: dict[str, Any]) -> str:
        for slot in status["slots"]:
            if slot["hash"] == self._module.hash and slot["state"] in GIVEN_UP:
                return (
                    f"the device has given the module up after {slot['starts']} starts "
                    f"(last reset: {status['reset_reason']})"
                )
        return "the device does not run the module any more"

    def _wait_from_now(self) -> None:
        seconds = (self._last.get("confirm_ms") or 0) / 1000
        self._end = time.monotonic() + seconds + self._patience
