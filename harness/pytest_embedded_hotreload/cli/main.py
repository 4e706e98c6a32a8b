"""The entry point: the commands there are."""

from typing import Annotated

import typer

from pytest_embedded_hotreload.cli.commands import (
    check,
    components,
    decode,
    devices,
    diff,
    doctor,
    inspect,
    new,
    reload,
    run,
    status,
    watch,
)
from pytest_embedded_hotreload.cli.reported import reported

EPILOG = (
    "Exit status: 0 done, 1 the device refused, 2 wrong call or unreadable file, 3 no answer, "
    "4 not built, 5 another firmware, 6 the module does not run, 7 it does not fit, 8 something is "
    "missing, 70 a fault of this program, 130 interrupted."
)

app = typer.Typer(
    name="hotreload",
    help="Modules and devices of the hotreload component.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for command in (
    new.new,
    components.components,
    run.run,
    reload.reload,
    watch.watch,
    status.status,
    inspect.inspect,
    check.check,
    diff.diff,
    decode.decode,
    devices.devices,
    doctor.doctor,
):
    app.command()(reported(command))


def show_version(wanted: bool) -> None:
    """Of the distribution, also in a checkout."""
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(version("pytest-embedded-hotreload"))
        except PackageNotFoundError:
            print("of a checkout")
        raise typer.Exit


@app.callback()
def hotreload(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=show_version)
    ] = False,
) -> None:
    """Modules and devices of the hotreload component."""


def main() -> None:
    """Run the command that the command line names; ends the process with its status."""
    app(prog_name="hotreload")


if __name__ == "__main__":
    main()
