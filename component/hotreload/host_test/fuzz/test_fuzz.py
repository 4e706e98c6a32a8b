"""Both fuzzers run for a while from their seeds, and find nothing.

The number of executions is fixed, and so is the random seed: what is run does not depend on how
fast the machine is. ci/nightly runs them for long.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from campaign import build, fuzz

from host_build import ToolMissingError, shared_folder

# a few seconds each
EXECUTIONS = {"fuzz_image": 40_000, "fuzz_relocations": 20_000}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("target", EXECUTIONS)
def test_fuzzer_finds_nothing(
    target: str, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    try:
        program = build(target, shared_folder(tmp_path_factory) / "fuzz")
    except ToolMissingError as missing:
        pytest.skip(str(missing))
    states: list[str] = []
    limits = ("-seed=1", f"-runs={EXECUTIONS[target]}")
    outcome = fuzz(program, tmp_path, *limits, say=states.append)
    assert re.fullmatch(r"\d+ executions, \d+ a second, \d+ edges covered", states[-1])
    assert not outcome.findings, outcome.complaint
    assert outcome.executions >= EXECUTIONS[target], outcome.log[-2000:]
    print(f"{target}: {outcome.executions} executions, {outcome.edges} edges covered")


#: in place of a fuzzer: every input with the word in it is a finding
STAND_IN = """\
#!/bin/sh
grep -qs {word} "$1"/* || exit 0
for option; do
    case $option in -artifact_prefix=*) echo {word} >"${{option#*=}}crash-1" ;; esac
done
exit 1
"""


def test_finding_stays_one_until_it_is_fixed(tmp_path: Path) -> None:
    """A night after the fix is not red for what the night before it has found."""
    program, folder = tmp_path / "fuzz_image", tmp_path / "folder"
    program.write_text(STAND_IN.format(word="bad"))
    program.chmod(0o755)
    assert fuzz(program, folder).findings == []
    first = folder / "corpus" / "first"
    first.write_text("bad")
    assert len(fuzz(program, folder).findings) == 1
    first.unlink()
    assert len(fuzz(program, folder).findings) == 1

    program.write_text(STAND_IN.format(word="worse"))
    assert fuzz(program, folder).findings == []
