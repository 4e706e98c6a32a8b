"""The module as it is in the build directory."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path

from .errors import BuildError

PHOFF = struct.Struct("<28xI10xHH")  # of Elf32_Ehdr: e_phoff, e_phentsize, e_phnum
PHDR = struct.Struct("<III4xI")  # of Elf32_Phdr: p_type, p_offset, p_vaddr, p_filesz
NOTE = struct.Struct("<III10s2x16s")  # the component's only note, as its linker script makes it
PT_NOTE = 4
OWNER = b"hotreload\0"
IDENTITY = 1


@dataclass(frozen=True)
class Module:
    data: bytes
    firmware: str  # the identity of the firmware that it belongs to, as /status has it

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @staticmethod
    def read(path: Path) -> Module:
        try:
            data = path.read_bytes()
            return Module(data, _identity(data))
        except OSError as error:
            raise BuildError(f"cannot read the module {path}: {error.strerror}") from error
        except (struct.error, StopIteration) as error:
            raise BuildError(f"{path} is not a module: it names no firmware") from error


def _identity(elf: bytes) -> str:
    start, size, count = PHOFF.unpack_from(elf)
    headers = (PHDR.unpack_from(elf, start + index * size) for index in range(count))
    offset = next(offset for kind, offset, _, _ in headers if kind == PT_NOTE)
    _, _, kind, owner, identity = NOTE.unpack_from(elf, offset)
    if (kind, owner) != (IDENTITY, OWNER):
        raise StopIteration
    return str(identity.hex())
