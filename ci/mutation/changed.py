"""The lines that a change touches."""

import re
import subprocess
from pathlib import Path

#: what a change is made to
MAIN = ("origin/main", "main")

_FILE = re.compile(r"^\+\+\+ b/(.+)$")
_LINES = re.compile(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@")


def start_of(root: Path) -> str:
    """The commit that the work tree is a change to: where it left the main branch."""
    starts = (_git(root, "merge-base", name, "HEAD") for name in MAIN)
    return next((start for start in starts if start), "HEAD")


def changed_lines(root: Path, start: str) -> dict[str, set[int]]:
    """By file the lines that are not in the commit `start`, as they are in the work tree."""
    diff = _git(root, "diff", "--unified=0", "--no-color", "--no-ext-diff", start)
    found: dict[str, set[int]] = {}
    lines: set[int] = set()
    for text in diff.splitlines():
        if match := _FILE.match(text):
            lines = found.setdefault(match[1], set())
        elif match := _LINES.match(text):
            first = int(match[1])
            lines |= {*range(first, first + int(match[2] or 1))}
    return found


def _git(root: Path, *arguments: str) -> str:
    """What it says; "": it fails."""
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
