"""The oracle, on ELF files made by hand, where each expected byte can be seen in the test."""

import struct

import pytest

from pytest_embedded_hotreload.oracle import (
    R_XTENSA_32,
    R_XTENSA_GLOB_DAT,
    R_XTENSA_JMP_SLOT,
    R_XTENSA_PLT,
    R_XTENSA_RELATIVE,
    ImageDiffers,
    OracleError,
    assert_images_equal,
    expected_images,
    functions_run,
)
from pytest_embedded_hotreload.placement import Placement, Segment
from tests.elves import (
    SHN_ABS,
    SHN_UNDEF,
    WEAK,
    Elf,
    Load,
    Rela,
    Sym,
)

TEXT, DATA = 0x1000, 0x2000
TEXT_AT, DATA_AT = 0x40000100, 0x3FFE0200
FIRMWARE = 0x60001234
R_XTENSA_NONE, R_XTENSA_RTLD = 0, 2


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *(value & 0xFFFFFFFF for value in values))


def elf_of(
    data: bytes,
    text: bytes = bytes(16),
    bss: int = 0,
    **parts: list[Sym] | list[Rela] | list[tuple[int, int]],
) -> Elf:
    return Elf(
        [Load(DATA, data, len(data) + bss), Load(TEXT, text, executable=True)],
        **parts,  # type: ignore[arg-type]
    )


def placed(elf: Elf) -> Placement:
    data, text = elf.loads
    return Placement(
        module=1,
        segments=(
            Segment(0, "text", TEXT, text.memory_size, len(text.data), TEXT_AT),
            Segment(1, "data", DATA, data.memory_size, len(data.data), DATA_AT),
        ),
    )


def data_image(elf: Elf) -> bytes:
    images = expected_images(elf.build(), placed(elf))
    assert [(image.kind, image.address) for image in images] == [
        ("text", TEXT_AT),
        ("data", DATA_AT),
    ]
    return images[1].data


def test_content_and_zeroes() -> None:
    elf = elf_of(b"\x01\x02\x03", text=b"code", bss=5)

    text, data = expected_images(elf.build(), placed(elf))

    assert text.data == b"code"
    assert data.data == b"\x01\x02\x03" + bytes(5)


def test_relative_moves_with_the_segment_it_points_into() -> None:
    elf = elf_of(words(TEXT + 4, DATA + 8, 0), rela=[Rela(DATA, 5), Rela(DATA + 4, 5)])

    assert data_image(elf) == words(TEXT_AT + 4, DATA_AT + 8, 0)


def test_relative_adds_its_addend() -> None:
    elf = elf_of(words(DATA), rela=[Rela(DATA, R_XTENSA_RELATIVE, addend=3)])

    assert data_image(elf) == words(DATA_AT + 3)


def test_relative_outside_of_the_module_stays() -> None:
    elf = elf_of(words(FIRMWARE), rela=[Rela(DATA, R_XTENSA_RELATIVE)])

    assert data_image(elf) == words(FIRMWARE)


def test_relative_to_the_end_of_a_segment() -> None:
    elf = elf_of(words(DATA + 4), rela=[Rela(DATA, R_XTENSA_RELATIVE)])

    assert data_image(elf) == words(DATA_AT + 4)


@pytest.mark.parametrize(
    ("link", "address"),
    [
        (DATA - 4, DATA_AT - 4),
        (DATA + 100, DATA_AT + 100),
        (TEXT - 0x800, TEXT_AT - 0x800),
        (TEXT + 0x200, TEXT_AT + 0x200),
    ],
)
def test_relative_close_to_a_segment_moves_with_the_nearest(link: int, address: int) -> None:
    elf = elf_of(words(link), rela=[Rela(DATA, R_XTENSA_RELATIVE)])

    assert data_image(elf) == words(address)


def test_end_of_one_segment_that_is_the_start_of_the_next() -> None:
    elf = Elf(
        [
            Load(DATA, words(DATA), 4),
            Load(DATA - 16, bytes(16), executable=True),
        ],
        rela=[Rela(DATA, R_XTENSA_RELATIVE)],
    )
    placement = Placement(
        1,
        (
            Segment(0, "text", DATA - 16, 16, 16, TEXT_AT),
            Segment(1, "data", DATA, 4, 4, DATA_AT),
        ),
    )

    assert expected_images(elf.build(), placement)[1].data == words(DATA_AT)


def test_relative_that_is_not_aligned() -> None:
    elf = elf_of(b"\xaa" + words(TEXT) + b"\xbb" * 3, rela=[Rela(DATA + 1, R_XTENSA_RELATIVE)])

    assert data_image(elf) == b"\xaa" + words(TEXT_AT) + b"\xbb" * 3


@pytest.mark.parametrize("kind", [R_XTENSA_GLOB_DAT, R_XTENSA_32])
def test_symbols_plus_addends(kind: int) -> None:
    symbols = [
        Sym("own", DATA + 4),
        Sym("firmware", FIRMWARE, SHN_ABS),
        Sym("nowhere", 0, SHN_UNDEF, WEAK),
    ]
    rela = [
        Rela(DATA, kind, 1, addend=8),
        Rela(DATA + 4, kind, 2, addend=-4),
        Rela(DATA + 8, kind, 3),
    ]
    elf = elf_of(words(1, 2, 3), symbols=symbols, rela=rela)

    assert data_image(elf) == words(DATA_AT + 12, FIRMWARE - 4, 0)


