"""Every relocation type and placement, each word computed by hand."""

from __future__ import annotations

import random
import struct
from collections import Counter
from dataclasses import dataclass

import pytest

from elf_builder import (
    DATA,
    FUNCTION,
    R_32,
    R_GLOB_DAT,
    R_JMP_SLOT,
    R_NONE,
    R_PLT,
    R_RELATIVE,
    R_RTLD,
    SHN_ABS,
    SHN_UNDEF,
    STB_WEAK,
    STT_NOTYPE,
    TEXT,
    ModuleBuilder,
    Reloc,
    Symbol,
)
from host import Host, Run

TEXT_AT, DATA_AT = 0x40012340, 0x3FFC0010
PLACE = f"place={TEXT_AT:#x},{DATA_AT:#x}"
FIRMWARE = 0x40081234
REACH = 64 * 1024

SYMBOLS = [
    Symbol("f", TEXT),  # 1
    Symbol("object", DATA + 8, 2),  # 2
    Symbol("firmware", FIRMWARE, SHN_ABS, type=STT_NOTYPE),  # 3
    Symbol("absent", 0, SHN_UNDEF, STB_WEAK, STT_NOTYPE),  # 4
]


#: what is checked and applied in a run of its own kind has to be so in the middle of it as well
anywhere = pytest.mark.parametrize(
    "before", [[], [Reloc(DATA, R_RELATIVE)]], ids=["first", "after another"]
)


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *(value & 0xFFFFFFFF for value in values))


def load_data(host: Host, data: bytes, relocs: list[Reloc], **fields: object) -> bytes:
    elf = ModuleBuilder(data=data, rela=relocs, symbols=SYMBOLS, **fields).build()  # type: ignore[arg-type]
    run = host.load(elf, ["f"], PLACE)
    assert run.result("load") == "ESP_OK", run.output
    return run.images[DATA_AT]


@anywhere
@pytest.mark.parametrize(
    ("in_place", "addend", "expected"),
    [
        (TEXT, 0, TEXT_AT),
        (TEXT + 4, 0, TEXT_AT + 4),
        (TEXT, 4, TEXT_AT + 4),
        (TEXT + 8, -4, TEXT_AT + 4),
        (TEXT + 8, 0, TEXT_AT + 8),  # one past the end of the text
        (DATA + 12, 0, DATA_AT + 12),
        (DATA + 16, 0, DATA_AT + 16),
        # before and behind an object, as in one-based arrays: up to 64 KB
        (DATA - 4, 0, DATA_AT - 4),
        (DATA - REACH + 1, 0, DATA_AT - REACH + 1),
        (TEXT + 8 + REACH - 1, 0, TEXT_AT + 8 + REACH - 1),
        # far from the module: the firmware's
        (FIRMWARE, 0, FIRMWARE),
        (0x3FF44000, 0, 0x3FF44000),  # a register
        (0x50001FFC, 4, 0x50002000),  # the end of a memory
        # a number that a linker script gives a name
        (0, 0, 0),
        (0xFFFFFFFF, 0, 0xFFFFFFFF),
        (0x00FFFFFF, 0, 0x00FFFFFF),
    ],
)
def test_relative_takes_the_value_in_place(
    host: Host, in_place: int, addend: int, expected: int, before: list[Reloc]
) -> None:
    data = words(TEXT, in_place, 0x22222222, TEXT + 4)
    relocs = [*before, Reloc(DATA + 4, R_RELATIVE, addend=addend), Reloc(DATA + 12, R_RELATIVE)]
    first = TEXT_AT if before else TEXT
    assert load_data(host, data, relocs) == words(first, expected, 0x22222222, TEXT_AT + 4)


@pytest.mark.parametrize("kind", [R_32, R_GLOB_DAT, R_JMP_SLOT, R_PLT])
@pytest.mark.parametrize(
    ("symbol", "addend", "expected"),
    [
        (1, 0, TEXT_AT),
        (1, 5, TEXT_AT + 5),
        (2, 0, DATA_AT + 8),
        (2, -8, DATA_AT),
        (2, -REACH, DATA_AT + 8 - REACH),
        (3, 0, FIRMWARE),
        (3, -0x40000000, FIRMWARE - 0x40000000),
        (4, 0, 0),
        (4, 3, 3),
    ],
)
def test_symbol_plus_addend(host: Host, kind: int, symbol: int, addend: int, expected: int) -> None:
    data = words(0xDEADBEEF, 0, 0, 0)
    loaded = load_data(host, data, [Reloc(DATA, kind, symbol, addend)])
    assert loaded == words(expected, 0, 0, 0)


