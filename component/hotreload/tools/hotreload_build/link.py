"""Compile and link a module: one run of the compiler's driver, then the finished image."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import image as module_image
from .diagnosis import explain_link_failure
from .errors import ModuleError
from .files import write_atomically
from .manifest import Manifest

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


@dataclass(frozen=True)
class Module:
    path: Path  # what the device gets
    unstripped: Path  # with symbols and debug information
    exports: tuple[str, ...]
    warnings: tuple[str, ...]  # one line each, of ours
    output: str  # what compiler and linker said


def build_module(
    manifest: Manifest,
    sources: Sequence[Path],
    output: Path,
    *,
    unstripped: Path | None = None,
    compile_options: Sequence[str] = (),
    link_options: Sequence[str] = (),
    linker_script: Path | None = None,
) -> Module:
    """Build a variant of the manifest's module from `sources`.

    `compile_options` and `link_options` come after those of the manifest. `linker_script`
    replaces the component's. Sources of one language cost one run of the compiler's driver.
    """
    missing = [str(source) for source in sources if not source.is_file()]
    if missing or not sources:
        raise ModuleError(f"no such source: {', '.join(missing) or 'none given'}")
    toolsets = [manifest.toolset(source) for source in sources]
    unstripped = unstripped or output.with_suffix(".unstripped.so")
    if all(toolset == toolsets[0] for toolset in toolsets):
        inputs = [*toolsets[0].arguments(), *compile_options, *map(str, sources)]
        return _link(manifest, inputs, output, unstripped, link_options, linker_script)
    with tempfile.TemporaryDirectory(prefix="hotreload-") as folder:
        objects = []
        for index, source in enumerate(sources):
            objects.append(str(Path(folder) / f"{index}-{source.name}.obj"))
            compile_source = ["-c", str(source), "-o", objects[-1]]
            toolset = toolsets[index]
            _run(
                [toolset.compiler, *toolset.arguments(), *compile_options, *compile_source],
                manifest,
            )
        inputs = [*manifest.languages["C"].flags, *objects]
        return _link(manifest, inputs, output, unstripped, link_options, linker_script)


def link_module(
    manifest: Manifest, objects: Sequence[Path], output: Path, *, unstripped: Path
) -> Module:
    """Link compiled objects of the manifest's module."""
    inputs = [*manifest.languages["C"].flags, *map(str, objects)]
    return _link(manifest, inputs, output, unstripped, (), None)


def _link(
    manifest: Manifest,
    inputs: Sequence[str],
    output: Path,
    unstripped: Path,
    options: Sequence[str],
    linker_script: Path | None,
) -> Module:
    unstripped.parent.mkdir(parents=True, exist_ok=True)
    scripts = ["-T", str(linker_script or manifest.linker_script), manifest.firmware_symbols]
    command = [manifest.languages["C"].compiler, *inputs, *LINK_OPTIONS, *scripts, *options]
    said = _run([*command, "-o", str(unstripped)], manifest)
    image = module_image.check(unstripped)
    exports = module_image.exported_functions(image)
    if not exports:
        raise ModuleError(
            f"module '{manifest.component}' exports no function: the firmware could not call it; "
            "at least one function must be neither static nor hidden"
        )
    stripped = module_image.strip(unstripped.read_bytes())
    _check_size(manifest, stripped)
    write_atomically(output, stripped)
    return Module(output, unstripped, exports, _warnings(manifest, exports), said)


def _run(command: list[str], manifest: Manifest) -> str:
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
