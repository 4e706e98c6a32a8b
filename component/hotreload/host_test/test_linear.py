"""A load costs what the file is long, whatever is in it.

Each image makes a loader that walks something once for each of something else work for minutes. The
processor time that it gets is many times what it needs.
"""

from __future__ import annotations

import subprocess

from elf_builder import (
    DATA,
    R_32,
    RELA,
    SHT_RELA,
    TEXT,
    TEXT_SECTION,
    ModuleBuilder,
    Reloc,
    Section,
    Symbol,
)
from host import Host, Run

SECONDS = 10  # of processor time


def load(host: Host, elf: bytes, names: list[str]) -> Run:
    steps = [f"names={','.join(names)}", f"load={host.file(elf)}"]
    limited = ["prlimit", f"--cpu={SECONDS}", str(host.program), *steps]
    done = subprocess.run(limited, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ended by {done.returncode} {done.stdout} {done.stderr}"
    return Run(done.stdout)


def test_every_symbol_in_one_hash_chain(host: Host) -> None:
    names = [f"f{i}" for i in range(4000)]
    symbols = [Symbol(name, TEXT) for name in [*names, *(f"other{i}" for i in range(60000))]]
    run = load(host, ModuleBuilder(symbols=symbols, bucket_count=1).build(), names)
    assert run.result("load") == "HOTRELOAD_ERR_HASH_CHAIN"


def test_every_symbol_has_one_long_name(host: Host) -> None:
    shared = [Symbol("", TEXT, name_at=3) for _ in range(60000)]
    symbols = [Symbol("f", TEXT), Symbol("x" * 1_000_000, TEXT), *shared]
    run = load(host, ModuleBuilder(symbols=symbols, dynamic=False).build(), ["f"])
    assert run.result("load") == "ESP_OK"


def test_every_section_has_the_same_relocations(host: Host) -> None:
    relocations = [Reloc(DATA, R_32, 1)] * 60000
    builder = ModuleBuilder(dynamic=False, rela=relocations)
    builder.extra_sections = [
        Section(SHT_RELA, b"", 0, 3, TEXT_SECTION, RELA.size) for _ in range(60000)
    ]
    same = {"offset": 0x200, "size": 60000 * RELA.size}
    builder.sections = dict.fromkeys(range(5, 60006), same)
    run = load(host, builder.build(), ["f"])
    assert run.result("load") == "HOTRELOAD_ERR_RELOC_TABLE"
