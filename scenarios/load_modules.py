"""Modules that have more and more of one thing, and what one more of it costs."""

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.segments import Segment

from pytest_embedded_hotreload.api import Module
from pytest_embedded_hotreload.dynamic import DynamicTable

#: nothing is printed while instructions are counted: a console waits for its reader
#: 10,000 relocations make an ELF that no server takes by default
quiet = pytest.mark.firmware(
    "scenarios/firmware",
    config={"CONFIG_HOTRELOAD_TRACE": "n", "CONFIG_HOTRELOAD_MAX_ELF_SIZE": "262016"},
)

#: of the numbers in the names of functions, unless others are asked for
DIGITS = 4
RELA = struct.Struct("<IIi")
R_32, R_RELATIVE = 1, 5


@dataclass(frozen=True)
class Point:
    """What a load of so many units has cost."""

    units: int
    instructions: int


def pointers(count: int) -> str:
    """A module with so many relocations, of pointers to data."""
    entries = ", ".join(f"text + {i % 60}" for i in range(count))
    return (
        "#include <stdint.h>\n"
        "static const char text[64] = {1, 2, 3};\n"
        f"const char *volatile table[{count}] = {{{entries}}};\n"
        "uint32_t export_0000(void)\n{\n    return table[0] - text;\n}\n"
    )


def literals(count: int) -> str:
    """A module with so many relocations in its text, of addresses of data and of text in turn."""
    entries = ", ".join(("number", "export_0000")[i % 2] for i in range(count))
    return (
        "#include <stdint.h>\n"
        "volatile uint32_t number = 1;\n"
        "uint32_t export_0000(void)\n{\n"
        f'    __asm__ volatile(".literal .Ltable, {entries}");\n'
        "    return number - 1;\n}\n"
    )


def symbols(count: int) -> str:
    """A module with so many relocations that have a symbol."""
    entries = ", ".join("&nowhere" for _ in range(count))
    return (
        "#include <stdint.h>\n"
        "extern char nowhere __attribute__((weak));\n"
        f"char *volatile table[{count}] = {{{entries}}};\n"
        "uint32_t export_0000(void)\n{\n    return (uint32_t)table[0];\n}\n"
    )


def firmwares(count: int) -> str:
    """A module with so many relocations of addresses of the firmware."""
    entries = ", ".join("memcpy" for _ in range(count))
    return (
        "#include <stdint.h>\n#include <string.h>\n"
        f"void *(*volatile table[{count}])(void *, const void *, size_t) = {{{entries}}};\n"
        "uint32_t export_0000(void)\n{\n    return table[0] == 0;\n}\n"
    )


def functions(count: int, digits: int = DIGITS) -> str:
    """A module that exports so many functions, with numbers of so many digits in their names."""
    return "#include <stdint.h>\n" + "".join(
        f"uint32_t export_{i:0{digits}}(void)\n{{\n    return {i};\n}}\n" for i in range(count)
    )


def objects(count: int) -> str:
    """A module with so many relocations of its variables, each of another than the one before."""
    names = [f"object_{i:02}" for i in range(64)]
    entries = ", ".join(f"&{names[i % len(names)]}" for i in range(count))
    return (
        "#include <stdint.h>\n"
        f"char {', '.join(names)};\n"
        f"char *volatile table[{count}] = {{{entries}}};\n"
        "uint32_t export_0000(void)\n{\n"
        "    return table[0] != &object_00 || table[0] == table[1];\n}\n"
    )


def static(module: Module) -> bytes:
    """The module with relocations as in object files, R_XTENSA_32 with a symbol.

    GNU ld turns them into RELATIVE ones where it can; other linkers need not.
    """
    table = DynamicTable(module.data)
    numbers = {symbol.value: number for number, symbol in enumerate(table.symbols(), 1)}
    relative = [entry.place for entry in table.relocations()]
    linked = b"".join(RELA.pack(place, R_RELATIVE, 0) for place in relative)
    assert module.data.count(linked) == 1
    return module.data.replace(
        linked,
        b"".join(RELA.pack(at, numbers[_word(module, at)] << 8 | R_32, 0) for at in relative),
    )


def _word(module: Module, link: int) -> int:
    """The word that the module has at a link address."""
    segment = next(s for s in loaded(module) if 0 <= link - s["p_vaddr"] < s["p_filesz"])
    offset = segment["p_offset"] + link - segment["p_vaddr"]
    return int.from_bytes(module.data[offset : offset + 4], "little")


def constants(size: int) -> str:
    """A module with so many bytes of data, none of which has to be relocated."""
    return (
        "#include <stdint.h>\n"
        f"volatile const uint32_t numbers[{size // 4}] = {{1, 2, 3}};\n"
        "uint32_t export_0000(void)\n{\n    return numbers[0] - 1;\n}\n"
    )


def code(size: int) -> str:
    """A module with so many bytes of code."""
    return (
        "#include <stdint.h>\n"
        "uint32_t export_0000(void)\n{\n"
        f'    __asm__ volatile("j 1f\\n .fill {size}, 1, 0\\n 1:");\n'
        "    return 0;\n}\n"
    )


def loaded(module: Module) -> list[Segment]:
    """The segments that come to lie in RAM."""
    segments = ELFFile(io.BytesIO(module.data)).iter_segments()
    return [segment for segment in segments if segment["p_type"] == "PT_LOAD"]


def slopes(points: Sequence[Point]) -> list[float]:
    """Instructions for one more unit, between each two points."""
    return [
        (large.instructions - small.instructions) / (large.units - small.units)
        for small, large in pairwise(points)
    ]
