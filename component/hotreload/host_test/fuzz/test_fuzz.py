"""Both fuzzers run for a while from their seeds, and find nothing.

The number of executions is fixed, and so is the random seed: what is run does not depend on how
fast the machine is. ci/nightly runs them for long.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from campaign import Outcome, build, fuzz

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


ADDRESS = """\
==9==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602 at pc 0x55 bp 0x7f sp 0x7f
READ of size 1 at 0x602 thread T0
    #0 0x55d1 in __interceptor_memcmp (/tmp/fuzz_image+0x1)
    #1 0x55d2 in hr_symbol_name /src/component/hotreload/src/elf/hr_symbol.c:41:9
    #2 0x55d3 in LLVMFuzzerTestOneInput /src/component/hotreload/host_test/fuzz/fuzz_image.c:35:9
SUMMARY: AddressSanitizer: heap-buffer-overflow /src/hr_symbol.c:41:9 in hr_symbol_name
"""
UNDEFINED = """\
/src/component/hotreload/src/elf/hr_image.c:50:3: runtime error: load of misaligned address 0x1
    #0 0x55d2 in read_word /src/component/hotreload/src/elf/hr_image.c:50:3
SUMMARY: UndefinedBehaviorSanitizer: undefined-behavior /src/hr_image.c:50:3 in
"""
SLOW = """\
==9== ERROR: libFuzzer: timeout after 21 seconds
    #7 0x55d2 in walk_chain /src/component/hotreload/src/elf/hr_symbol.c:90:3
SUMMARY: libFuzzer: timeout
"""
FALSE = """\
fuzz_image: /src/component/hotreload/host_test/fuzz/staged.c:40: check_segment: Assertion `a == b \
&& "the loaded bytes are those of the file"' failed.
==9== ERROR: libFuzzer: deadly signal
    #9 0x55d2 in check_segment /src/component/hotreload/host_test/fuzz/staged.c:40:5
"""
CAUSES = {
    "heap-buffer-overflow in hr_symbol_name (src/elf/hr_symbol.c:41)": ADDRESS,
    "load of misaligned address 0x1 in read_word (src/elf/hr_image.c:50)": UNDEFINED,
    "timeout in walk_chain (src/elf/hr_symbol.c:90)": SLOW,
    'a == b && "the loaded bytes are those of the file" in check_segment '
    "(host_test/fuzz/staged.c:40)": FALSE,
    "ended without a word": "killed\n",
}


@pytest.mark.parametrize("cause", CAUSES, ids=["address", "undefined", "slow", "false", "nothing"])
def test_first_line_says_what_was_found(cause: str) -> None:
    """And the next ones how to see it again, before all that the fuzzer has said."""
    log = "INFO: seed 1\n" * 1000 + CAUSES[cause]
    outcome = Outcome("/build/fuzz_image", 5, 3, [Path("/found/crash-1")], log)

    assert outcome.complaint.splitlines()[:3] == [
        f"fuzz_image: {cause}",
        "reproduce with:",
        "/build/fuzz_image /found/crash-1",
    ]
