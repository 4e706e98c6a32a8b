"""`hotreload components`: the ESP-IDF components, for a project that has none of them yet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pytest_embedded_hotreload.cli.options import Json


def components(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The project's folder of components.")
    ] = Path("components"),
    as_json: Json = False,
) -> None:
    """Copy the ESP-IDF components hotreload and hotreload_probe into a project."""
    from pytest_embedded_hotreload.cli.errors import CommandError
    from pytest_embedded_hotreload.cli.output import show
    from pytest_embedded_hotreload.components import copy_components
    from pytest_embedded_hotreload.errors import HarnessError

    try:
        copies = [str(copy) for copy in copy_components(folder)]
    except HarnessError as error:
        raise CommandError(str(error)) from error
    show({"components": copies}, as_json, lambda console: console.print("\n".join(copies)))
