"""Each test runs for the width in its name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

CLASS_AT = 4  # EI_CLASS of the program: 1 is 32-bit, 2 is 64-bit


@pytest.mark.parametrize("name", ["hr_host", "sha256_md"])
def test_program_has_the_width_of_its_name(
    program_named: Callable[[str], Path], name: str, request: pytest.FixtureRequest
) -> None:
    program = program_named(name)
    width = {1: 32, 2: 64}[program.read_bytes()[CLASS_AT]]
    assert program.name == f"{name}_{width}"
    assert f"{width}-bit" in request.node.name
