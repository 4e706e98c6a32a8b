"""`hotreload status`: what a device runs, and what it has in flash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_embedded_hotreload.cli.options import (
    HERE,
    TIMEOUT,
    BuildDir,
    Json,
    Project,
    Timeout,
    Url,
    build_folder,
)

if TYPE_CHECKING:
    from rich.console import Console


def status(
    url: Url = None,
    project: Project = HERE,
    build_dir: BuildDir = None,
    timeout: Timeout = TIMEOUT,
    as_json: Json = False,
) -> None:
    """Show what a device runs, and what it has in flash."""
    from pytest_embedded_hotreload.cli.device import client_of
    from pytest_embedded_hotreload.cli.output import show
    from pytest_embedded_hotreload.cli.progress import working

    client = client_of(build_folder(project, build_dir), url, timeout, None)
    with working(f"waiting for {client.address}"):
        state = client.status()
    content = {"url": f"http://{client.address}", "device": state}
    show(content, as_json, lambda console: draw(console, client.address, state))


def draw(console: Console, address: str, state: dict[str, Any]) -> None:
    """The state as a table, and why the newest module does not run."""
    from rich.table import Table

    from hotreload_loop.newest import what_runs, why_not_newest

    console.print(f"{address}: {why_not_newest(state) or what_runs(state)}")
    console.print(
        f"firmware {str(state.get('firmware', '?'))[:8]}, up {state.get('uptime_s', '?')} s, "
        f"{state.get('loads', '?')} loads"
    )
    slots = Table("slot", "state", "module", "bytes", "starts", box=None)
    for slot in state.get("slots", ()):
        cells = (slot.get(name) for name in ("slot", "state", "hash", "size", "starts"))
        name, condition, digest, size, starts = (str("" if c is None else c) for c in cells)
        slots.add_row(name, condition, digest[:8], size, starts)
    if slots.row_count:
        console.print(slots)
    error = state.get("last_error")
    if error:
        console.print(f"last error: {error['error']}: {error['message']}")
