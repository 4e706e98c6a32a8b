"""Each load of a test is compared with the oracle, once, and only what a module does not write."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pytest_embedded_hotreload.console import Console
from pytest_embedded_hotreload.errors import HarnessError, MachineError
from pytest_embedded_hotreload.image_check import ImageCheck
from pytest_embedded_hotreload.modules import Module
from pytest_embedded_hotreload.oracle import R_XTENSA_RELATIVE, ImageDiffers, expected_images
from pytest_embedded_hotreload.placement import Placement, Segment
from pytest_embedded_hotreload.trace import Trace
from tests.elves import SHF_ALLOC, SHF_WRITE, Elf, Load, Rela, Section
from tests.test_oracle import DATA, DATA_AT, TEXT, TEXT_AT, words

CONSTANT, POINTERS, VARIABLE = DATA, DATA + 4, DATA + 8
ELF = Elf(
    [Load(DATA, words(1, TEXT + 4, TEXT + 8)), Load(TEXT, bytes(range(16)), executable=True)],
    rela=[Rela(POINTERS, R_XTENSA_RELATIVE), Rela(VARIABLE, R_XTENSA_RELATIVE)],
    sections=[
        Section(".text", TEXT, 16, SHF_ALLOC),
        Section(".rodata", CONSTANT, 4, SHF_ALLOC),
        Section(".data.rel.ro", POINTERS, 4, SHF_ALLOC | SHF_WRITE),
        Section(".data", VARIABLE, 4, SHF_ALLOC | SHF_WRITE),
    ],
)


def placement(number: int) -> Placement:
    text = Segment(0, "text", TEXT, 16, 16, TEXT_AT)
    return Placement(number, (text, Segment(1, "data", DATA, 12, 12, DATA_AT)))


@dataclass
class Board:
    """The memory of a device that has loaded `ELF`, with its console."""

    console: Console
    memory: dict[int, int] = field(default_factory=dict)
    reads: int = 0
    meanwhile: Callable[[], None] = lambda: None
    lines: int = 0

    def __post_init__(self) -> None:
        for image in expected_images(ELF.build(), placement(1)):
            self.memory.update(enumerate(image.data, image.address))

    def read(self, address: int, size: int) -> bytes:
        self.reads += 1
        self.meanwhile()
        return bytes(self.memory[address + at] for at in range(size))

    def start(self) -> None:
        self.lines = 0
        self.say("trace version=1")

    def load(self, number: int) -> None:
        for s in placement(number).segments:
            self.say(
                f"place module={number} seg={s.index} kind={s.kind} link={s.link:#x} "
                f"size={s.size} filesz={s.file_size} addr={s.address:#x}"
            )
        self.switch(number)

    def switch(self, number: int) -> None:
        self.say(f"switch module={number}")

    def say(self, event: str) -> None:
        self.lines += 1
        self.console.put(f"HR {self.lines} {self.lines} {event}\n")


def check_of(board: Board, trace: Trace, *modules: Module) -> ImageCheck:
    """Where the host knows these modules."""
    return ImageCheck(board, board.console, trace, lambda placement: modules, lambda address: None)


@pytest.fixture
def board(console: Console) -> Board:
    board = Board(console)
    board.start()
    return board


@pytest.fixture
def trace(console: Console) -> Trace:
    return Trace(console)


def module_of(elf: Elf, folder: Path) -> Module:
    folder.mkdir()
    stripped, unstripped = folder / "module.so", folder / "module.unstripped.so"
    stripped.write_bytes(elf.build())
    unstripped.write_bytes(elf.unstripped())
    return Module("module", stripped, unstripped)


@pytest.fixture
def module(tmp_path: Path) -> Module:
    return module_of(ELF, tmp_path / "module")


@pytest.fixture
def check(board: Board, trace: Trace, module: Module) -> ImageCheck:
    return check_of(board, trace, module)


@pytest.mark.parametrize(
    ("address", "writer"),
    [
        (TEXT_AT + 3, "no relocation"),
        (DATA_AT, "no relocation"),
        (DATA_AT + POINTERS - DATA, "RELATIVE relocations"),
    ],
)
def test_wrong_byte_is_told_once_for_each_load(
    board: Board, check: ImageCheck, address: int, writer: str
) -> None:
    board.memory[address] ^= 4
    for number in (1, 2):
        board.load(number)

        with pytest.raises(ImageDiffers) as differs:
            check()

        headline, *lines = str(differs.value).splitlines()
        assert headline.endswith(f"words written by {writer} differ")
        assert f"{address & ~3:#x}" in lines[1]
        check()


def test_what_a_module_writes_is_not_compared(board: Board, check: ImageCheck) -> None:
    board.memory[DATA_AT + VARIABLE - DATA] ^= 4
    board.load(1)

    check()

    assert board.reads


def test_right_load_is_read_once(board: Board, check: ImageCheck) -> None:
    board.load(1)
    check()
    reads = board.reads

    check()

    assert board.reads == reads > 0


def test_nothing_is_read_without_a_module(board: Board, check: ImageCheck) -> None:
    check()
    board.load(1)
    board.switch(0)
    check()

    assert board.reads == 0


def test_next_start_is_compared_again(board: Board, check: ImageCheck, trace: Trace) -> None:
    """What was loaded before it is gone, and what is read between the two is nothing."""
    board.load(1)
    check()
    board.load(2)
    trace.expect_restart()
    board.memory[TEXT_AT] ^= 4
    check()
    board.start()
    check()
    board.load(1)

    with pytest.raises(ImageDiffers):
        check()


def test_module_that_is_replaced_meanwhile_says_nothing(board: Board, check: ImageCheck) -> None:
    board.memory[TEXT_AT] ^= 4
    board.meanwhile = lambda: board.switch(2)
    board.load(1)

    check()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MachineError("the board is off"), contextlib.nullcontext()),
        (HarnessError("no answer"), pytest.raises(HarnessError, match="no answer")),
    ],
    ids=["off", "unreadable"],
)
def test_a_board_that_is_off_has_nothing_to_compare(
    board: Board,
    check: ImageCheck,
    error: HarnessError,
    told: contextlib.AbstractContextManager[object],
) -> None:
    """Somebody may cut the power beside the request after which its memory is read."""

    def fail() -> None:
        raise error

    board.meanwhile = fail
    board.load(1)

    with told:
        check()


def test_it_may_be_any_of_the_known_modules(
    board: Board, trace: Trace, module: Module, tmp_path: Path
) -> None:
    other = Elf([Load(DATA, words(9, 9, 9)), ELF.loads[1]], rela=ELF.rela, sections=ELF.sections)
    modules = [module_of(other, tmp_path / "other"), module, module_of(other, tmp_path / "third")]
    check = check_of(board, trace, *modules)
    board.load(1)

    check()

    assert board.reads > 1
