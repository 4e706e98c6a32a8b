"""One run of a fuzzer: a number of executions, or a time; and what it says in the end.

As a program, called by ci/nightly, it fuzzes both targets for long and keeps what it learns.
"""

from __future__ import annotations

import argparse
import functools
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from seeds import write_seeds

from host_build import ToolMissingError, build_program

TARGETS = ("fuzz_image", "fuzz_relocations")
COMPILER = "clang-14"


#: what a sanitizer, or libFuzzer itself, says of what it has found
CAUSE = re.compile(
    r"^SUMMARY: \w+Sanitizer: (?P<summary>[\w-]+)"
    r"|^(?P<place>\S+): runtime error: (?P<undefined>.+)$"
    r"|^==\d+== ERROR: libFuzzer: (?P<fuzzer>.+?)(?: after .*| \(.*)?$"
    r"|Assertion `(?P<assertion>.+)' failed",
    re.MULTILINE,
)
#: of one finding, what says most first
KINDS = ("assertion", "undefined", "fuzzer", "summary")
#: the innermost function of the component on a stack
FRAME = re.compile(
    r"^ *#\d+ 0x\w+ in (?P<function>\w+) \S*?/hotreload/(?P<file>\S+?:\d+)", re.MULTILINE
)
STATE = re.compile(r"#(\d+)\s.*cov: (\d+) .*exec/s: (\d+)")
SECONDS = 10.0  # between two lines about a run


@dataclass(frozen=True)
class Outcome:
    target: str
    executions: int
    edges: int  # covered ones
    findings: list[Path]
    log: str

    @property
    def complaint(self) -> str:
        """What was found in one line, what to do about it, and then what the fuzzer has said."""
        commands = [f"{self.target} {path}" for path in self.findings]
        found = f"{Path(self.target).name}: {cause_of(self.log)}"
        return "\n".join([found, "reproduce with:", *commands, self.log[-8000:]])


def cause_of(log: str) -> str:
    """What is wrong, and in which function of the component."""
    told = {kind: match[kind] for match in CAUSE.finditer(log) for kind in KINDS if match[kind]}
    cause = next((told[kind] for kind in KINDS if kind in told), "ended without a word")
    frame = FRAME.search(log)
    return f"{cause} in {frame['function']} ({frame['file']})" if frame else cause


def build(target: str, folder: Path) -> Path:
    if shutil.which(COMPILER) is None:
        raise ToolMissingError(
            f"no {COMPILER} to fuzz with: run ci/setup --tests, or install it and "
            "libclang-rt-14-dev"
        )
    return build_program(folder, target, f"CMAKE_C_COMPILER={COMPILER}", "HOTRELOAD_WIDTHS=64")


def fuzz(
    program: Path, folder: Path, *limits: str, say: Callable[[str], None] = lambda state: None
) -> Outcome:
    """Run in `folder`, which keeps the corpus, the findings and the seeds.

    What an earlier run has found is tried again, and is a finding as long as it is not fixed.
    `say` is told how far it is.
    """
    corpus, findings, seeds, work = (
        folder / name for name in ("corpus", "findings", "seeds", "work")
    )
    for each in (corpus, findings, seeds, work):
        each.mkdir(parents=True, exist_ok=True)
    for earlier in findings.iterdir():
        earlier.replace(corpus / earlier.name)
    write_seeds(program.name, seeds, work)
    command = [
        *(str(program), str(corpus), str(seeds), *limits),
        *("-max_len=65536", "-timeout=20", "-rss_limit_mb=1024"),
        *("-print_final_stats=1", f"-artifact_prefix={findings}/"),
    ]
    log = ""
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as done:
        assert done.stderr is not None
        for line in done.stderr:
            log += line
            state = STATE.match(line)
            if state:
                say("{0} executions, {2} a second, {1} edges covered".format(*state.groups()))
    executions = re.search(r"stat::number_of_executed_units:\s*(\d+)", log)
    edges = re.findall(r"cov: (\d+)", log)
    found = sorted(findings.iterdir())
    assert done.returncode == 0 or found, f"{program.name} cannot run:\n{log[-8000:]}"
    return Outcome(
        str(program),
        int(executions[1]) if executions else 0,
        int(edges[-1]) if edges else 0,
        found,
        log,
    )


def at_times(show: Callable[[str], None]) -> Callable[[str], None]:
    """Show what is said, but not more often than every `SECONDS`."""
    due = time.monotonic() + SECONDS

    def say(state: str) -> None:
        nonlocal due
        if time.monotonic() >= due:
            show(state)
            due = time.monotonic() + SECONDS

    return say


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz the loader for long.")
    parser.add_argument("--seconds", type=int, required=True, help="for each target")
    parser.add_argument("--folder", type=Path, required=True, help="keeps corpus and findings")
    options = parser.parse_args()
    found = False
    for target in TARGETS:
        try:
            program = build(target, options.folder / "program")
        except ToolMissingError as missing:
            print(missing, file=sys.stderr)
            return 1
        show = functools.partial(print, f"{target}:", flush=True)
        outcome = fuzz(
            program,
            options.folder / target,
            f"-max_total_time={max(1, options.seconds)}",
            say=at_times(show),
        )
        print(
            f"{target}: {outcome.executions} executions, {outcome.edges} edges covered, "
            f"{len(outcome.findings)} findings"
        )
        if outcome.findings:
            found = True
            print(outcome.complaint, file=sys.stderr)
    return int(found)


if __name__ == "__main__":
    sys.exit(main())
