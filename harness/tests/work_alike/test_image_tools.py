"""The application image that the boot loader reads, and the merged flash image."""

import hashlib
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import xor
from pathlib import Path

import pytest

from pytest_embedded_hotreload.paths import WORK_ALIKE

COMPONENT = WORK_ALIKE / "components" / "esptool_py"
EM_XTENSA = 94
EM_386 = 3

ImageMaker = Callable[[bytes], bytes]


def run_tool(tool: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(COMPONENT / tool), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


@dataclass(frozen=True)
class Load:
    address: int
    data: bytes


def make_elf(loads: list[Load], entry: int = 0x60000400, machine: int = EM_XTENSA) -> bytes:
    """An executable of nothing but program headers and what they load."""
    headers_end = 52 + 32 * len(loads)
    header = (
        b"\x7fELF\x01\x01\x01"
        + bytes(9)
        + struct.pack(
            "<HHIIIIIHHHHHH", 2, machine, 1, entry, 52, 0, 0, 52, 32, len(loads), 40, 0, 0
        )
    )
    program, content = b"", b""
    for load in loads:
        size = len(load.data)
        program += struct.pack(
            "<IIIIIIII", 1, headers_end + len(content), load.address, load.address, size, size, 5, 4
        )
        content += load.data
    return header + program + content


@pytest.fixture
def image_of(tmp_path: Path) -> ImageMaker:
    def build(elf: bytes) -> bytes:
        (tmp_path / "app.elf").write_bytes(elf)
        result = run_tool("elf2image.py", tmp_path / "app.elf", tmp_path / "app.bin")
        assert result.returncode == 0, result.stderr
        return (tmp_path / "app.bin").read_bytes()

    return build


def test_header_and_segments(image_of: ImageMaker) -> None:
    image = image_of(make_elf([Load(0x60001000, b"second!!"), Load(0x60000000, b"fir")]))
    assert image[:2] == b"\xe9\x02"
    assert struct.unpack_from("<I", image, 4) == (0x60000400,)
    assert image[23] == 1
    assert image[24:36] == struct.pack("<II", 0x60000000, 4) + b"fir\0"
    assert image[36:52] == struct.pack("<II", 0x60001000, 8) + b"second!!"


@pytest.mark.parametrize("size", [4, 8, 12, 16, 20, 400])
def test_checksum_and_digest(image_of: ImageMaker, size: int) -> None:
    data = bytes(i * 7 & 0xFF for i in range(size))
    image = image_of(make_elf([Load(0x60000000, data)]))
    body, digest = image[:-32], image[-32:]
    assert len(body) % 16 == 0
    assert len(body) - (24 + 8 + size) <= 16
    assert body[-1] == reduce(xor, data, 0xEF)
    assert digest == hashlib.sha256(body).digest()


@pytest.mark.parametrize(
    ("elf", "reason"),
    [
        (make_elf([Load(0x60000000, b"code")], machine=EM_386), "it is not an Xtensa executable"),
        (make_elf([]), "it has nothing to load"),
        (
            make_elf([Load(0x60000000 + 64 * i, b"code") for i in range(17)]),
            "it has 17 segments, an image takes 16",
        ),
        (
            make_elf([Load(0x60000002, b"code")]),
            "its segment at 0x60000002 is not aligned to 4 bytes",
        ),
        (b"not an ELF", "Magic number does not match"),
    ],
)
def test_unusable_elf_is_one_line(tmp_path: Path, elf: bytes, reason: str) -> None:
    path = tmp_path / "app.elf"
    path.write_bytes(elf)
    result = run_tool("elf2image.py", path, tmp_path / "app.bin")
    assert result.returncode == 1
    assert result.stderr == f"No image can be made of {path}: {reason}\n"
    assert not (tmp_path / "app.bin").exists()


def make_flash_args(folder: Path, images: dict[int, bytes]) -> Path:
    lines = ["--flash_mode dio"]
    for offset, data in images.items():
        name = f"part {offset:x}.bin"
        (folder / name).write_bytes(data)
        lines.append(f'{offset:#x} "{name}"')
    path = folder / "flash_args"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_flash_image(tmp_path: Path) -> None:
    args = make_flash_args(tmp_path, {0x10000: b"application", 0: b"boot"})
    output = tmp_path / "flash.img"
    assert run_tool("flash_image.py", "--output", output, args).returncode == 0
    flash = output.read_bytes()
    assert len(flash) == 4 << 20
    assert flash[:5] == b"boot\xff"
    assert flash[0x10000:0x1000C] == b"application\xff"
    assert flash.count(0xFF) == len(flash) - len(b"bootapplication")


def test_flash_image_keeps_what_is_not_written(tmp_path: Path) -> None:
    output = tmp_path / "flash.img"
    output.write_bytes(b"old" * 100)
    args = make_flash_args(tmp_path, {0: b"new"})
    assert run_tool("flash_image.py", "--output", output, args).returncode == 0
    assert output.read_bytes()[:6] == b"newold"


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (
            {0: bytes(0x20), 0x10: b"x"},
            "part 10.bin at 0x10 overlaps part 0.bin, which ends at 0x20",
        ),
        (
            {0x3FFFFF: b"xy"},
            "part 3fffff.bin at 0x3fffff ends at 0x400001, beyond the flash of 0x400000 bytes",
        ),
    ],
)
def test_images_that_do_not_fit(tmp_path: Path, images: dict[int, bytes], message: str) -> None:
    args = make_flash_args(tmp_path, images)
    result = run_tool("flash_image.py", "--output", tmp_path / "flash.img", args)
    assert (result.returncode, result.stderr) == (1, f"Error: {message}\n")
    assert not (tmp_path / "flash.img").exists()