@anywhere
@pytest.mark.parametrize(
    ("kind", "symbol", "in_place", "addend"),
    [
        (R_RELATIVE, 0, DATA - REACH, 0),
        (R_RELATIVE, 0, TEXT + 8 + REACH, 0),
        (R_RELATIVE, 0, DATA, REACH + 16),
        (R_RELATIVE, 0, 0x3FEFFFFF, 0),  # before the registers
        (R_RELATIVE, 0, 0x50002001, 0),
        (R_RELATIVE, 0, 0x01000000, 0),
        (R_RELATIVE, 0, 0xFEFFFFFF, 0),
        (R_GLOB_DAT, 1, 0, 8 + REACH),
        (R_GLOB_DAT, 2, 0, FIRMWARE - DATA),  # does not come to lie there
        (R_GLOB_DAT, 3, 0, DATA - FIRMWARE),  # would not go along with the module
        (R_GLOB_DAT, 3, 0, 0x40000000),
        (R_GLOB_DAT, 4, 0, DATA),
    ],
)
def test_value_that_leads_nowhere_is_refused(
    host: Host, kind: int, symbol: int, in_place: int, addend: int, before: list[Reloc]
) -> None:
    elf = ModuleBuilder(
        data=words(DATA, in_place, 2, 3),
        symbols=SYMBOLS,
        rela=[*before, Reloc(DATA + 4, kind, symbol, addend)],
    ).build()
    run = host.load(elf, ["f"], PLACE)
    assert run.result("load") == "HOTRELOAD_ERR_RELOC_VALUE"


@anywhere
@pytest.mark.parametrize(
    "offset", [DATA - 4, DATA + 13, DATA + 16, TEXT - 4, TEXT + 8, 0, 2**32 - 4]
)
def test_place_outside_the_segments_is_refused(
    host: Host, offset: int, before: list[Reloc]
) -> None:
    """`DATA + 13` is the first of which one byte is outside."""
    rela = [*before, Reloc(offset, R_RELATIVE)]
    run = host.load(ModuleBuilder(data=words(DATA, DATA, DATA, DATA), rela=rela).build())
    assert run.result("load") == "HOTRELOAD_ERR_RELOC_OFFSET"


@anywhere
def test_relative_with_a_symbol_is_refused(host: Host, before: list[Reloc]) -> None:
    rela = [*before, Reloc(DATA + 4, R_RELATIVE, 1)]
    run = host.load(ModuleBuilder(data=words(DATA, DATA), rela=rela).build())
    assert run.result("load") == "HOTRELOAD_ERR_RELOC_SYMBOL"


def test_both_tables_are_applied_once(host: Host) -> None:
    """DT_RELA and DT_JMPREL."""
    elf = ModuleBuilder(
        data=words(TEXT, 0),
        symbols=SYMBOLS,
        rela=[Reloc(DATA, R_RELATIVE)],
        plt=[Reloc(DATA + 4, R_JMP_SLOT, 3)],
    ).build()
    run = host.load(elf, ["f"], PLACE)
    assert run.images[DATA_AT] == words(TEXT_AT, FIRMWARE)
    (line,) = [line for line in run.lines("HR") if " relocate " in line]
    assert line.endswith("module=1 relative=1 r32=0 glob_dat=0 jmp_slot=1 plt=0 none=0 other=0")


#: what each type adds its addend to, by the number of the symbol: link address and run address
VALUES = {1: (TEXT, TEXT_AT), 2: (DATA + 8, DATA_AT + 8), 3: (FIRMWARE, FIRMWARE), 4: (0, 0)}
OF_SYMBOLS = {R_32: "r32", R_GLOB_DAT: "glob_dat", R_JMP_SLOT: "jmp_slot", R_PLT: "plt"}
NAMES = {**OF_SYMBOLS, R_RELATIVE: "relative", R_NONE: "none", R_RTLD: "other"}


