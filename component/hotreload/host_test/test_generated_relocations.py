"""Words at each kind of place that lead to each kind of target, however the module is built."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from elf_builder import IDENTITY
from host import Host
from module_rules import Firmware, images, judge
from real_module import link_module
from relocation_sites import NUMBERS, SITES, TARGETS, TYPES, cells, source, wrong_words

EXPORTS = ("own_function", "site_calls")
FIRMWARE = {"firmware_negate": 0x40001234, "firmware_word": 0x3FFE8000, **NUMBERS}

OPTIMISATIONS = ("-O0", "-Os", "-O2", "-O3")
CALLS = ("-mlongcalls", "-mno-longcalls")
LITERALS = ("-mtext-section-literals", "-mno-text-section-literals")
PLACES = ((0x40080000, 0x3FFB0000), (0x400A1230, 0x3FFC4560))
#: options, and whether it is the component's linker script
LINKS: dict[str, tuple[tuple[str, ...], bool]] = {
    "symbolic": (("-Wl,-Bsymbolic",), True),
    "interposable": ((), True),
    "linker's own": (("-Wl,-z,norelro",), False),
    "linker's own, symbolic": (("-Wl,-Bsymbolic",), False),
}

Way = tuple[str, str, str, str, tuple[int, int]]


def pairwise() -> list[Way]:
    """So that each pair of two of the five is among them."""
    return [
        (
            link,
            level,
            CALLS[(i + j) % 2],
            LITERALS[(i // 2 + j) % 2],
            PLACES[(i + j // 2) % 2],
        )
        for i, link in enumerate(LINKS)
        for j, level in enumerate(OPTIMISATIONS)
    ]


def every() -> list[Way]:
    return list(product(LINKS, OPTIMISATIONS, CALLS, LITERALS, PLACES))


def name(way: Way) -> str:
    return f"{way[0]} {way[1]}{way[2]}{way[3]} {way[4][0]:#x}"


def ways() -> list[object]:
    by_day = pairwise()
    at_night = [way for way in every() if way not in by_day]
    return [
        *(pytest.param(way, id=name(way)) for way in by_day),
        *(pytest.param(way, id=name(way), marks=pytest.mark.nightly) for way in at_night),
    ]


def link_words(folder: Path, link: str, *options: str) -> bytes:
    more, own_script = LINKS[link]
    return link_module(
        folder,
        "-Wl,--hash-style=sysv",
        *more,
        *options,
        own_script=own_script,
        source=source(),
        firmware=FIRMWARE,
    )


def test_each_pair_is_tried_by_day() -> None:
    for first, second in product(range(5), range(5)):
        wanted = {(way[first], way[second]) for way in every()}
        assert {(way[first], way[second]) for way in pairwise()} == wanted


@pytest.mark.parametrize("way", ways())
def test_word_leads_to_its_target(host: Host, tmp_path: Path, way: Way) -> None:
    link, level, calls, literals, (text, data) = way
    elf = link_words(tmp_path, link, level, calls, literals)

    run = host.load(elf, EXPORTS, f"place={text:#x},{data:#x}")

    assert run.result("load") == "ESP_OK", run.message("load")
    module = judge(elf, Firmware(EXPORTS, IDENTITY)).module
    assert module
    loaded = list(zip(module.loaded, run.images, strict=True))
    assert list(run.images.values()) == images(module, list(run.images))
    assert module.loaded[-1].file_size % 4, "what is zeroed is to begin within a word"

    def run_address(link_address: int) -> int:
        segment, address = min(loaded, key=lambda pair: pair[0].distance(link_address))
        return address + link_address - segment.link

    def read(address: int) -> bytes:
        start = max(start for start in run.images if start <= address)
        return run.images[start][address - start : address - start + 4]

    def leads_elsewhere(value: int, target: int | None) -> bool:
        """With the linker's own script, whose segments are at 0 and next to each other."""
        if LINKS[link][1]:
            return False
        if target is None:
            return "symbolic" in link and module.nearest(value) is not None
        return module.nearest(value) != module.nearest(target)

    assert wrong_words(elf, run_address, read, leads_elsewhere) == []


LOCAL = {"own_static_function", "__start_own_set", "__stop_own_set"}


def why_not(kind: str, site: str, target: str) -> str:
    """Why the linker leaves no such relocation at a word that is written down; empty: it does."""
    if kind in ("NONE", "RTLD"):
        return "names no word"
    if kind in ("32", "PLT"):
        return "of object files: GLOB_DAT or RELATIVE comes of it"
    if kind == "JMP_SLOT":
        return "of the linker's own words, for calls of functions that nobody may define"
    if kind == "GLOB_DAT" and target in LOCAL:
        return "has no name outside of the module: RELATIVE"
    if kind == "RELATIVE" and target == "weak_undefined":
        return "has no address that could move"
    return ""


def test_every_cell_is_reached(tmp_path: Path) -> None:
    """Of the table of types, places and targets: each is there, or cannot be, for a reason."""
    reached = set()
    for link in LINKS:
        elf = link_words(tmp_path, link, "-Os")
        module = judge(elf, Firmware(EXPORTS, IDENTITY)).module
        assert module
        reached |= cells(elf, [(r["r_offset"], r["r_info"] & 255) for r in module.relocations])
    table = set(product(TYPES.values(), SITES, TARGETS))
    assert reached == {cell for cell in table if not why_not(*cell)}
