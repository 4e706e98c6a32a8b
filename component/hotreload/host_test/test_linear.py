"""A load costs what the file is long, whatever is in it.

Each image makes a loader that walks something once for each of something else work for minutes. The
processor time that it gets is many times what it needs.
"""

from __future__ import annotations

import subprocess

from elf_builder import TEXT, ModuleBuilder, Symbol
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
    elf = ModuleBuilder(symbols=symbols, bucket_count=1).build()
    assert load(host, elf, names).result("load") == "ESP_OK"
    assert load(host, elf, names[::-1]).result("load") == "HOTRELOAD_ERR_HASH_CHAIN"


def test_every_symbol_has_one_long_name(host: Host) -> None:
    """And the one that is looked for is the last of their chain."""
    shared = [Symbol("", TEXT, name_at=3) for _ in range(60000)]
    symbols = [Symbol("f", TEXT), Symbol("x" * 8_000_000, TEXT), *shared]
    run = load(host, ModuleBuilder(symbols=symbols, bucket_count=1).build(), ["f"])
    assert run.result("load") == "ESP_OK"
