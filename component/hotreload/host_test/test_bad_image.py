"""One bad ELF per defect: each is refused with its own error, and the message names the field."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bad_images import EXPORTS, bad_images
from elf_builder import (
    DATA,
    FUNCTION,
    PF_R,
    PF_W,
    PF_X,
    PT_GNU_STACK,
    PT_LOAD,
    PT_PHDR,
    R_GLOB_DAT,
    SHN_UNDEF,
    TEXT,
    ModuleBuilder,
    Reloc,
    Segment,
    Symbol,
    tables_of_functions,
)
from host import Host

BAD = bad_images()


def module(**fields: object) -> bytes:
    return ModuleBuilder(**fields).build()  # type: ignore[arg-type]


@pytest.mark.parametrize("defect", BAD)
def test_bad_image_is_refused(host: Host, defect: str) -> None:
    bad = BAD[defect]
    run = host.load(bad.elf, EXPORTS, "blocks")
    assert run.result("load") == bad.error, run.message("load")
    assert bad.words in run.message("load")
    assert run.images == {}


def test_what_the_bad_images_are_made_from_is_good(host: Host) -> None:
    """Otherwise it may be something else that is refused."""
    symbols = [Symbol(name, TEXT) for name in EXPORTS]
    for elf in (
        module(symbols=symbols),
        module(symbols=symbols, sections=6),
        module(symbols=symbols, rela=[Reloc(DATA, R_GLOB_DAT, 1)]),
        module(symbols=symbols, ident=dict.fromkeys(range(9, 16), 0xFF)),
        module(symbols=symbols, header={"entry": 0xFFFFFFFF}),
        module(symbols=symbols, **tables_of_functions(2, 1)),
        module(
            symbols=symbols,
            extra_segments=[
                Segment(PT_GNU_STACK, 0, b"", PF_R),
                Segment(PT_PHDR, 0, b"", PF_R),
                Segment(PT_LOAD, 0, b"", PF_R),
            ],
        ),
    ):
        assert host.load(elf, EXPORTS).result("load") == "ESP_OK"


def test_every_image_error_has_its_bad_image() -> None:
    """Those from EMPTY to RELOC_SYMBOL, of which one is of the flash, and those of the loader.

    Identities have more to them, see test_identity.py.
    """
    header = Path(__file__).parents[1] / "include" / "hotreload.h"
    lines = [line.split() for line in header.read_text().splitlines() if "_ERR_BASE +" in line]
    codes = {words[1]: int(words[4].rstrip(")"), 16) for words in lines}
    of_images = {
        name
        for name, code in codes.items()
        if code <= codes["HOTRELOAD_ERR_RELOC_SYMBOL"] or 0x30 <= code < 0x40
    }
    of_images |= {f"HOTRELOAD_ERR_{name}" for name in ("IDENTITY", "IDENTITY_MISSING", "NOTE")}
    assert of_images == {bad.error for bad in BAD.values()} | {"HOTRELOAD_ERR_NO_MODULE"}


def test_names_in_messages_are_printable(host: Host) -> None:
    symbols = [Symbol("f", TEXT), Symbol('a"\\\x1b[31m\n', 0, SHN_UNDEF)]
    run = host.load(module(symbols=symbols, rela=[Reloc(DATA, R_GLOB_DAT, 2)]))
    assert 'a"\\?[31m?' in run.message("load")


def test_segment_of_other_flags_is_data(host: Host) -> None:
    rodata = Segment(PT_LOAD, 0x20000000, b"rodata", PF_R | PF_W)
    run = host.load(module(extra_segments=[rodata]))
    assert run.result("load") == "ESP_OK"
    assert b"rodata" in run.images.values()


def test_writable_text_is_text(host: Host) -> None:
    run = host.load(module(text_segment={"flags": PF_R | PF_W | PF_X}))
    assert run.images[0x400A0000] == FUNCTION


def test_segment_larger_than_any_memory(host: Host) -> None:
    """With the room for its alignment it is more than 4 GB."""
    elf = module(
        symbols=[Symbol("f", 0)],
        text_segment={"vaddr": 0},
        tables_at=8,
        data_segment={
            "vaddr": 0x100,
            "offset": 0x100,
            "filesz": 0,
            "memsz": 0xFFFFFEFF,
            "align": 4096,
        },
    )
    run = host.load(elf)
    assert run.result("load") == "ESP_ERR_NO_MEM"
    assert "4294967039 bytes" in run.message("load")


def test_module_without_data(host: Host) -> None:
    elf = host.file(module(data=b""))
    run = host.run("names=f", "partition=524288,65536", f"api_buffer={elf}", "api_unload")
    assert run.results("load_buffer") == run.results("api_unload") == ["ESP_OK"]
    assert re.search(r" free module=1 text=0x(?!00000000)\w+ data=0x00000000", run.output)
