"""Modules of the real toolchain, in every way of linking that the loader takes.

Where a word depends on the placement, it has to move with the text, or with the data.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from host import Host, Run
from real_module import FIRMWARE, link_module

PLACES = ((0x40080000, 0x3FFB0000), (0x400A1230, 0x3FFC4560))


@pytest.fixture
def link(tmp_path: Path) -> Callable[..., bytes]:
    return partial(link_module, tmp_path)


def segments(run: Run) -> list[tuple[int, bytes]]:
    """Text and data."""
    assert run.result("load") == "ESP_OK", run.output
    return list(run.images.items())


@pytest.mark.parametrize("own_script", [True, False])
@pytest.mark.parametrize("symbolic", ["-Wl,-Bsymbolic", "-Wl,-z,norelro"])
@pytest.mark.parametrize("level", ["-O0", "-Os", "-O2"])
def test_what_depends_on_the_place_moves_with_it(
    host: Host, link: Callable[..., bytes], level: str, symbolic: str, own_script: bool
) -> None:
    module = link(level, symbolic, "-Wl,--hash-style=both", own_script=own_script)
    loads = [
        segments(host.load(module, ["f", "g"], f"place={text:#x},{data:#x}"))
        for text, data in PLACES
    ]
    (first_text, first_data), (second_text, second_data) = loads
    slides = {
        second_text[0] - first_text[0]: first_text,
        second_data[0] - first_data[0]: first_data,
    }
    moved = dict.fromkeys(slides, 0)
    for (_, before), (_, after) in zip(*loads, strict=True):
        at = 0
        while at + 4 <= len(before):
            old, new = (struct.unpack_from("<I", image, at)[0] for image in (before, after))
            slide = (new - old) & 0xFFFFFFFF
            slide -= slide >> 31 << 32
            # packed pointers are not aligned: step by bytes until a whole pointer differs
            if slide in slides and old - slides[slide][0] <= len(slides[slide][1]):
                moved[slide] += 1
                at += 4
            else:
                assert before[at] == after[at], f"byte {at} depends on the place"
                at += 1
    assert all(moved.values())


def test_relocations_of_sections_are_not_looked_at(host: Host, link: Callable[..., bytes]) -> None:
    """They tell what the linker has done already; what is left to do is in the dynamic table."""
    options = ("-Os", "-Wl,-Bsymbolic", "-Wl,--hash-style=sysv")
    place = f"place={PLACES[0][0]:#x},{PLACES[0][1]:#x}"
    plain = link(*options, own_script=True)
    emitted = link(*options, "-Wl,--emit-relocs", own_script=True)
    assert len(emitted) > len(plain)
    loads = [segments(host.load(elf, ["f", "g"], place)) for elf in (plain, emitted)]
    assert loads[0] == loads[1]


def test_firmware_addresses_stay(host: Host, link: Callable[..., bytes]) -> None:
    module = link("-Os", "-Wl,-Bsymbolic", "-Wl,--hash-style=sysv", own_script=True)
    for text, data in PLACES:
        run = host.load(module, ["f", "g"], f"place={text:#x},{data:#x}")
        loaded = b"".join(image for _, image in segments(run))
        for address in (FIRMWARE["firmware_add"], FIRMWARE["firmware_counter"]):
            assert struct.pack("<I", address) in loaded


def test_undefined_function_is_named(host: Host, link: Callable[..., bytes]) -> None:
    module = link(
        "-Wl,--hash-style=sysv",
        own_script=True,
        source="int gone(int); int f(int x) { return gone(x); }",
    )
    run = host.load(module)
    assert run.result("load") == "HOTRELOAD_ERR_SYMBOL_UNDEFINED"
    assert "gone" in run.message("load")


@pytest.mark.parametrize("symbolic", ["-Wl,-Bsymbolic", "-Wl,-z,norelro"])
@pytest.mark.parametrize("own_script", [True, False])
def test_constructors_are_taken(
    host: Host, link: Callable[..., bytes], symbolic: str, own_script: bool
) -> None:
    """However the linker relocates what the table refers to."""
    source = (
        "int done; __attribute__((constructor)) void begin(void) { done++; }"
        "__attribute__((destructor)) static void end(void) { done--; }"
        "int f(int x) { return done + x; }"
    )
    module = link(symbolic, "-Wl,--hash-style=sysv", own_script=own_script, source=source)
    assert host.load(module).result("load") == "ESP_OK"


def test_gnu_hash_alone_is_refused(host: Host, link: Callable[..., bytes]) -> None:
    module = link("-Wl,--hash-style=gnu", own_script=False)
    run = host.load(module)
    assert run.result("load") == "HOTRELOAD_ERR_HASH"
    assert "--hash-style=sysv" in run.message("load")


@pytest.mark.parametrize("symbol_count", [1, 2000])
def test_many_exports(host: Host, link: Callable[..., bytes], symbol_count: int) -> None:
    names = [f"function_{index}" for index in range(symbol_count)]
    source = "\n".join(f"int {name}(int x) {{ return x + {len(name)}; }}" for name in names)
    module = link("-Os", "-Wl,--hash-style=sysv", own_script=True, source=source)
    run = host.load(module, names)
    assert run.result("load") == "ESP_OK"
    assert len(set(run.symbols.values())) == symbol_count
