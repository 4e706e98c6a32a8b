"""`hotreload diff`: what a reload would change."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytest_embedded_hotreload.cli.options import Json

if TYPE_CHECKING:
    from rich.console import Console

    from pytest_embedded_hotreload.cli.elf.module import Module

Old = Annotated[Path, typer.Argument(metavar="OLD", help="The module that runs.")]
New = Annotated[Path, typer.Argument(metavar="NEW", help="The one that is to take its place.")]

SHOWN_VALUE = 8  # bytes


def diff(old: Old, new: New, as_json: Json = False) -> None:
    """Show what a reload would change, by function and variable."""
    from pytest_embedded_hotreload.cli.elf.changes import changes
    from pytest_embedded_hotreload.cli.elf.module import manifest_of, read_module
    from pytest_embedded_hotreload.cli.elf.names import readable
    from pytest_embedded_hotreload.cli.elf.normal import read_items
    from pytest_embedded_hotreload.cli.output import show
    from pytest_embedded_hotreload.cli.progress import working

    with working("comparing the modules"):
        before, after = read_module(old), read_module(new)
        found = changes(read_items(symbols_of(before)), read_items(symbols_of(after)))
    exports = names_of(before, after, "exports")
    imports = names_of(before, after, "imports")
    listed = (
        *(change.name for change in found),
        *exports[0],
        *exports[1],
        *imports[0],
        *imports[1],
    )
    names = readable(listed, manifest_of(new))
    content = {
        "old": str(old),
        "new": str(new),
        "same_firmware": before.identity == after.identity,
        "sizes": [len(before.data), len(after.data)],
        "changes": [
            {**dataclasses.asdict(change), "name": names[change.name], "symbol": change.name}
            for change in found
        ],
        "exports": {
            "removed": readable_of(exports[0], names),
            "added": readable_of(exports[1], names),
        },
        "imports": {
            "removed": readable_of(imports[0], names),
            "added": readable_of(imports[1], names),
        },
    }
    show(content, as_json, lambda console: draw(console, content))


def symbols_of(module: Module) -> Path:
    """The file with the symbols of a module."""
    from pytest_embedded_hotreload.cli.elf.module import with_symbols
    from pytest_embedded_hotreload.cli.errors import CommandError

    found = with_symbols(module)
    if found is None:
        raise CommandError(
            f"{module.path} has no symbols, and the module that it was stripped of is not in "
            f"{module.path.parent / 'hotreload'}: name that one, hotreload/<component>.so of its "
            "build directory"
        )
    return found


def names_of(before: Module, after: Module, what: str) -> tuple[list[str], list[str]]:
    """What has gone and what has come."""
    old, new = ({symbol.name for symbol in getattr(side, what)} for side in (before, after))
    return sorted(old - new), sorted(new - old)


def readable_of(listed: list[str], names: dict[str, str]) -> list[str]:
    """The readable names."""
    return [names[name] for name in listed]


def draw(console: Console, content: dict[str, Any]) -> None:
    """One line for each change."""
    for change in content["changes"]:
        console.print(f"{change['kind']} {change['name']}{place(change)}: {how(change)}")
    for what in ("exports", "imports"):
        for way in ("removed", "added"):
            for name in content[what][way]:
                console.print(f"{what[:-1]} {name}: {way}")
    old, new = content["sizes"]
    if content["changes"]:
        console.print(f"{len(content['changes'])} changes, the module has {old} -> {new} bytes")
    else:
        console.print("no function and no variable changes")
    if not content["same_firmware"]:
        console.print("the two belong to different builds of the firmware")


def place(change: dict[str, Any]) -> str:
    """The file of what is known there only."""
    return f" ({change['source']})" if change["source"] else ""


def how(change: dict[str, Any]) -> str:
    """What has changed, in words."""
    old, new = change["sizes"]
    if change["how"] == "added":
        return f"added, {new} bytes"
    if change["how"] == "removed":
        return f"removed, {old} bytes"
    if change["how"] == "value" and old <= SHOWN_VALUE:
        before, after = (int.from_bytes(bytes.fromhex(v), "little") for v in change["values"])
        return f"initial value changed, {before:#x} -> {after:#x}"
    if change["how"] == "value":
        return f"initial value changed, {old} bytes"
    return f"{change['how']} changed, {old} -> {new} bytes"
