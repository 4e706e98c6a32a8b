"""What the component takes of a firmware's flash and RAM, and what short messages save."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from hotreload_size import ALL, Size, read_sizes, table, total

from .conftest import COMPONENT, TOOLS

EXAMPLE = COMPONENT.parents[1] / "examples" / "basic"

DEFAULT = {"CONFIG_HOTRELOAD_TRACE": "n"}
SHORT = {**DEFAULT, "CONFIG_HOTRELOAD_MESSAGES": "n"}

MAP = """\
Discarded input sections

 .text          0x00000000      0x111 esp-idf/hotreload/libhotreload.a(hr_image.c.obj)

Linker script and memory map

 .text.hr_image_open
                0x6000b638      0xc9a esp-idf/hotreload/libhotreload.a(hr_image.c.obj)
                                0xcf6 (size before relaxing)
                0x6000b638                hr_image_open
 .literal.hr_image_open  0x60001184       0x10 esp-idf/hotreload/libhotreload.a(hr_image.c.obj)
 *fill*         0x6000c2d2        0x2 
 .text.main     0x6000c2d4       0x20 esp-idf/main/libmain.a(main.c.obj)
 .rodata.x.str1.4
                0x60031bc8       0x22 esp-idf/hotreload/libhotreload.a(hr_report.c.obj)
 .data.state    0x60041bc8        0x4 esp-idf/hotreload/libhotreload.a(hotreload.c.obj)
 .bss.lock      0x60051bc8       0x40 esp-idf/hotreload/libhotreload.a(hr_lock.c.obj)
 .rtc_noinit.0  0x3ffe0000       0x30 esp-idf/hotreload/libhotreload.a(hr_lock.c.obj)
 .debug_info    0x00000000     0x1000 esp-idf/hotreload/libhotreload.a(hr_lock.c.obj)
"""  # noqa: W291


def test_parts_of_a_map(tmp_path: Path) -> None:
    sizes = read_sizes(MAP)
    assert sizes == {
        "elf": Size(code=0xC9A + 0x10),
        "hotreload.c": Size(data=4),
        "port": Size(constants=0x22, zeroed=0x70),
    }
    assert total(sizes) == Size(0xCAA, 0x22, 4, 0x70)
    (tmp_path / "basic.map").write_text(MAP)
    result = run(tmp_path / "basic.map", tmp_path / "basic.map")
    assert (result.returncode, result.stdout) == (0, table(sizes, sizes))
    assert result.stdout.splitlines()[-1] == "| all | 3242 | 34 | 3280 | 116 | 3280 |"


def test_what_is_no_map_of_ours_is_one_line(tmp_path: Path) -> None:
    other = tmp_path / "other.map"
    assert (
        run(other).stderr == f"hotreload: error: cannot read {other}: No such file or directory\n"
    )
    other.write_text("nothing")
    result = run(other)
    assert (result.returncode, result.stderr) == (
        1,
        f"hotreload: error: {other} has nothing of the component\n",
    )


def run(*maps: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", str(TOOLS / "hotreload_size.py"), *map(str, maps)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


# of a firmware


@pytest.fixture(scope="module")
def elf_of(lane: Any, firmware_builder: Any) -> Callable[[dict[str, str]], Path]:
    if lane.name != "sim":
        pytest.skip("the sizes that are written down are of the simulated board")
    return lambda config: Path(firmware_builder.build(EXAMPLE, config).elf)


def sizes_of(elf: Path) -> dict[str, Size]:
    return read_sizes(elf.with_suffix(".map").read_text())


REJECT = re.compile(r"hr_reject\((.*?)\);", re.DOTALL)
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


def sentences() -> set[str]:
    """What only hr_reject() says: the longest stretch of each sentence that holds no value."""
    sources = [source.read_text() for source in (COMPONENT / "src").rglob("*.c")]
    calls = [call for source in sources for call in REJECT.findall(source)]
    others = "".join("".join(STRING.findall(REJECT.sub("", source))) for source in sources)
    texts = ["".join(STRING.findall(call)) for call in calls]
    stretches = {max(re.split(r"%[\w ]*|\\.", text), key=len) for text in texts}
    return {stretch for stretch in stretches if len(stretch) > 18 and stretch not in others}


def constants_of(elf: Path) -> bytes:
    with elf.open("rb") as file:
        return b"".join(
            section.data()
            for section in ELFFile(file).iter_sections("SHT_PROGBITS")
            if section["sh_flags"] & 2
        )


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_short_messages_leave_no_sentence_in_the_firmware(
    elf_of: Callable[[dict[str, str]], Path], figure: Callable[[str], None]
) -> None:
    default, short = elf_of(DEFAULT), elf_of(SHORT)
    said = [sentence for sentence in sentences() if sentence.encode() in constants_of(default)]
    assert len(said) > 80
    left = [sentence for sentence in said if sentence.encode() in constants_of(short)]
    assert left == []
    before, after = total(sizes_of(default)), total(sizes_of(short))
    figure(f"flash of the component: {before.flash} bytes, {after.flash} with short messages")
    figure(f"RAM of the component: {before.ram} bytes")
    assert before.flash - after.flash > 9_000


@pytest.mark.timeout(600)
def test_sizes_are_those_that_are_kept(elf_of: Callable[[dict[str, str]], Path], kept: Any) -> None:
    """The README's table is made of them. A part may differ by so much of the whole."""
    sizes, short = sizes_of(elf_of(DEFAULT)), sizes_of(elf_of(SHORT))
    parts = {part: columns(size, short.get(part, Size())) for part, size in sizes.items()}
    whole = columns(total(sizes), total(short))
    found = {
        f"{part}/{column}": bytes_
        for part, row in {**parts, ALL: whole}.items()
        for column, bytes_ in row.items()
    }
    kept.check("size", found, of={name: whole[name.partition("/")[2]] for name in found})


def columns(size: Size, short: Size) -> dict[str, int]:
    return {
        "code": size.code,
        "constants": size.constants,
        "flash": size.flash,
        "RAM": size.ram,
        "flash, short": short.flash,
    }
