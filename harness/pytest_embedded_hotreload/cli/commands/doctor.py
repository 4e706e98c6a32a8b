"""`hotreload doctor`: what each lane and chip needs, and what is there."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pytest_embedded_hotreload.cli.errors import DONE, MISSING, CommandError, MissingError
from pytest_embedded_hotreload.cli.options import Json

if TYPE_CHECKING:
    from rich.console import Console

    from pytest_embedded_hotreload.cli.needs import LaneNeeds

Lane = Annotated[
    str | None, typer.Option(metavar="LANE", help="Only this one: sim, esp32 or board.")
]
Install = Annotated[bool, typer.Option("--install", help="Install what can be installed.")]


def doctor(lane: Lane = None, install: Install = False, as_json: Json = False) -> int:
    """Show what each lane needs, what is there, and what installs the rest."""
    from pytest_embedded_hotreload.cli.needs import LANES
    from pytest_embedded_hotreload.cli.output import show
    from pytest_embedded_hotreload.cli.progress import working

    if lane is not None and lane not in LANES:
        raise CommandError(f"no lane {lane}: there are {', '.join(LANES)}")
    if install:
        provision(lane or "sim", as_json)
    with working("looking at what is there"):
        found = [needs() for name, needs in LANES.items() if lane in (None, name)]
    content = {
        "lanes": [
            {**dataclasses.asdict(needs), "ready": needs.ready, "remedy": remedy_of(needs)}
            for needs in found
        ]
    }
    show(content, as_json, lambda console: draw(console, found))
    return DONE if any(needs.ready for needs in found) else MISSING


def provision(lane: str, as_json: bool) -> None:
    """Run the set-up of a lane, which says itself what it does."""
    from pytest_embedded_hotreload.cli.needs import set_up

    sys.stdout.flush()
    status = subprocess.call(set_up(lane), stdout=sys.stderr if as_json else None)
    if status != DONE:
        raise MissingError(f"the set-up of lane {lane} has ended with status {status}: it said why")


def remedy_of(needs: LaneNeeds) -> str | None:
    """The one command, where something is missing."""
    return None if needs.ready else needs.remedy


def draw(console: Console, found: list[LaneNeeds]) -> None:
    """A table for each lane, and the command below it."""
    from rich.table import Table

    for lane in found:
        state = "ready" if lane.ready else "something is missing"
        console.print(f"lane {lane.lane}, chip {lane.chip}: {state}")
        table = Table(box=None, show_header=False, pad_edge=False)
        for need in lane.needs:
            table.add_row(
                "  yes" if not need.missing else "  no", need.name, need.found or need.missing
            )
        console.print(table)
        if not lane.ready:
            console.print(f"  to get it: {lane.remedy}")
