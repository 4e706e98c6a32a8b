"""Queue for boards, and take those that are to be had."""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_embedded_hotreload.board.inventory import BoardsFileError
from pytest_embedded_hotreload.farm.coordinator import Coordinator
from pytest_embedded_hotreload.farm.errors import FarmError
from pytest_embedded_hotreload.farm.places import Tags, board_entry, show_tags, write_boards
from pytest_embedded_hotreload.farm.say import say

#: how often it is looked at the queue
POLL_SECONDS = 0.5


async def take_boards(
    coordinator: Coordinator,
    tags: Tags,
    count: int,
    priority: float,
    wait: float,
    switch: Sequence[str],
) -> list[dict[str, Any]]:
    """Up to `count` boards, as entries of a file of boards, each of a place that is acquired.

    What keeps a place from being used is said in a line, and the next one is tried. After `wait`
    seconds those are taken that there are; raises `FarmError` when there is none.
    """
    matching = coordinator.with_tags(tags)
    if not matching:
        known = "; ".join(
            f"{place.name} ({show_tags(place.tags)})" for place in coordinator.with_tags({})
        )
        raise FarmError(f"no place has the tags {show_tags(tags)}: there are {known or 'none'}")
    if len(matching) < count:
        say(f"{count} boards are wanted, and only {len(matching)} have {show_tags(tags)}")
    untried = len(matching)
    boards: list[dict[str, Any]] = []
    queued: list[str] = []
    told = False
    deadline = time.monotonic() + wait
    while True:
        while untried and len(boards) + len(queued) < count:
            queued.append(await coordinator.reserve(tags, priority))
            untried -= 1
        for token in list(queued):
            name = await coordinator.allocated(token)
            if name is not None:
                queued.remove(token)
                entry = await _take(coordinator, name, switch)
                boards += [entry] if entry else []
        if not queued and (len(boards) == count or not untried):
            break
        if queued and time.monotonic() >= deadline:
            say(f"not waited for longer than {wait:g} s (--wait): {_holders(coordinator, tags)}")
            for token in queued:
                await coordinator.cancel(token)
            break
        if queued and not told:
            told = True
            say(f"waiting for {len(queued)} of {count} boards: {_holders(coordinator, tags)}")
        await asyncio.sleep(POLL_SECONDS)
    if not boards:
        raise FarmError(f"no board with {show_tags(tags)} is to be had")
    return sorted(boards, key=lambda entry: str(entry["name"]))


async def _take(
    coordinator: Coordinator, name: str, switch: Sequence[str]
) -> dict[str, Any] | None:
    """The board of a place that was allocated to us, or a line that says why not.

    A place without a usable board stays with us until the end: it would be allocated again.
    """
    try:
        await coordinator.acquire(name)
        place = coordinator.places[name]
        resources = coordinator.resources(place)
        entry = board_entry(name, place.tags, resources, [*switch, "-p", name, "power"])
        with tempfile.TemporaryDirectory() as folder:
            write_boards(Path(folder) / "boards.yaml", [entry])
    except (FarmError, BoardsFileError) as error:
        for line in str(error).splitlines():
            say(f"place {name} is not used: {line}")
        return None
    say(f"{name} is {entry['port']}")
    return entry


def _holders(coordinator: Coordinator, tags: Tags) -> str:
    held = [
        f"{place.name} is held by {place.acquired}"
        for place in coordinator.with_tags(tags)
        if place.acquired and place.acquired != coordinator.user
    ]
    return ", ".join(held) or "others are before us in the queue"