@pytest.mark.parametrize("kind", [R_XTENSA_JMP_SLOT, R_XTENSA_PLT])
def test_table_of_the_procedure_linkage(kind: int) -> None:
    elf = elf_of(words(7, 8), symbols=[Sym("f", TEXT + 8)], plt=[Rela(DATA + 4, kind, 1)])

    assert data_image(elf) == words(7, TEXT_AT + 8)


def test_undefined_symbol_that_is_not_weak() -> None:
    elf = elf_of(words(0), symbols=[Sym("gone", 0, SHN_UNDEF)], rela=[Rela(DATA, 3, 1)])

    with pytest.raises(OracleError, match="needs gone, which nobody defines"):
        data_image(elf)


@pytest.mark.parametrize("kind", [R_XTENSA_NONE, R_XTENSA_RTLD])
def test_what_needs_nothing(kind: int) -> None:
    elf = elf_of(words(DATA), rela=[Rela(DATA, kind)])

    assert data_image(elf) == words(DATA)


@pytest.mark.parametrize("place", [DATA - 1, DATA + 1, 0x9000])
def test_relocation_that_writes_outside(place: int) -> None:
    elf = elf_of(words(DATA), rela=[Rela(place, R_XTENSA_RELATIVE)])

    with pytest.raises(OracleError, match=f"a relocation writes to {place:#x}, outside"):
        data_image(elf)


def test_placement_of_another_module() -> None:
    elf = elf_of(words(DATA), bss=4)

    with pytest.raises(OracleError, match="the device placed segments"):
        expected_images(elf.build(), placed(elf_of(words(DATA))))


def test_placement_that_breaks_the_alignment() -> None:
    elf = elf_of(bytes(32))
    elf.loads[0].align = 0x400

    with pytest.raises(OracleError, match="it needs alignment 1024"):
        data_image(elf)


INIT_ARRAY, FINI_ARRAY, INIT_ARRAY_SIZE, FINI_ARRAY_SIZE = 25, 26, 27, 28


def test_constructors_in_order_and_destructors_in_reverse() -> None:
    elf = elf_of(
        words(0, TEXT + 4, TEXT, TEXT + 8, TEXT + 12),
        symbols=[Sym("end", TEXT + 12)],
        rela=[
            *(Rela(DATA + at, R_XTENSA_RELATIVE) for at in (4, 8, 12)),
            Rela(DATA + 16, R_XTENSA_32, symbol=1),
        ],
        tags=[
            *((INIT_ARRAY, DATA + 4), (INIT_ARRAY_SIZE, 8)),
            *((FINI_ARRAY, DATA + 12), (FINI_ARRAY_SIZE, 8)),
        ],
    )

    assert functions_run(elf.build(), placed(elf)) == (
        [TEXT_AT + 4, TEXT_AT],
        [TEXT_AT + 12, TEXT_AT + 8],
    )


def test_module_without_tables_of_functions() -> None:
    elf = elf_of(words(1))
    assert functions_run(elf.build(), placed(elf)) == ([], [])


class Image:
    """Memory of a device: what the oracle expects, with some bytes changed."""

    def __init__(self, elf: Elf, changes: dict[int, int]) -> None:
        self._bytes = {
            image.address + at: byte
            for image in expected_images(elf.build(), placed(elf))
            for at, byte in enumerate(image.data)
        }
        self._bytes.update(changes)

    def read(self, address: int, size: int) -> bytes:
        return bytes(self._bytes[address + at] for at in range(size))


def test_equal_images() -> None:
    elf = elf_of(words(TEXT, 5), rela=[Rela(DATA, R_XTENSA_RELATIVE)])

    images = expected_images(elf.build(), placed(elf))
    assert_images_equal(Image(elf, {}), images, elf.build())


def test_difference_is_explained() -> None:
    elf = elf_of(
        words(0, TEXT, 5),
        symbols=[Sym("table", DATA)],
        rela=[Rela(DATA + 4, R_XTENSA_RELATIVE)],
    )
    memory = Image(elf, {DATA_AT + 4: 0xEE, DATA_AT + 11: 0xFF})

    with pytest.raises(ImageDiffers) as differs:
        images = expected_images(elf.build(), placed(elf))
        assert_images_equal(memory, images, elf.unstripped())

    assert str(differs.value).splitlines() == [
        "the loaded module is not what it has to be: words written by RELATIVE relocations differ",
        "data at 0x3ffe0200: 2 of 3 words",
        "  0x3ffe0204 table+0x4: expected 0x40000100, got 0x400001ee, written by RELATIVE",
        "  0x3ffe0208 table+0x8: expected 0x00000005, got 0xff000005, written by no relocation",
    ]


@pytest.mark.parametrize("wrong", [1, 20, 21, 50])
def test_of_many_differences_the_first_twenty_are_told(wrong: int) -> None:
    elf = elf_of(words(*range(64)))
    memory = Image(elf, {DATA_AT + 4 * index: 0xEE for index in range(wrong)})

    with pytest.raises(ImageDiffers) as differs:
        assert_images_equal(memory, expected_images(elf.build(), placed(elf)), elf.unstripped())

    told = str(differs.value).splitlines()[1:]
    assert told[0].endswith(f": {wrong} of 64 words")
    assert [line.split()[0] for line in told[1:21]] == [
        f"{DATA_AT + 4 * index:#x}" for index in range(min(wrong, 20))
    ]
    assert told[21:] == ([f"  and {wrong - 20} more"] if wrong > 20 else [])
