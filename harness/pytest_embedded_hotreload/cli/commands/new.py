"""`hotreload new`: a project from nothing, the quick start of the component's README."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Annotated

import typer

from pytest_embedded_hotreload.cli.errors import CommandError
from pytest_embedded_hotreload.cli.options import Json

if TYPE_CHECKING:
    from rich.console import Console

#: emulators have Ethernet, and only there the README's choice has to be another
NETWORK = """
# network in QEMU: an Ethernet controller; for a board with WiFi remove these
CONFIG_EXAMPLE_CONNECT_WIFI=n
CONFIG_EXAMPLE_CONNECT_ETHERNET=y
CONFIG_EXAMPLE_USE_OPENETH=y
CONFIG_EXAMPLE_USE_INTERNAL_ETHERNET=n
CONFIG_EXAMPLE_CONNECT_IPV6=n
"""

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The project's folder, a new one.")]


def new(folder: Folder, as_json: Json = False) -> None:
    """Make a project with a module: the quick start of the component's README."""
    from pytest_embedded_hotreload.cli.output import show
    from pytest_embedded_hotreload.components import copy_component
    from pytest_embedded_hotreload.paths import COMPONENT

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CommandError(f"{folder} is there already: name a folder that is new or empty")
    files = quick_start((COMPONENT / "README.md").read_text(encoding="utf-8"))
    files["sdkconfig.defaults"] += NETWORK
    name = re.sub(r"\W", "_", folder.resolve().name)
    files["CMakeLists.txt"] = re.sub(r"project\(\w+\)", f"project({name})", files["CMakeLists.txt"])
    try:
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        copy_component(folder / "components" / "hotreload")
    except OSError as error:
        raise CommandError(f"cannot write {error.filename}: {error.strerror}") from error
    content = {"folder": str(folder.resolve()), "files": sorted(files)}
    show(content, as_json, lambda console: draw(console, folder, files))


def quick_start(readme: str) -> dict[str, str]:
    """The files of the quick start: blocks whose first line, a comment, is their name."""
    text = readme.partition("\n## Quick start\n")[2].partition("\n## ")[0]
    blocks = [dedent(b) for b in re.findall(r"^ *```\w*\n(.*?)^ *```$", text, re.M | re.S)]
    named = ((re.match(r"(?://|#) (\S+)\n", block), block) for block in blocks)
    return {name[1]: block for name, block in named if name}


def draw(console: Console, folder: Path, files: dict[str, str]) -> None:
    """What is there, and what comes next."""
    for path in sorted(files):
        console.print(f"  {path}")
    console.print(f"{folder} is a project. What comes next:")
    console.print(f"  cd {folder}")
    console.print("  hotreload run                     # builds it, runs it, shows its console")
    console.print("  hotreload watch                   # in another shell: reloads after each save")
    console.print("and change components/greeter/greeter.c")