@dataclass
class Sequence:
    """Relocations of any kinds in any order, each of a word of its own, at any alignment."""

    relocs: list[Reloc]
    content: dict[int, bytearray]  # by link address
    expected: dict[int, bytearray]

    @classmethod
    def of(cls, rng: random.Random) -> Sequence:
        count = rng.randint(1, 60)
        text, data = FUNCTION + bytes(8 * count), bytes(8 * count)
        sequence = cls([], *({TEXT: bytearray(text), DATA: bytearray(data)} for _ in range(2)))
        places = [8 * i + rng.choice((0, 0, 0, 1, 2, 3)) for i in range(count)]
        rng.shuffle(places)
        segment, kind, symbol = (
            rng.choice((TEXT, DATA)),
            rng.choice([*NAMES]),
            rng.choice([*VALUES]),
        )
        for place in places:
            if rng.random() < 0.5:  # or it goes on as it was
                segment = rng.choice((TEXT, DATA))
                kind = rng.choice([*NAMES])
                symbol = rng.choice([*VALUES])
            at = place + (len(FUNCTION) if segment == TEXT else 0)
            sequence._add(segment, at, kind, symbol, rng.randrange(0, 8))
        return sequence

    def _add(self, segment: int, at: int, kind: int, symbol: int, addend: int) -> None:
        """`symbol` says what a RELATIVE one leads to as well."""
        link, run = VALUES[symbol]
        in_place = link if kind == R_RELATIVE else 0xDEADBEEF
        struct.pack_into("<I", self.content[segment], at, in_place)
        moves = kind in OF_SYMBOLS or kind == R_RELATIVE
        struct.pack_into("<I", self.expected[segment], at, run + addend if moves else in_place)
        number = symbol if kind in OF_SYMBOLS else 0
        self.relocs.append(Reloc(segment + at, kind, number, addend))

    def load(self, host: Host) -> Run:
        text, data = (bytes(content) for content in self.content.values())
        elf = ModuleBuilder(text=text, data=data, rela=self.relocs, symbols=SYMBOLS).build()
        return host.load(elf, ["f"], PLACE)


@pytest.mark.parametrize("seed", range(60))
def test_any_sequence(host: Host, seed: int) -> None:
    sequence = Sequence.of(random.Random(seed))
    run = sequence.load(host)
    assert run.result("load") == "ESP_OK", run.output
    assert run.images == {TEXT_AT: sequence.expected[TEXT], DATA_AT: sequence.expected[DATA]}
    (line,) = [line for line in run.lines("HR") if " relocate " in line]
    counts = Counter(reloc.type for reloc in sequence.relocs)
    assert {f"{name}={counts[kind]}" for kind, name in NAMES.items()} < {*line.split()}


@pytest.mark.parametrize("seed", range(60))
def test_bad_one_in_any_sequence_is_named(host: Host, seed: int) -> None:
    rng = random.Random(seed)
    sequence = Sequence.of(rng)
    index = rng.randrange(len(sequence.relocs))
    reloc = sequence.relocs[index]
    errors = {"offset": "OFFSET", "type": "TYPE"}
    if reloc.type in OF_SYMBOLS:
        errors |= {"symbol": "SYMBOL", "addend": "VALUE"}
    if reloc.type in (R_NONE, R_RTLD):
        errors = {"type": "TYPE"}
    field = rng.choice([*errors])
    # far from everything for whatever they are added to
    bad = {"offset": DATA - 4, "type": 7, "symbol": 5, "addend": 0x20000000}
    setattr(reloc, field, bad[field])
    run = sequence.load(host)
    assert run.result("load") == f"HOTRELOAD_ERR_RELOC_{errors[field]}"
    assert run.message("load").startswith(f"relocation {index}")


def test_types_that_change_nothing(host: Host) -> None:
    """Whatever they would lead to."""
    data = words(1, 2, 3, 4)
    relocs = [Reloc(TEXT, R_NONE), Reloc(DATA, R_NONE, 0, DATA), Reloc(0, R_RTLD, addend=1)]
    assert load_data(host, data, relocs) == data


@pytest.mark.parametrize("shift", [0, 1, 2, 3])
@pytest.mark.parametrize("in_text", [True, False])
@pytest.mark.parametrize("again", [False, True])
def test_value_at_any_alignment(host: Host, shift: int, in_text: bool, again: bool) -> None:
    """The bytes around it stay, also where text is written by words, and in a run."""
    around = bytes(range(0xA1, 0xAD))
    body = around[:shift] + words(TEXT + 4) + around[shift + 4 :]
    expected = around[:shift] + words(TEXT_AT + 4) + around[shift + 4 :]
    if again:
        body, expected = words(TEXT) + body, words(TEXT_AT) + expected
    base = TEXT + len(FUNCTION) if in_text else DATA
    elf = ModuleBuilder(
        text=FUNCTION + (body if in_text else b""),
        data=bytes(4) if in_text else body,
        rela=[Reloc(base, R_RELATIVE), Reloc(base + 4 + shift, R_RELATIVE)]
        if again
        else [Reloc(base + shift, R_RELATIVE)],
    ).build()
    run = host.load(elf, ["f"], PLACE)
    assert run.result("load") == "ESP_OK"
    image = run.images[TEXT_AT if in_text else DATA_AT]
    assert image == (FUNCTION + expected if in_text else expected)


def test_last_byte_of_a_segment(host: Host) -> None:
    """Text whose size is no multiple of 4 is written by words and not behind its end."""
    text = FUNCTION + b"abc" + words(TEXT)
    elf = ModuleBuilder(text=text, rela=[Reloc(TEXT + 11, R_RELATIVE)]).build()
    run = host.load(elf, ["f"], PLACE)
    assert run.images[TEXT_AT] == FUNCTION + b"abc" + words(TEXT_AT)


