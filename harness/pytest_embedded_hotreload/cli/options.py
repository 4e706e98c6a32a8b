"""Options and arguments that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Url = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="HOTRELOAD_URL",
        help="The device, http://HOST:PORT. Default: the one that runs from the build directory.",
    ),
]
Timeout = Annotated[float, typer.Option(metavar="SECONDS", help="Longest silence of the device.")]
Project = Annotated[
    Path, typer.Option("-C", "--project-dir", metavar="DIR", help="The project's folder.")
]
BuildDir = Annotated[
    Path | None,
    typer.Option(
        "-B", "--build-dir", metavar="DIR", help="The build directory. Default: its build."
    ),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="The firmware's key, instead of the build's."),
]

HERE = Path()
TIMEOUT = 30.0


def build_folder(project: Path, build_dir: Path | None) -> Path:
    """The build directory that was named, or the project's own."""
    return (build_dir or project / "build").resolve()
