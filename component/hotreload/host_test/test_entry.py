"""What functions of a module may begin with, for the stubs of either ABI."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from elf_builder import TEXT, ModuleBuilder, Symbol

ENTRY = bytes.fromhex("364100")  # entry a1, 32
ENTRY_LARGEST = bytes.fromhex("36f1ff")  # entry a1, 32760
ENTRY_OTHER = bytes.fromhex("364200")  # entry a2, 32
ADDI = bytes.fromhex("12c1f0")  # addi a1, a1, -16
RET_N = bytes.fromhex("0df0")
LOOP = bytes.fromhex("768000")  # the same low half byte as entry
NONE = "is not a multiple of 4 inside the text"

CASES = {
    "entry": (ENTRY, "", "has the windowed ABI, the firmware has call0"),
    "largest entry": (ENTRY_LARGEST, "", "has the windowed ABI, the firmware has call0"),
    "entry of another register": (
        ENTRY_OTHER,
        "starts with 36 42 00, not with `entry a1, N`",
        "has the windowed ABI, the firmware has call0",
    ),
    "addi": (ADDI, "starts with 12 c1 f0, not with `entry a1, N`", ""),
    "loop": (LOOP, "starts with 76 80 00, not with `entry a1, N`", ""),
    "ret.n at the end": (RET_N, NONE, ""),
    "one byte": (b"\x0d", NONE, NONE),
}


@pytest.mark.parametrize("abi", ["windowed", "call0"])
@pytest.mark.parametrize("case", CASES)
def test_first_instruction(
    program_named: Callable[[str], Path], tmp_path: Path, case: str, abi: str
) -> None:
    code, windowed, call0 = CASES[case]
    wrong = windowed if abi == "windowed" else call0
    module = tmp_path / "module.elf"
    module.write_bytes(ModuleBuilder(text=bytes(4) + code, symbols=[Symbol("f", TEXT + 4)]).build())

    command = [str(program_named(f"entry_{abi}")), str(module), "f"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    name, _, message = said.partition(" ")
    assert name == ("HOTRELOAD_ERR_ENTRY" if wrong else "ESP_OK")
    assert message.endswith(wrong)
