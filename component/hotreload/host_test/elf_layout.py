"""The structures of ELF32 by the names of their fields (System V ABI, chapters 4 and 5)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    name: str
    at: int  # in its structure
    size: int  # bytes


class Layout:
    """One structure, little-endian and without gaps."""

    def __init__(self, **fields: str) -> None:
        """Each field with its format of `struct`."""
        self.fields: list[Field] = []
        at = 0
        for name, kind in fields.items():
            size = struct.calcsize(f"<{kind}")
            self.fields.append(Field(name, at, size))
            at += size
        self._struct = struct.Struct("<" + "".join(fields.values()))
        self.size = self._struct.size

    def read(self, data: bytes, at: int) -> dict[str, int]:
        names = (field.name for field in self.fields)
        return dict(zip(names, self._struct.unpack_from(data, at), strict=True))

    def read_all(self, data: bytes, at: int, count: int) -> Iterator[dict[str, int]]:
        return (self.read(data, at + index * self.size) for index in range(count))


EHDR = Layout(
    EI_MAG="I",
    EI_CLASS="B",
    EI_DATA="B",
    EI_VERSION="B",
    EI_OSABI="B",
    EI_ABIVERSION="B",
    EI_PAD="B",
    EI_PAD_REST="H",
    EI_PAD_END="I",
    e_type="H",
    e_machine="H",
    e_version="I",
    e_entry="I",
    e_phoff="I",
    e_shoff="I",
    e_flags="I",
    e_ehsize="H",
    e_phentsize="H",
    e_phnum="H",
    e_shentsize="H",
    e_shnum="H",
    e_shstrndx="H",
)
PHDR = Layout(
    p_type="I",
    p_offset="I",
    p_vaddr="I",
    p_paddr="I",
    p_filesz="I",
    p_memsz="I",
    p_flags="I",
    p_align="I",
)
SHDR = Layout(
    sh_name="I",
    sh_type="I",
    sh_flags="I",
    sh_addr="I",
    sh_offset="I",
    sh_size="I",
    sh_link="I",
    sh_info="I",
    sh_addralign="I",
    sh_entsize="I",
)
DYN = Layout(d_tag="I", d_val="I")
SYM = Layout(st_name="I", st_value="I", st_size="I", st_info="B", st_other="B", st_shndx="H")
RELA = Layout(r_offset="I", r_info="I", r_addend="I")
NOTE = Layout(n_namesz="I", n_descsz="I", n_type="I")
WORD = Layout(word="I")
