"""Modules that have a word at each kind of place that leads to each kind of target.

What has to be in a word is known by how it was written: the address of its target where that came
to lie, and the addend. What relocation the linker makes of it does not matter for that.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from elftools.elf.elffile import ELFFile

MASK = 0xFFFFFFFF
TYPES = {0: "NONE", 1: "32", 2: "RTLD", 3: "GLOB_DAT", 4: "JMP_SLOT", 5: "RELATIVE", 6: "PLT"}

#: where a word is: what is in front of all of them, and the word
SITES = {
    "literal": ('.section .text.sites, "ax"', ".literal {label}, {value}"),
    "constant": ('.section .data.rel.ro.sites, "aw"\n.balign 4', "{label}: .4byte {value}"),
    "data": ('.section .data.sites, "aw"\n.balign 4', "{label}: .4byte {value}"),
    "unaligned": ('.section .data.packed, "aw"\n.byte 1', "{label}: .4byte {value}\n.byte 2"),
}

#: numbers that a linker script or the firmware gives names to, on both sides of what may be near a
#: module that is linked to address 0
NUMBERS = {
    "number_one": 1,
    "number_below": 0xFFFC,
    "number_64k": 0x10000,
    "number_above": 0x10004,
    "number_minus": 0xFFFFFFFC,
}

#: what a word leads to
TARGETS = (
    "own_function",
    "own_static_function",
    "own_rodata",
    "own_data",
    "own_bss",
    "__start_own_set",
    "__stop_own_set",
    "firmware_negate",
    "firmware_word",
    "weak_undefined",
    *NUMBERS,
)

#: 0, both signs, not a multiple of 4; and to what lies behind the end of the target's segment
ADDENDS = (0, 4, -4, 1, -4096, 65532)
#: weak symbols that nobody defines are 0, and so is what is added to that
SMALL = (0, 4)

OWN = r"""
__attribute__((used)) int own_function(int x) { return x + 1; }
__attribute__((used, noinline)) static int own_static_function(int x) { return x - 1; }
__attribute__((used)) const int own_rodata[] = {11, 12, 13};
__attribute__((used)) int own_data[] = {21, 22, 23};
extern char own_bss[];
__attribute__((used, section("own_set"))) static char own_member[6] = "seven";
extern int firmware_negate(int x);
extern int firmware_word;
extern int weak_undefined(int x) __attribute__((weak));
int site_calls(int x)
{
    int sum = firmware_negate(x) + own_function(x) + own_static_function(x) + firmware_word;
    sum += (int)site_kept[x & 3];
    switch (x) {
    case 0: return sum + own_data[x];
    case 1: return sum - own_rodata[x];
    case 2: return sum ^ own_bss[x];
    case 3: return weak_undefined ? weak_undefined(x) : 7;
    case 4: return sum * 3;
    default: return sum;
    }
}
"""


#: of any alignment: directly behind the data, the size of which is not a multiple of 4
BSS_SIZE = 17
BSS = f'.section .bss.packed, "aw", @nobits\n.globl own_bss\nown_bss: .space {BSS_SIZE}'


@dataclass(frozen=True)
class Word:
    """One word of a module that somebody has written down."""

    site: str
    target: str
    addend: int

    @property
    def label(self) -> str:
        sign = "minus" if self.addend < 0 else "plus"
        return f"site_{self.site}_{self.target}_{sign}_{abs(self.addend)}"


def words() -> list[Word]:
    """Each kind of place with each target and each addend, as far as that leads somewhere."""
    return [
        Word(site, target, addend)
        for site in SITES
        for target in TARGETS
        for addend in (SMALL if target in (*NUMBERS, "weak_undefined") else ADDENDS)
    ]


def source() -> str:
    lines = [".weak weak_undefined", *BSS.splitlines()]
    for site, (start, form) in SITES.items():
        lines += start.splitlines()
        for word in words():
            if word.site == site:
                value = f"{word.target} + ({word.addend})"
                lines += form.format(label=word.label, value=value).splitlines()
    # a linker that drops what nobody refers to has to leave them
    firsts = [next(word.label for word in words() if word.site == site) for site in SITES]
    kept = f"extern const char {', '.join(f'{first}[]' for first in firsts)};\n"
    kept += f"const void *volatile site_kept[] = {{{', '.join(firsts)}}};\n"
    assembly = "\n".join(f'    "{line.replace(chr(34), chr(92) + chr(34))}\\n"' for line in lines)
    return f'{kept}{OWN}\n__asm__(".pushsection .text\\n"\n{assembly}\n    ".popsection\\n");\n'


def symbols(unstripped: bytes) -> dict[str, tuple[int, bool]]:
    """Value of each symbol, and whether it moves with the module."""
    table: Any = ELFFile(io.BytesIO(unstripped)).get_section_by_name(".symtab")
    return {
        symbol.name: (symbol["st_value"], symbol["st_shndx"] not in ("SHN_ABS", "SHN_UNDEF"))
        for symbol in table.iter_symbols()
        if symbol.name
    }


def wrong_words(
    unstripped: bytes,
    run_address: Callable[[int], int],
    read: Callable[[int], bytes],
    leads_elsewhere: Callable[[int, int | None], bool] = lambda value, target: False,
) -> list[str]:
    """Of a loaded module: `run_address` is where a link address is, `read` reads a word there.

    `leads_elsewhere` of a value, and of the link address of its target in the module: nobody can
    tell from the value what it was to lead to.
    """
    known = symbols(unstripped)
    wrong = []
    for word in words():
        target, moves = known.get(word.target, (0, False))
        if leads_elsewhere(target + word.addend & MASK, target if moves else None):
            continue
        expected = (run_address(target) if moves else target) + word.addend & MASK
        found = int.from_bytes(read(run_address(known[word.label][0])), "little")
        if found != expected:
            wrong.append(f"{word.label}: {found:#x}, not {expected:#x}")
    return wrong


def cells(unstripped: bytes, relocations: Sequence[tuple[int, int]]) -> set[tuple[str, str, str]]:
    """Type, place and target of the relocations that are at a word that was written down."""
    known = symbols(unstripped)
    at = {known[word.label][0]: word for word in words()}
    return {(TYPES[kind], at[p].site, at[p].target) for p, kind in relocations if p in at}
