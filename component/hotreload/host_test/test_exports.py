"""Each function that the firmware calls is found, whatever order it and the module have them in."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import product

import pytest

from elf_builder import (
    FUNCTION,
    SHN_ABS,
    SHN_UNDEF,
    STB_LOCAL,
    STB_WEAK,
    TEXT,
    ModuleBuilder,
    Symbol,
    elf_hash,
)
from host import Host

TEXT_AT = 0x40012340
PLACE = f"place={TEXT_AT:#x},0x3ffc0010"
FIRMWARE = 0x40081234

SAME_HASH = ["".join(pair) for pair in product(("aq", "ba"), repeat=4)]
SIZES = {size + more for size in (2, 4, 8, 16, 32, 64, 128, 256) for more in (-1, 0, 1)}
POOL = [
    *SAME_HASH,
    *("x" * size for size in sorted(SIZES)),
    *("x" * (size - 1) + "z" for size in sorted(SIZES)),
    *("case", "Case", "CASE", "casE", "case_", "_case", "cas"),
    *(f"function_{number}" for number in range(20)),
]
#: what is of no use to the firmware, though it has the name
NO_FUNCTIONS: list[dict[str, int]] = [
    {"section": SHN_ABS, "value": FIRMWARE},
    {"section": SHN_UNDEF, "bind": STB_WEAK, "value": 0},
    {"bind": STB_LOCAL},
]

#: of the names that a module, or the firmware, has
ORDERS: dict[str, Callable[[list[str]], list[str]]] = {
    "sorted": sorted,
    "reversed": lambda names: sorted(names, reverse=True),
    "shuffled": lambda names: names,
}
of_module = pytest.mark.parametrize("of_module", ORDERS)
of_firmware = pytest.mark.parametrize("of_firmware", ORDERS)


def test_names_hash_alike() -> None:
    assert len({elf_hash(name) for name in SAME_HASH}) == 1
    assert len({*POOL}) == len(POOL)


@of_module
@of_firmware
@pytest.mark.parametrize("seed", range(4))
def test_each_name_leads_to_its_function(
    host: Host, of_module: str, of_firmware: str, seed: int
) -> None:
    rng = random.Random(seed)
    there = ORDERS[of_module](rng.sample(POOL, rng.randint(1, len(POOL))))
    wanted = ORDERS[of_firmware](rng.sample(there, rng.randint(1, len(there))))
    at = {name: TEXT + 8 * i for i, name in enumerate(there)}
    symbols = [Symbol(name, at[name]) for name in there]
    for _ in range(seed * 5):
        no_function = Symbol(rng.choice(there), **rng.choice(NO_FUNCTIONS))
        symbols.insert(rng.randint(0, len(symbols)), no_function)
    elf = ModuleBuilder(text=FUNCTION * len(there), symbols=symbols).build()
    run = host.load(elf, wanted, PLACE)
    assert run.symbols == {name: at[name] - TEXT + TEXT_AT for name in wanted}, run.output


@of_module
@of_firmware
@pytest.mark.parametrize("seed", range(4))
def test_name_that_is_not_there_is_refused(
    host: Host, of_module: str, of_firmware: str, seed: int
) -> None:
    rng = random.Random(seed)
    names = rng.sample(POOL, 20)
    there = ORDERS[of_module](names[1:])
    wanted = ORDERS[of_firmware](names)
    elf = ModuleBuilder(symbols=[Symbol(name, TEXT) for name in there]).build()
    run = host.load(elf, wanted)
    assert run.result("load") == "HOTRELOAD_ERR_SYMBOL_MISSING"
    assert run.message("load") == f"the module has no function {names[0][:64]}"
