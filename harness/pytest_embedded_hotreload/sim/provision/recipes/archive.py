"""Compiles sources into a static library, with ninja to do it in parallel."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_embedded_hotreload.sim.provision.steps import Step

_RULES = """\
rule cc
  command = {compiler} $flags -c $in -o $out
  description = $in
rule ar
  command = rm -f $out && {archiver} rcs $out @$out.rsp
  rspfile = $out.rsp
  rspfile_content = $in
"""


@dataclass(frozen=True)
class Unit:
    """One object of the library."""

    name: str
    source: Path
    flags: tuple[str, ...] = ()


def compile_archive(
    archive: Path, units: Sequence[Unit], flags: Sequence[str], tools: Path, work: Path, step: Step
) -> None:
    """Make `archive` of `units` with the tools whose names begin as `tools` does."""
    work.mkdir(parents=True)
    rules = _RULES.format(
        compiler=_shell_words([f"{tools}gcc"]), archiver=_shell_words([f"{tools}ar"])
    )
    lines = [rules]
    for unit in units:
        lines.append(f"build {unit.name}.o: cc {_path(unit.source)}")
        lines.append(f"  flags = {_shell_words([*flags, *unit.flags])}")
    objects = " ".join(f"{unit.name}.o" for unit in units)
    lines.append(f"build {_path(archive)}: ar {objects}")
    (work / "build.ninja").write_text("\n".join(lines) + "\n")
    archive.parent.mkdir(parents=True, exist_ok=True)
    step.run(["ninja", "-C", work], f"{archive.name} does not compile")


def _path(path: Path) -> str:
    """A path in ninja's own syntax; ninja quotes it for the shell."""
    return str(path).replace("$", "$$").replace(" ", "$ ").replace(":", "$:")


def _shell_words(words: Sequence[str]) -> str:
    return shlex.join(words).replace("$", "$$")
