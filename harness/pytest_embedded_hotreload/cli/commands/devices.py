"""`hotreload devices`: what runs on this machine, the boards, and who has them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytest_embedded_hotreload.cli.options import Json

if TYPE_CHECKING:
    from rich.console import Console

Boards = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Describes boards. Default: ci/boards.yaml, if it is there."),
]
DEFAULT_BOARDS = Path("ci", "boards.yaml")


def devices(boards: Boards = None, as_json: Json = False) -> None:
    """Show the emulated devices that run, the boards, and who has them."""
    from pytest_embedded_hotreload.cli.emulated import running
    from pytest_embedded_hotreload.cli.output import show
    from pytest_embedded_hotreload.cli.progress import working

    with working("asking the devices"):
        content = {"emulated": running(), "boards": described(boards)}
    show(content, as_json, lambda console: draw(console, content))


def described(path: Path | None) -> list[dict[str, Any]]:
    """The boards of a file, with the processes that hold their locks."""
    if path is None and not DEFAULT_BOARDS.exists():
        return []
    from pytest_embedded_hotreload.board.inventory import read_boards
    from pytest_embedded_hotreload.board.pool import lock_folder, lock_of
    from pytest_embedded_hotreload.cli.emulated import holder_of

    return [
        {
            "name": board.name,
            "port": board.port,
            "chip": board.chip,
            "tags": sorted(board.tags),
            "user": holder_of(lock_of(board, lock_folder())),
        }
        for board in read_boards(path or DEFAULT_BOARDS)
    ]


def draw(console: Console, content: dict[str, Any]) -> None:
    """Two tables, or one line that there is nothing."""
    from rich.table import Table

    if not content["emulated"] and not content["boards"]:
        console.print("no emulated device runs, and no board is described")
    if content["emulated"]:
        table = Table("emulated", "machine", "pid", "module", "started by", box=None)
        for device in content["emulated"]:
            urls = "\n".join(device["urls"])
            told = device["user"]
            table.add_row(urls, device["machine"], str(device["pid"]), device["module"], told)
        console.print(table)
    if content["boards"]:
        table = Table("board", "port", "chip", "tags", "used by", box=None)
        for board in content["boards"]:
            tags = ", ".join(board["tags"])
            table.add_row(
                board["name"], board["port"], board["chip"], tags, board["user"] or "nobody"
            )
        console.print(table)
