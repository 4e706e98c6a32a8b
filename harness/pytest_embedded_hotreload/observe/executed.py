"""Which source lines the devices of a test have executed, of the component and of modules."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath

from elftools.elf.elffile import ELFFile

from pytest_embedded_hotreload.device import Device
from pytest_embedded_hotreload.firmware import FirmwareBuild
from pytest_embedded_hotreload.modules import Module
from pytest_embedded_hotreload.placement import Placement, placements
from pytest_embedded_hotreload.sim.observer.lines import (
    Code,
    lines_of_component,
    lines_of_module,
    reached,
)
from pytest_embedded_hotreload.sim.observer.record import Block

#: folders of a checkout; what lies elsewhere was made by a test
_TOPS = ("component", "scenarios", "examples", "harness")

Lines = set[tuple[str, int]]


def of_component(firmware: FirmwareBuild, blocks: Sequence[Block]) -> tuple[Lines, Lines]:
    """All lines, and those that were executed."""
    return _lines(lines_of_component(firmware.elf), _spans(blocks))


def of_modules(device: Device, blocks: Sequence[Block]) -> tuple[Lines, Lines]:
    """The same of all modules that the device has loaded."""
    all_lines: Lines = set()
    executed: Lines = set()
    in_ram = [block for block in blocks if block.code and block.times]
    for placement in placements(device.trace.seen):
        for module in device.decoder.fitting(placement) if device.decoder else []:
            spans = list(_spans_of(module, placement, in_ram))
            if spans:
                code, of_it = _lines(lines_of_module(module.unstripped), spans)
                all_lines |= code
                executed |= of_it
    return all_lines, executed


def _lines(code: Sequence[Code], spans: Iterable[tuple[int, int]]) -> tuple[Lines, Lines]:
    everything = {(one.file, one.line) for one in code}
    return _named(everything), _named(reached(code, spans))


def _named(lines: Lines) -> Lines:
    """With names that are the same in each clone; without what is in none."""
    names = {file: _short(file) for file, _ in lines}
    return {(name, line) for file, line in lines if (name := names[file])}


def _short(file: str) -> str:
    parts = PurePosixPath(file).parts
    top = next((top for top in _TOPS if top in parts), None)
    return str(PurePosixPath(*parts[parts.index(top) :])) if top else ""


def _spans(blocks: Iterable[Block]) -> Iterator[tuple[int, int]]:
    return ((block.address, block.address + block.size) for block in blocks if block.times)


def _spans_of(
    module: Module, placement: Placement, blocks: Sequence[Block]
) -> Iterator[tuple[int, int]]:
    """Link addresses of the blocks that are of this module: others have lain there, too."""
    text = _text(module.path, placement.text.link)
    for block in blocks:
        at = block.address - placement.text.address
        if 0 <= at < placement.text.size and text[at : at + len(block.code)] == block.code:
            link = placement.text.link + at
            yield link, link + block.size


@lru_cache(maxsize=256)
def _text(path: Path, link: int) -> bytes:
    with path.open("rb") as file:
        segments = ELFFile(file).iter_segments(type="PT_LOAD")
        return next(bytes(one.data()) for one in segments if one["p_vaddr"] == link)
