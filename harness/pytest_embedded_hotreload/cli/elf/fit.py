"""Whether a module fits to a firmware."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_embedded_hotreload.cli.elf.compare import Comparison, Difference
from pytest_embedded_hotreload.cli.elf.dwarf import Debug, read_debug
from pytest_embedded_hotreload.cli.elf.firmware import Firmware
from pytest_embedded_hotreload.cli.elf.module import Module, with_symbols
from pytest_embedded_hotreload.cli.elf.reading import usable


@dataclass(frozen=True)
class Fit:
    """What stands between a module and a firmware; all empty: nothing."""

    same_firmware: bool  # it was linked against this very build
    lacking: tuple[str, ...]  # functions that the firmware calls and the module has not
    unknown: tuple[str, ...]  # what the module uses and the firmware has not
    differences: tuple[Difference, ...]
    not_compared: str  # why nothing was compared; empty: it was

    @property
    def interface_fits(self) -> bool:
        """Whether a build of the module for this firmware would fit."""
        return not (self.lacking or self.unknown or self.differences)


def fit(module: Module, firmware: Firmware) -> Fit:
    """Compare what the two say of each other."""
    exports = {symbol.name for symbol in module.exports}
    imports = {symbol.name for symbol in module.imports}
    differences: list[Difference] = []
    ours = module.path if (found := with_symbols(module)) is None else found
    mine, others = read_debug(ours), read_debug(firmware.path)
    not_compared = _missing(mine, others)
    if not not_compared:
        with usable(ours):
            differences = compared(mine, others, exports & set(firmware.called), imports)
    return Fit(
        module.identity == firmware.identity,
        tuple(sorted(set(firmware.called) - exports)),
        tuple(sorted(imports - set(firmware.symbols) - set(firmware.called))),
        tuple(differences),
        not_compared,
    )


def compared(ours: Debug, theirs: Debug, exports: set[str], imports: set[str]) -> list[Difference]:
    """The differences of debug information, of these functions and variables and what they use."""
    comparison = Comparison(ours, theirs)
    functions = exports | imports
    comparison.functions(ours.functions(functions), theirs.functions(functions))
    comparison.variables(ours.variables(imports), theirs.variables(imports))
    comparison.records()
    return comparison.differences


def _missing(ours: Debug, theirs: Debug) -> str:
    for debug, what in ((ours, "module"), (theirs, "firmware")):
        if not debug.present:
            return f"the {what} has no debug information: {debug.path}"
    return ""