def test_bss_is_zero_and_can_be_relocated(host: Host) -> None:
    loaded = load_data(host, words(7), [Reloc(DATA + 5, R_GLOB_DAT, 3)], bss=9)
    assert loaded == words(7) + b"\0" + words(FIRMWARE) + bytes(4)


@pytest.mark.parametrize("in_file", range(5))
def test_value_over_the_end_of_the_file(host: Host, in_file: int) -> None:
    """What the file has behind the segment is not a part of the value."""
    data = b"\xff" * 4 + words(0x010203)[:in_file]
    loaded = load_data(host, data, [Reloc(DATA + 4, R_RELATIVE)], bss=8 - len(data))
    assert loaded == data + bytes(8 - len(data))


@pytest.mark.parametrize("align", [4, 16, 64, 4096])
@pytest.mark.parametrize("offset", [0, 4])
def test_run_address_keeps_the_alignment(host: Host, align: int, offset: int) -> None:
    base = 0x3FFC0014  # what the heap gave: a multiple of 4 only
    pad = b"x" * 4096
    builder = ModuleBuilder(data=pad)
    # the address has to agree with the offset in the file, wherever that is
    file_offset = struct.unpack_from("<I", builder.build(), 52 + 32 + 4)[0]
    link = DATA + (file_offset % align)
    builder.data_segment = {"vaddr": link, "align": align}
    run = host.load(builder.build(), ["f"], f"place={TEXT_AT:#x},{base + offset:#x}")
    (run_address,) = [address for address in run.images if address < TEXT_AT]
    assert run_address % align == link % align
    assert run_address - (base + offset) < align
    assert run.images[run_address] == pad


def test_data_at_an_odd_address(host: Host) -> None:
    """A data segment may start at any address; the block is large enough for the shift."""
    for size in range(1, 9):
        elf = ModuleBuilder(data=b"y" * size, data_segment={"vaddr": DATA + 3, "align": 1}).build()
        run = host.load(elf, ["f"], PLACE)
        assert run.images[DATA_AT + 3] == b"y" * size


@pytest.mark.parametrize("zeroes", [0, 1, 6])
def test_text_of_any_size(host: Host, zeroes: int) -> None:
    """Text is written by blocks of words: what is left of the last one counts, too."""
    for tail in (*range(1, 9), *range(22, 34), 55, 56, 57):
        text = FUNCTION + bytes(range(0xA1, 0xA1 + tail))
        elf = ModuleBuilder(text=text, text_segment={"memsz": len(text) + zeroes}).build()
        assert host.load(elf, ["f"], PLACE).images[TEXT_AT] == text + bytes(zeroes)


def test_exports_follow_the_text(host: Host) -> None:
    count = 200
    names = [f"function_{i}" for i in range(count)]
    symbols = [Symbol(name, TEXT + 8 * i) for i, name in enumerate(names)]
    for buckets in (20, 67):
        elf = ModuleBuilder(text=FUNCTION * count, symbols=symbols, bucket_count=buckets)
        run = host.load(elf.build(), list(reversed(names)), PLACE)
        assert run.symbols == {name: TEXT_AT + 8 * i for i, name in enumerate(names)}


@pytest.mark.parametrize("first", [0, 1])
def test_firmware_address_is_no_export(host: Host, first: int) -> None:
    """The firmware's stub of the same name may be among the symbols, before or behind."""
    symbols = [Symbol("f", FIRMWARE, SHN_ABS), Symbol("f", TEXT)]
    run = host.load(
        ModuleBuilder(symbols=[symbols[first], symbols[1 - first]]).build(), ["f"], PLACE
    )
    assert run.symbols == {"f": TEXT_AT}


@pytest.mark.parametrize("kind", range(66))
def test_no_type_of_an_object_file_is_taken(host: Host, kind: int) -> None:
    """Those that a linker leaves in a shared object come first (binutils, elf/xtensa.h)."""
    relocs = [Reloc(DATA, kind, 0 if kind == R_RELATIVE else 1)]
    run = host.load(ModuleBuilder(rela=relocs).build())
    assert run.result("load") == ("ESP_OK" if kind <= R_PLT else "HOTRELOAD_ERR_RELOC_TYPE")


def test_export_behind_a_shorter_name(host: Host) -> None:
    """At the end of the strings, in the same hash chain."""
    symbols = [Symbol("long_function", TEXT), Symbol("x", TEXT)]
    run = host.load(ModuleBuilder(symbols=symbols, bucket_count=1).build(), ["long_function"])
    assert run.result("load") == "ESP_OK"
