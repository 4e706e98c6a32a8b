"""Functions are found by their whole names, whatever these have in common."""

from __future__ import annotations

import random
from itertools import product
from pathlib import Path

import pytest

from elf_builder import elf_hash
from host import Host
from real_module import link_module
from relocation_sites import symbols

#: two pairs of letters that the hash function of ELF takes for the same
SAME = ("aq", "ba")

LENGTHS = [size + way for size in (4, 8, 16, 32, 64, 128, 256, 512) for way in (-1, 0, 1)]

NAMES: dict[str, list[str]] = {
    "lengths": [f"n{'x' * (size - 1)}" for size in (1, 2, *LENGTHS)],
    "common prefix": [f"prefix_{'p' * 60}{end}" for end in ("", "a", "b", "ab", "A", "_", "0")],
    "common suffix": [f"{start}_{'s' * 60}" for start in ("a", "b", "ab", "ba", "A", "_", "_a")],
    "inside each other": ["in", "inside", "side", "id", "de", "n", "insid"],
    "equal hashes": ["h_" + "".join(parts) for parts in product(SAME, repeat=5)],
    "case": ["name", "Name", "nAme", "NAME", "naMe", "namE", "nAmE", "NaMe"],
    "many": [f"function_{index}" for index in range(1000)],
}


def source(names: list[str]) -> str:
    """A function of each name, each with another code."""
    return "\n".join(
        f"int {name}(int x) {{ return x * {index + 3}; }}" for index, name in enumerate(names)
    )


def link(folder: Path, names: list[str]) -> bytes:
    options = ("-O1", "-fno-ipa-icf", "-Wl,-Bsymbolic", "-Wl,--hash-style=sysv")
    return link_module(folder, *options, own_script=True, source=source(names))


@pytest.mark.parametrize("kind", NAMES)
def test_each_function_is_found(host: Host, tmp_path: Path, kind: str) -> None:
    names = NAMES[kind]
    elf = link(tmp_path, names)
    asked = random.Random(kind).sample(names, len(names))

    run = host.load(elf, asked, "place=0x400a0000,0x3ffb0000")

    assert run.result("load") == "ESP_OK", run.message("load")
    known = symbols(elf)
    text = 0x400A0000 - 0x10000000
    assert run.symbols == {name: known[name][0] + text for name in names}
    assert len(set(run.symbols.values())) == len(names)


@pytest.mark.parametrize("kind", NAMES)
def test_one_that_is_missing_is_not_mistaken(host: Host, tmp_path: Path, kind: str) -> None:
    """For another that is nearly the same."""
    names = NAMES[kind]
    missing = names[len(names) // 2]
    elf = link(tmp_path, [name for name in names if name != missing])

    run = host.load(elf, [missing])

    assert run.result("load") == "HOTRELOAD_ERR_SYMBOL_MISSING"
    assert missing[:64] in run.message("load")


def test_equal_hashes_are_equal() -> None:
    assert len({elf_hash(name) for name in NAMES["equal hashes"]}) == 1
