"""`hotreload check`: whether a module fits to a firmware, and where not."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pytest_embedded_hotreload.cli.errors import DOES_NOT_FIT, DONE, OTHER_FIRMWARE
from pytest_embedded_hotreload.cli.options import Json

if TYPE_CHECKING:
    from rich.console import Console

    from pytest_embedded_hotreload.cli.elf.compare import Difference
    from pytest_embedded_hotreload.cli.elf.fit import Fit

ModuleFile = Annotated[Path, typer.Argument(metavar="MODULE", help="The module.")]
FirmwareFile = Annotated[Path, typer.Argument(metavar="FIRMWARE", help="The firmware's ELF.")]


def check(module: ModuleFile, firmware: FirmwareFile, as_json: Json = False) -> int:
    """Tell whether a module fits to a firmware: functions, signatures, layouts, identity."""
    from pytest_embedded_hotreload.cli.elf.firmware import read_firmware
    from pytest_embedded_hotreload.cli.elf.fit import fit
    from pytest_embedded_hotreload.cli.elf.module import manifest_of, read_module
    from pytest_embedded_hotreload.cli.elf.names import readable
    from pytest_embedded_hotreload.cli.output import show
    from pytest_embedded_hotreload.cli.progress import working

    with working("comparing what module and firmware say of each other"):
        ours, theirs = read_module(module), read_firmware(firmware)
        found = fit(ours, theirs)
    names = readable((*found.lacking, *found.unknown), manifest_of(module))
    status = verdict(found)
    content = {
        "module": str(module),
        "firmware": str(firmware),
        "fits": status == DONE,
        "same_firmware": found.same_firmware,
        "lacking": [names[name] for name in found.lacking],
        "unknown": [names[name] for name in found.unknown],
        "differences": [as_object(difference) for difference in found.differences],
        "compared": not found.not_compared,
    }
    show(content, as_json, lambda console: draw(console, found, names))
    return status


def verdict(found: Fit) -> int:
    """The exit status."""
    if not found.interface_fits:
        return DOES_NOT_FIT
    return DONE if found.same_firmware else OTHER_FIRMWARE


def as_object(difference: Difference) -> dict[str, object]:
    """For JSON."""
    return {
        **dataclasses.asdict(difference),
        "module": difference.module._asdict(),
        "firmware": difference.firmware._asdict(),
    }


def draw(console: Console, found: Fit, names: dict[str, str]) -> None:
    """One paragraph for each thing that does not fit."""
    for name in found.lacking:
        console.print(f"function {names[name]}: the firmware calls it, the module has not got it")
    for name in found.unknown:
        console.print(f"{names[name]}: the module uses it, the firmware has not got it")
    for difference in found.differences:
        console.print(f"{difference.kind} {difference.name}: {'; '.join(difference.details)}")
        for side, declaration in (
            ("module", difference.module),
            ("firmware", difference.firmware),
        ):
            where = f"{declaration.file}:{declaration.line}" if declaration.file else "unknown"
            console.print(f"  {side}, {where}")
            for line in declaration.text.splitlines():
                console.print(f"    {line}")
        if difference.reached:
            console.print(f"  used by {', '.join(difference.reached)}")
    if found.not_compared:
        console.print(f"signatures and layouts were not compared: {found.not_compared}")
    if not found.same_firmware:
        console.print("the module was linked against another build: a device refuses it")
    if verdict(found) == DONE:
        console.print("the module fits")
