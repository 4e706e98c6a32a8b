"""Modules of the real toolchain, in every way of linking that the loader takes."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from elf_builder import IDENTITY, PT_LOAD, PT_META, note

COMPONENT = Path(__file__).resolve().parents[1]
SCRIPT = COMPONENT / "ld" / "hotreload_module.ld"
SDK_LOCATOR = COMPONENT.parents[1] / "harness" / "pytest_embedded_hotreload" / "sim" / "sdk.py"

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

# at addresses that an ESP32 has, and the simulated board
FIRMWARE = {"firmware_add": 0x40001234, "firmware_counter": 0x3FFE8000, "__modsi3": 0x40001000}
PF_META = 0x00100000  # in the component's linker script
LINK = ("-shared", "-nostdlib", "-Wl,-z,max-page-size=4")


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


def with_metadata_marked(elf: bytes) -> bytes:
    """What the build's step that strips a module does to the tables that only loading needs."""
    marked = bytearray(elf)
    (count,) = struct.unpack_from("<H", elf, 44)  # e_phnum
    for at in range(52, 52 + 32 * count, 32):
        kind, *rest, flags = struct.unpack_from("<7I", elf, at)
        if kind == PT_LOAD and flags & PF_META:
            struct.pack_into("<7I", marked, at, PT_META, *rest, flags & ~PF_META)
    return bytes(marked)


def link_module(
    folder: Path,
    *options: str,
    own_script: bool,
    source: str = SOURCE,
    identity: bytes = IDENTITY,
    firmware: Mapping[str, int] = FIRMWARE,
) -> bytes:
    """Compile and link in `folder`, with the component's linker script or with GNU ld's."""
    (folder / "m.c").write_text(source, encoding="utf-8")
    words = enumerate(struct.unpack("<4I", identity))
    symbols = "".join(f"{name} = {address:#x};\n" for name, address in firmware.items())
    symbols += "".join(f"HIDDEN(hotreload_identity_{i} = {word:#x});\n" for i, word in words)
    (folder / "fw.ld").write_text(symbols, encoding="utf-8")
    script = ["-T", str(SCRIPT)] if own_script else []
    sources = [str(folder / "m.c"), str(folder / "fw.ld")]
    if not own_script:
        # what the component's linker script makes
        content = ",".join(map(str, note(content=identity)))
        text = f'.section .note.hotreload,"a",@note\n.byte {content}\n'
        (folder / "note.S").write_text(text, encoding="utf-8")
        sources.append(str(folder / "note.S"))
    command = [sdk_tool("gcc"), "-fPIC", "-mlongcalls", "-g", *LINK, *script, *options]
    output = folder / "m.so"
    done = subprocess.run(
        [*command, *sources, "-o", str(output)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    elf = output.read_bytes()
    return with_metadata_marked(elf) if own_script else elf
