"""Modules of the real toolchain, in every way of linking that the loader takes.

A module linked with --emit-relocs carries its relocations twice: in the dynamic tables and as those
of its sections. Loaded by either, every byte has to be the same, and where a word depends on the
placement, it has to move with the text, or with the data.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from elf_builder import IDENTITY, note
from host import Host, Run

COMPONENT = Path(__file__).resolve().parents[1]
SCRIPT = COMPONENT / "ld" / "hotreload_module.ld"
SDK_LOCATOR = COMPONENT.parents[1] / "harness" / "sim" / "sdk.py"

SOURCE = r"""
extern int firmware_add(int a, int b);
extern int firmware_counter;
extern int absent(int x) __attribute__((weak));

struct __attribute__((packed)) odd { char tag; const void *pointer; char end; };

static int values[] = {1, 2, 3, 4};
static int zeros[100];
static const char *const names[] = {"alpha", "beta", "gamma"};
static int *const last = &values[4];
static int *const before = &values[-1];
static struct odd odd_own = {1, values, 2};
static struct odd odd_firmware = {3, &firmware_counter, 4};
static int *counter = &firmware_counter;

static int twice(int x) { return 2 * x; }
static int negate(int x) { return -x; }
static int (*const functions[])(int) = {twice, negate};
int (*exported_table[])(int) = {twice, negate};

int f(int x)
{
    switch (x) {
    case 0: return 17;
    case 1: return firmware_add(x, 3);
    case 2: return values[x];
    case 3: return *counter;
    case 4: return names[x % 3][1];
    case 5: return functions[x % 2](x);
    case 6: return *last + *before + zeros[x];
    case 7: return *(const int *)odd_own.pointer + *(const int *)odd_firmware.pointer;
    default: return absent ? absent(x) : -1;
    }
}

