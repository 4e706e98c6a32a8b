"""Whether a device runs the newest module that it has in flash, and why not, from its /status."""

from __future__ import annotations

from typing import Any

#: what a slot may hold that is no module
EMPTY = ("blank", "damaged")

REASONS = {
    "bad": "it was given up; `hotreload.py retry` takes that back",
    "yielded": "it was started {starts} times and never confirmed; `hotreload.py retry` gives it "
    "another chance",
    "other": "it belongs to another firmware",
}


def why_not_newest(status: dict[str, Any]) -> str:
    """One sentence when something else runs than the newest module in flash, otherwise empty."""
    modules = [slot for slot in status.get("slots", ()) if slot["state"] not in EMPTY]
    if not modules or modules[0]["running"]:
        return ""
    newest = modules[0]
    return (
        f"{what_runs(status)}, not the newest module in flash ({_name(newest)}): "
        f"{_reason(newest, status)}"
    )


def what_runs(status: dict[str, Any]) -> str:
    if not status["loaded"]:
        return "no module is loaded"
    return f"module {status['module']} since boot, {str(status['hash'])[:8]}, runs"


def _name(slot: dict[str, Any]) -> str:
    return str(slot["hash"])[:8] if slot["hash"] else "flashed without a record"


def _reason(slot: dict[str, Any], status: dict[str, Any]) -> str:
    for passed in status.get("passed_over", ()):
        if (passed["slot"], passed["hash"]) == (slot["slot"], slot["hash"]):
            return f"{passed['error']}: {passed['message']}"
    return REASONS.get(slot["state"], "no load has taken it yet").format_map(slot)
