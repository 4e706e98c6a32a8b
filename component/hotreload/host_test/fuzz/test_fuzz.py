"""Both fuzzers run for a while from their seeds, and find nothing.

The number of executions is fixed, and so is the random seed: what is run does not depend on how
fast the machine is. ci/nightly runs them for long.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from campaign import build, fuzz
from host_build import ToolMissingError, shared_folder

# about 10 seconds each
EXECUTIONS = {"fuzz_image": 300_000, "fuzz_relocations": 150_000}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("target", EXECUTIONS)
def test_fuzzer_finds_nothing(
    target: str, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    try:
        program = build(target, shared_folder(tmp_path_factory) / "fuzz")
    except ToolMissingError as missing:
        pytest.skip(str(missing))
    outcome = fuzz(program, tmp_path, f"-runs={EXECUTIONS[target]}")
    assert not outcome.findings, outcome.complaint
    assert outcome.executions >= EXECUTIONS[target], outcome.log[-2000:]
    print(f"{target}: {outcome.executions} executions, {outcome.edges} edges covered")