int g(int x) { return exported_table[x & 1](f(x)); }
"""

# what the component's linker script makes
NOTE = f'.section .note.hotreload,"a",@note\n.byte {",".join(map(str, note()))}\n'

FIRMWARE = {"firmware_add": 0x400D1234, "firmware_counter": 0x3FFB8000, "__modsi3": 0x40001000}
LINK = ("-shared", "-nostdlib", "-Wl,--emit-relocs", "-Wl,-z,max-page-size=4")
PLACES = ((0x40080000, 0x3FFB0000), (0x400A1230, 0x3FFC4560))


def sdk_tool(name: str) -> str:
    prefix = os.environ.get("HOTRELOAD_TOOL_PREFIX")
    if prefix:
        return prefix + name
    found = shutil.which(f"xtensa-esp32-elf-{name}")
    if found:
        return found
    done = subprocess.run(
        [sys.executable, str(SDK_LOCATOR), "sdk"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip("no Xtensa compiler: run ci/setup or set HOTRELOAD_TOOL_PREFIX")
    return str(Path(done.stdout.strip()) / "bin" / f"xtensa-sim-elf-{name}")


@dataclass(frozen=True)
class Linked:
    elf: bytes

    @property
    def headers_size(self) -> int:
        """ELF header and program headers."""
        count: int = struct.unpack_from("<H", self.elf, 44)[0]
        return 52 + 32 * count

    def without_dynamic(self) -> bytes:
        """The same file for a loader that cannot see the dynamic table."""
        elf = bytearray(self.elf)
        for at in range(52, self.headers_size, 32):
            if struct.unpack_from("<I", elf, at)[0] == 2:
                struct.pack_into("<I", elf, at, 0)
        return bytes(elf)


@pytest.fixture
def link(tmp_path: Path) -> Callable[..., Linked]:
    def build(*options: str, own_script: bool, source: str = SOURCE) -> Linked:
        (tmp_path / "m.c").write_text(source, encoding="utf-8")
        words = enumerate(struct.unpack("<4I", IDENTITY))
        symbols = "".join(f"{name} = {address:#x};\n" for name, address in FIRMWARE.items())
        symbols += "".join(f"HIDDEN(hotreload_identity_{i} = {word:#x});\n" for i, word in words)
        (tmp_path / "fw.ld").write_text(symbols, encoding="utf-8")
        script = ["-T", str(SCRIPT)] if own_script else []
        sources = [str(tmp_path / "m.c"), str(tmp_path / "fw.ld")]
        if not own_script:
            (tmp_path / "note.S").write_text(NOTE, encoding="utf-8")
            sources.append(str(tmp_path / "note.S"))
        command = [sdk_tool("gcc"), "-fPIC", "-mlongcalls", "-g", *LINK, *script, *options]
        output = tmp_path / "m.so"
        done = subprocess.run(
            [*command, *sources, "-o", str(output)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return Linked(output.read_bytes())

    return build


def segments(run: Run) -> list[tuple[int, bytes]]:
    """Text and data, without the tables that an unstripped module has as its third segment."""
    assert run.result("load") == "ESP_OK", run.output
    return list(run.images.items())[:2]


@pytest.mark.parametrize("own_script", [True, False])
@pytest.mark.parametrize("symbolic", ["-Wl,-Bsymbolic", "-Wl,-z,norelro"])
@pytest.mark.parametrize("level", ["-O0", "-Os", "-O2"])
def test_both_sets_of_relocations_agree(
    host: Host, link: Callable[..., Linked], level: str, symbolic: str, own_script: bool
) -> None:
    module = link(level, symbolic, "-Wl,--hash-style=both", own_script=own_script)
    place = f"place={PLACES[0][0]:#x},{PLACES[0][1]:#x}"
    (text, data) = segments(host.load(module.elf, ["f", "g"], place))
    (static_text, static_data) = segments(host.load(module.without_dynamic(), ["f", "g"], place))
    # GNU ld's own script has the headers, in which the two files differ, at the start of the text
    start = 0 if own_script else module.headers_size
    assert text[1][start:] == static_text[1][start:]
    assert data == static_data


@pytest.mark.parametrize("level", ["-O0", "-Os", "-O2"])
def test_what_depends_on_the_place_moves_with_it(
    host: Host, link: Callable[..., Linked], level: str
) -> None:
    module = link(level, "-Wl,-Bsymbolic", "-Wl,--hash-style=sysv", own_script=True)
    loads = [
        segments(host.load(module.elf, ["f", "g"], f"place={text:#x},{data:#x}"))
        for text, data in PLACES
    ]
    (first_text, first_data), (second_text, second_data) = loads
    slides = {
        second_text[0] - first_text[0]: first_text,
        second_data[0] - first_data[0]: first_data,
    }
    moved = dict.fromkeys(slides, 0)
    for (_, before), (_, after) in zip(*loads, strict=True):
        at = 0
        while at + 4 <= len(before):
            old, new = (struct.unpack_from("<I", image, at)[0] for image in (before, after))
            slide = (new - old) & 0xFFFFFFFF
            slide -= slide >> 31 << 32
            # packed pointers are not aligned: step by bytes until a whole pointer differs
            if slide in slides and old - slides[slide][0] <= len(slides[slide][1]):
                moved[slide] += 1
                at += 4
            else:
                assert before[at] == after[at], f"byte {at} depends on the place"
                at += 1
    assert all(moved.values())


def test_firmware_addresses_stay(host: Host, link: Callable[..., Linked]) -> None:
    module = link("-Os", "-Wl,-Bsymbolic", "-Wl,--hash-style=sysv", own_script=True)
    for text, data in PLACES:
        run = host.load(module.elf, ["f", "g"], f"place={text:#x},{data:#x}")
        loaded = b"".join(image for _, image in segments(run))
        for address in (FIRMWARE["firmware_add"], FIRMWARE["firmware_counter"]):
            assert struct.pack("<I", address) in loaded


def test_undefined_function_is_named(host: Host, link: Callable[..., Linked]) -> None:
    module = link(
        "-Wl,--hash-style=sysv",
        own_script=True,
        source="int gone(int); int f(int x) { return gone(x); }",
    )
    run = host.load(module.elf)
    assert run.result("load") == "HOTRELOAD_ERR_SYMBOL_UNDEFINED"
    assert "gone" in run.message("load")


def test_constructor_is_refused(host: Host, link: Callable[..., Linked]) -> None:
    source = 'void c(void) {} __attribute__((section(".init_array"), used)) void *p = c;'
    module = link(
        "-Wl,--hash-style=sysv", own_script=False, source=f"{source} int f(void) {{ return 1; }}"
    )
    assert host.load(module.elf).result("load") == "HOTRELOAD_ERR_CONSTRUCTOR"


def test_gnu_hash_alone_is_refused(host: Host, link: Callable[..., Linked]) -> None:
    module = link("-Wl,--hash-style=gnu", own_script=False)
    run = host.load(module.elf)
    assert run.result("load") == "HOTRELOAD_ERR_HASH"
    assert "--hash-style=sysv" in run.message("load")


@pytest.mark.parametrize("symbol_count", [1, 2000])
def test_many_exports(host: Host, link: Callable[..., Linked], symbol_count: int) -> None:
    names = [f"function_{index}" for index in range(symbol_count)]
    source = "\n".join(f"int {name}(int x) {{ return x + {len(name)}; }}" for name in names)
    module = link("-Os", "-Wl,--hash-style=sysv", own_script=True, source=source)
    for elf in (module.elf, module.without_dynamic()):
        run = host.load(elf, names)
        assert run.result("load") == "ESP_OK"
        assert len(set(run.symbols.values())) == symbol_count
