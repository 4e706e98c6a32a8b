"""`hotreload inspect`: what is in a module."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pytest_embedded_hotreload.cli.options import Json

if TYPE_CHECKING:
    from rich.console import Console

    from hotreload_build.manifest import Manifest
    from pytest_embedded_hotreload.cli.elf.module import Module

ModuleFile = Annotated[Path, typer.Argument(metavar="MODULE", help="The module.")]


def inspect(module: ModuleFile, as_json: Json = False) -> None:
    """Show what is in a module: segments, limits, functions, relocations, identity."""
    from pytest_embedded_hotreload.cli.elf.module import manifest_of, read_module
    from pytest_embedded_hotreload.cli.output import show
    from pytest_embedded_hotreload.cli.progress import working

    with working("reading the module"):
        content = facts(read_module(module), manifest_of(module))
    show(content, as_json, lambda console: draw(console, content))


def facts(module: Module, manifest: Manifest | None) -> dict[str, Any]:
    """All that is known of a module."""
    from pytest_embedded_hotreload.cli.elf.module import with_symbols
    from pytest_embedded_hotreload.cli.elf.names import readable

    symbols = (*module.exports, *module.imports)
    names = readable((symbol.name for symbol in symbols), manifest)
    file = with_symbols(module)
    return {
        "module": str(module.path),
        "size": len(module.data),
        "hash": module.hash,
        "firmware": module.identity,
        "build": module.build,
        "has_mac": module.has_mac,
        "with_symbols": str(file) if file else None,
        "segments": [vars(segment) for segment in module.segments],
        "limits": limits(manifest),
        "exports": [
            {"name": names[s.name], "symbol": s.name, "size": s.size} for s in module.exports
        ],
        "imports": [
            {"name": names[s.name], "symbol": s.name, "address": s.value} for s in module.imports
        ],
        "relocations": [
            {"type": kind, "place": place, "count": count}
            for (kind, place), count in sorted(module.relocations.items())
        ],
        "constructors": run(module.constructors, file),
        "destructors": run(module.destructors, file),
    }


def limits(manifest: Manifest | None) -> list[dict[str, Any]]:
    """The largest modules that its device takes, as far as the build directory tells."""
    if manifest is None:
        return []
    found = []
    if manifest.partition:
        owner = f"partition '{manifest.partition.label}'"
        found.append({"owner": owner, "size": manifest.partition.capacity})
    if manifest.max_size:
        found.append({"owner": "server", "size": manifest.max_size})
    return found


def run(addresses: tuple[int, ...], file: Path | None) -> list[str]:
    """Names of functions that a load or an unload runs."""
    from hotreload_decode.symbols import symbol_at

    names = (symbol_at(file, address) if file else None for address in addresses)
    return [name or f"{address:#010x}" for name, address in zip(names, addresses, strict=True)]


def draw(console: Console, content: dict[str, Any]) -> None:
    """The same for people."""
    from rich.table import Table

    number = (
        "no note for a build number" if content["build"] is None else f"build {content['build']}"
    )
    mac = "with a MAC" if content["has_mac"] else "without a MAC"
    console.print(f"{content['module']}: {content['size']} bytes, {number}, {mac}")
    console.print(f"hash {content['hash']}")
    console.print(f"firmware {content['firmware']}")
    for limit in content["limits"]:
        share = 100 * content["size"] / limit["size"] if limit["size"] else 100
        console.print(f"{share:.1f} % of the {limit['size']} bytes that the {limit['owner']} takes")
    segments = Table("segment", "link", "file", "memory", box=None)
    for segment in content["segments"]:
        sizes = str(segment["file_size"]), str(segment["size"])
        segments.add_row(segment["kind"], f"{segment['link']:#010x}", *sizes)
    console.print(segments)
    relocations = Table("relocations", "in", "count", box=None)
    for entry in content["relocations"]:
        relocations.add_row(entry["type"], entry["place"], str(entry["count"]))
    console.print(relocations)
    for what in ("constructors", "destructors"):
        if content[what]:
            console.print(f"{what}: {', '.join(content[what])}")
    for what in ("exports", "imports"):
        console.print(f"{len(content[what])} {what}")
        for entry in content[what]:
            number = f"{entry['size']} bytes" if what == "exports" else f"{entry['address']:#010x}"
            console.print(f"  {entry['name']}  {number}")
