"""What is flashed of a module, byte by byte."""

from __future__ import annotations

import binascii
import hashlib
import struct

import pytest

from hotreload_build.errors import ModuleError
from hotreload_build.identity import module_identity, read
from hotreload_build.slot import flash_image
from hotreload_build.variant import build_module

from .conftest import Project

IDENTITY = bytes(range(16))
ELF = b"\x7fELF" + bytes(range(200))


def test_record_state_and_elf() -> None:
    image = flash_image(ELF, IDENTITY)
    magic, sequence, size = struct.unpack_from("<4sII", image)
    assert (magic, sequence, size) == (b"HRR3", 0xFFFFFFFF, len(ELF))
    assert image[12:44] == hashlib.sha256(ELF).digest()
    assert image[44:60] == IDENTITY
    assert image[64:124] == b"\xff" * 60  # the device has learned nothing yet
    assert image[124:128] == struct.pack("<I", binascii.crc32(ELF))
    assert image[128:] == ELF


def test_check_is_of_all_but_the_sequence() -> None:
    """The device clears the sequence when an update takes the module's place."""
    image = flash_image(ELF, IDENTITY)
    (check,) = struct.unpack_from("<I", image, 60)
    assert check == binascii.crc32(image[:4] + image[8:60])


def test_module_names_its_firmware(project: Project) -> None:
    source = project.source("int f(int x) { return x; }")
    module = build_module(project.manifest, [source], project.compiler.folder / "m.so")
    for path in (module.path, module.unstripped):
        assert module_identity(path.read_bytes()) == read(project.firmware)


@pytest.mark.parametrize(
    "elf", [b"", ELF, b"\x7fELF" + bytes(48), b"\xff" * 100], ids=["empty", "short", "none", "ones"]
)
def test_other_files_name_none(elf: bytes) -> None:
    with pytest.raises(ModuleError, match="names no firmware"):
        module_identity(elf)
