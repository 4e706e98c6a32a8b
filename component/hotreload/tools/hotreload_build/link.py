"""Link a module: one run of the compiler's driver, then the finished image."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from . import image as module_image
from .authkey import read_key
from .diagnosis import explain_link_failure
from .elf import read_image
from .errors import ModuleError
from .files import write_atomically, write_if_changed
from .identity import module_identity
from .interface import read_interface
from .kept import keep
from .mac import sign, with_signature_of
from .manifest import Manifest
from .names import demangled
from .order import sort_symbols
from .refusals import INFO, check_linked
from .sets import borrowed, set_script, tables, without_ends
from .sizes import summary
from .slot import flash_image
from .toolchain import run_tool

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

_NO_EXPORT = (
    "module '{}' exports no function: the firmware could not call it; at least one function must "
    "be neither static nor hidden"
)
# of the compiler's driver, when the linker ends by a signal
LINKER_CRASH = "terminated with signal"


class Module(NamedTuple):
    path: Path  # what the device gets
    unstripped: Path  # with symbols and debug information
    exports: tuple[str, ...]
    warnings: tuple[str, ...]  # one line each, of ours
    output: str  # what compiler and linker said
    summary: str  # one line: what it takes of the device


def link_module(
    manifest: Manifest, objects: Sequence[Path], output: Path, *, unstripped: Path, flash: Path
) -> Module:
    """Link compiled objects of the manifest's module, for a device and for its partition."""
    inputs = [*manifest.languages["C"].flags, *map(str, objects)]
    module = link(manifest, inputs, output, unstripped, (), None)
    elf = output.read_bytes()
    write_atomically(flash, flash_image(elf, module_identity(elf)))
    keep(unstripped, elf)
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
    if manifest.exit_library:
        inputs = [*inputs, manifest.exit_library]
    scripts = ["-T", str(linker_script or manifest.linker_script), manifest.firmware_symbols]
    like_firmware = [*_export_options(manifest, unstripped), *_wrap_options(manifest)]
    compiler = manifest.languages["C"].compiler
    command = [compiler, *inputs, *LINK_OPTIONS, *like_firmware]
    result = ["-o", str(unstripped)]
    try:
        said = run([*command, *scripts, *options, *result], manifest)
    except ModuleError as error:
        if LINKER_CRASH in error.output and _exports_nothing([compiler, *inputs], manifest):
            raise ModuleError(_NO_EXPORT.format(manifest.component)) from error
        raise
    linked = read_image(unstripped, (INFO,))
    # further runs of the compiler say what the first has said
    shared = borrowed(linked)
    if shared:
        symbols = ["-Wl,-z,undefs", _symbols_without(manifest, shared, unstripped)]
        trial = ["-o", str(unstripped.with_suffix(".trial.so"))]
        run([*command, *scripts[:2], *symbols, *options, *trial], manifest)
        linked = read_image(Path(trial[1]))
    found = tables(linked)
    if found:
        tables_script = unstripped.with_suffix(".tables.ld")
        write_if_changed(tables_script, set_script(linked, found))
        scripts = ["-T", str(tables_script), *scripts[:2]]
        scripts.append(_symbols_without(manifest, found, unstripped))
        run([*command, *scripts, *options, *result], manifest)
    if shared or found:
        linked = read_image(unstripped, (INFO,))
    check_linked(linked, compiler)
    image = module_image.check(unstripped)
    exports = module_image.exported_functions(image)
    if not exports:
        raise ModuleError(_NO_EXPORT.format(manifest.component))
    elf = sort_symbols(image)
    stripped = _sign(manifest, module_image.strip(elf))
    told = summary(manifest, image, stripped, len(exports))
    write_atomically(output, stripped)
    write_atomically(unstripped, with_signature_of(elf, stripped))
    return Module(output, unstripped, exports, _warnings(manifest, exports), said, told)


def _sign(manifest: Manifest, stripped: bytes) -> bytes:
    if manifest.build_number < manifest.build_floor:
        raise ModuleError(
            f"module '{manifest.component}' is build {manifest.build_number}, its firmware takes "
            f"{manifest.build_floor} and later ones: raise BUILD_NUMBER of hotreload_setup(), or "
            "lower CONFIG_HOTRELOAD_BUILD_FLOOR"
        )
    key = read_key(Path(manifest.auth_key)) if manifest.auth_key else None
    return sign(stripped, manifest.build_number, key)


def run(command: list[str], manifest: Manifest) -> str:
    result = run_tool(command)
    said = result.stdout + result.stderr
    if result.returncode:
        raise ModuleError(*explain_link_failure(manifest.component, said))
    return said


def _exports_nothing(command: Sequence[str], manifest: Manifest) -> bool:
    """Whether that is why the linker crashed: GNU ld does for a module without any export."""
    with tempfile.TemporaryDirectory(prefix="hotreload-") as folder:
        whole = Path(folder) / "whole.o"
        run([*command, "-r", "-nostdlib", "-o", str(whole)], manifest)
        return not read_interface([whole]).functions


def _symbols_without(manifest: Manifest, names: Iterable[str], unstripped: Path) -> str:
    """A script with the firmware's symbols but for the ends of tables of these names."""
    script = unstripped.with_suffix(".symbols.ld")
    everything = Path(manifest.firmware_symbols).read_text(encoding="utf-8")
    write_if_changed(script, without_ends(everything, names))
    return str(script)


def _export_options(manifest: Manifest, unstripped: Path) -> list[str]:
    """Keep what EXPORTS does not list inside of the module."""
    if not manifest.exports_only:
        return []
    names = "".join(f' "{name}";' for name in manifest.exports)
    script = unstripped.with_suffix(".exports.map")
    write_if_changed(script, f"{{ global:{names} local: *; }};\n")
    return [f"-Wl,--version-script={script}"]


def _wrap_options(manifest: Manifest) -> list[str]:
    return [f"-Wl,--wrap={name}" for name in manifest.wrapped]


def _warnings(manifest: Manifest, exports: Sequence[str]) -> tuple[str, ...]:
    missing = [name for name in manifest.exports if name not in exports]
    if not missing:
        return ()
    readable = demangled(manifest.languages["C"].compiler, missing)
    return (
        f"the module lacks functions that the firmware calls, the device will refuse it: "
        f"{', '.join(readable.values())}",
    )
