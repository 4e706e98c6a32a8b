"""Link a module: one run of the compiler's driver, then the finished image."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from . import image as module_image
from .diagnosis import explain_link_failure
from .errors import ModuleError
from .files import write_atomically
from .identity import module_identity
from .manifest import Manifest
from .slot import flash_image

LINK_OPTIONS = (
    "-shared",
    "-nostdlib",
    "-Wl,-Bsymbolic",  # calls within the module do not take the way over the firmware's stubs
    "-Wl,-z,defs",
    "-Wl,-z,norelro",
    "-Wl,--hash-style=sysv",
    "-Wl,--build-id=none",
    "-Wl,--gc-sections",
    # the smallest page that the linker takes: no padding but what sections need
    "-Wl,-z,max-page-size=4",
    "-Wl,-z,common-page-size=4",
)


class Module(NamedTuple):
    path: Path  # what the device gets
    unstripped: Path  # with symbols and debug information
    exports: tuple[str, ...]
    warnings: tuple[str, ...]  # one line each, of ours
    output: str  # what compiler and linker said


def link_module(
    manifest: Manifest, objects: Sequence[Path], output: Path, *, unstripped: Path, flash: Path
) -> Module:
    """Link compiled objects of the manifest's module, for a device and for its partition."""
    inputs = [*manifest.languages["C"].flags, *map(str, objects)]
    module = link(manifest, inputs, output, unstripped, (), None)
    elf = output.read_bytes()
    write_atomically(flash, flash_image(elf, module_identity(elf)))
    return module


def link(
    manifest: Manifest,
    inputs: Sequence[str],
    output: Path,
    unstripped: Path,
    options: Sequence[str],
    linker_script: Path | None,
) -> Module:
    """Link `inputs`, and sources as far as they are of one language, with the component's script.

    `options` come last; `linker_script` replaces the component's.
    """
    unstripped.parent.mkdir(parents=True, exist_ok=True)
    scripts = ["-T", str(linker_script or manifest.linker_script), manifest.firmware_symbols]
    command = [manifest.languages["C"].compiler, *inputs, *LINK_OPTIONS, *scripts, *options]
    said = run([*command, "-o", str(unstripped)], manifest)
    image = module_image.check(unstripped)
    exports = module_image.exported_functions(image)
    if not exports:
        raise ModuleError(
            f"module '{manifest.component}' exports no function: the firmware could not call it; "
            "at least one function must be neither static nor hidden"
        )
    stripped = module_image.strip(image.data)
    _check_size(manifest, stripped)
    write_atomically(output, stripped)
    return Module(output, unstripped, exports, _warnings(manifest, exports), said)


def run(command: list[str], manifest: Manifest) -> str:
    environment = {**os.environ, "LC_ALL": "C"}  # messages are read below, and not translated
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, errors="replace", env=environment, check=False
        )
    except OSError as error:
        raise ModuleError(f"cannot run {command[0]}: {error.strerror}") from error
    said = result.stdout + result.stderr
    if result.returncode:
        raise ModuleError(*explain_link_failure(manifest.component, said))
    return said


def _check_size(manifest: Manifest, stripped: bytes) -> None:
    partition = manifest.partition
    if partition and len(stripped) > partition.capacity:
        raise ModuleError(
            f"module '{manifest.component}' has {len(stripped)} bytes, partition "
            f"'{partition.label}' takes {partition.capacity}: enlarge it in partitions.csv"
        )


def _warnings(manifest: Manifest, exports: Sequence[str]) -> tuple[str, ...]:
    missing = [name for name in manifest.exports if name not in exports]
    if not missing:
        return ()
    return (
        f"the module lacks functions that the firmware calls, the device will refuse it: "
        f"{', '.join(missing)}",
    )
