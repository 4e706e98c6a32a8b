"""The lines that a change touches."""

import re
import subprocess
from pathlib import Path

_FILE = re.compile(r"^\+\+\+ b/(.+)$")
_LINES = re.compile(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@")


def changed_lines(root: Path, base: str) -> dict[str, set[int]]:
    """By file the lines that are not in `base`, a commit, as they are in the work tree."""
    merged = ["git", "merge-base", base, "HEAD"]
    start = subprocess.run(merged, cwd=root, capture_output=True, text=True, check=True)
    command = ["git", "diff", "--unified=0", "--no-color", "--no-ext-diff", start.stdout.strip()]
    diff = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    found: dict[str, set[int]] = {}
    lines: set[int] = set()
    for text in diff.splitlines():
        if match := _FILE.match(text):
            lines = found.setdefault(match[1], set())
        elif match := _LINES.match(text):
            first = int(match[1])
            lines |= {*range(first, first + int(match[2] or 1))}
    return found
