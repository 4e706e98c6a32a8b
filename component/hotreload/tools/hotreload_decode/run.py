"""`hotreload.py decode`: a console with the names of its addresses, or the symbols for gdb."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from hotreload_build.errors import ModuleError
from hotreload_build.identity import read as read_identity
from hotreload_build.manifest import Manifest
from hotreload_build.toolchain import sibling
from hotreload_client import Client, ClientError
from hotreload_loop.build import MANIFEST
from hotreload_loop.errors import OtherFirmwareError, WrongCallError

from .console import Console
from .decoder import Decoder
from .gdb import add_symbol_file
from .modules import modules_of
from .placements import Placements

NO_PLACEMENT = (
    "is not of the firmware, and where a module lies tells neither the console nor a device: "
    "name the device by --url"
)
NO_MODULE = "no module is loaded, as far as the console or the device tells: use --url"


@dataclass
class Session:
    """One build directory, and what has been wrong so far."""

    folder: Path
    further: Sequence[Path]
    client: Client | None
    complain: Callable[[Exception], None]
    problems: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        try:
            manifest = Manifest.load(self.folder / MANIFEST)
            self.firmware = Path(manifest.firmware_elf)
            self._identity = read_identity(self.firmware).hex()
            compiler = manifest.languages["C"].compiler
            addr2line = sibling(compiler, "addr2line")
            if addr2line is None:
                raise ModuleError(f"no addr2line is known for the compiler {compiler}")
            self._decoder = Decoder(self.firmware, Path(addr2line))
            modules = modules_of(self.folder, manifest.component, self.further)
        except ModuleError as error:
            raise WrongCallError(str(error)) from error
        self._placements = Placements(modules)

    def decode(self, console: TextIO, out: TextIO) -> None:
        """Copy a console, with the names of the addresses in it below each line."""
        digest = hashlib.sha256(self.firmware.read_bytes()).hexdigest()
        reader = Console(self._decoder, self._placements, digest, self._ask, self._report)
        for line in console:
            out.write(line if line.endswith("\n") else f"{line}\n")
            for note in reader.notes(line):
                out.write(f"--- {note}\n")
            out.flush()
        if reader.unknown and not self._placements.loads and not self.problems:
            self._report(WrongCallError(f"{reader.unknown[0]:#010x} {NO_PLACEMENT}"))

    def symbols(self, console: TextIO | None, out: TextIO) -> None:
        """The command of gdb for the module that is loaded, as the console or the device says."""
        for line in console or ():
            self._placements.take(line)
        if self._placements.current is None:
            self._ask()
        load = self._placements.current
        if load is None:
            self._report(WrongCallError(NO_MODULE))
            return
        file = self._placements.file_of(load)
        if file is None:
            self._report(WrongCallError(self._placements.why_unknown(load)))
        else:
            out.write(f"{add_symbol_file(load, file)}\n")

    def _ask(self) -> None:
        if self.client is None:
            return
        try:
            status: dict[str, Any] = self.client.status()
        except ClientError as error:  # the console goes on
            self._report(error)
            return
        if status.get("firmware") != self._identity:
            self._report(
                OtherFirmwareError(
                    f"the firmware of this build is not the one that runs ({self._identity[:8]}, "
                    f"the device has {str(status.get('firmware'))[:8]})"
                )
            )
            return
        self._placements.take_status(status)

    def _report(self, error: Exception) -> None:
        self.problems.append(error)
        self.complain(error)
