"""Tables that the linker gathers, between `__start_NAME` and `__stop_NAME` of a section NAME.

GNU ld gives the two symbols their values at the end. While it relaxes, which for Xtensa it always
does, both are the start of the section: it finds their literals equal and keeps one, so that the
table is empty. Symbols that a linker script defines have their values from the start, and so the
module is linked once more with a script that defines these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .elf import SHF_ALLOC, SHF_EXECINSTR, SHN_ABS, SHT_NOBITS, Image

# as far as the linker defines the symbols of a section: its name is an identifier of C
NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
END = re.compile(r"__(?:start|stop)_(?P<name>[A-Za-z_]\w*)", re.ASCII)
# a line of the script that firmware.py makes
PROVIDED = re.compile(r'PROVIDE\("?([^ "]+)"? = .*')

TABLE = """\
SECTIONS
{{
    {name} :
    {{
        __start_{name} = .;
        KEEP(*({name}))
        __stop_{name} = .;
    }} :{segment}
}}
INSERT AFTER {after};
"""


def borrowed(linked: Image) -> tuple[str, ...]:
    """Names of the tables whose ends are those of the firmware's, by PROVIDE, in a linked module.

    It may have one of that name itself: GNU ld lets PROVIDE replace what it defines for a section,
    and drops the section as unused.
    """
    ends = (END.fullmatch(s.name) for s in linked.symbols if s.section == SHN_ABS)
    return tuple(sorted({match["name"] for match in ends if match}))


def tables(linked: Image) -> dict[str, int]:
    """Name and index of the sections of a linked module whose ends it uses."""
    used = {symbol.name for symbol in linked.symbols}
    found = {}
    for index, (name, header) in enumerate(linked.headers):
        if not header.flags & SHF_ALLOC or not NAME.fullmatch(name):
            continue
        if used.intersection(ends(name)):
            found[name] = index
    return found


def set_script(linked: Image, found: dict[str, int]) -> str:
    """It adds to the component's script, and has to come before that on the command line."""
    parts = []
    for name, index in found.items():
        header = linked.headers[index][1]
        if header.flags & SHF_EXECINSTR:
            segment, after = "text", ".text"
        else:
            segment, after = "data", ".bss" if header.type == SHT_NOBITS else ".rodata"
        parts.append(TABLE.format(name=name, segment=segment, after=after))
    return "".join(parts)


def without_ends(symbols: str, names: Iterable[str]) -> str:
    """The script with the firmware's symbols, less the ends of tables of these names."""
    ours = {end for name in names for end in ends(name)}
    lines = symbols.splitlines(keepends=True)
    return "".join(line for line in lines if PROVIDED.sub(r"\1", line.strip()) not in ours)


def ends(name: str) -> tuple[str, str]:
    return f"__start_{name}", f"__stop_{name}"
