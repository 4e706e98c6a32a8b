"""Decoding what a panic prints."""

import re
import subprocess
from pathlib import Path

_BACKTRACE = re.compile(r"^Backtrace:((?:\s*0x[0-9a-f]+:0x[0-9a-f]+)+)", re.MULTILINE)
_FRAME = re.compile(r"(0x[0-9a-f]+):0x[0-9a-f]+")


def decode_backtraces(console: str, elf: Path, addr2line: Path) -> str:
    """The call stacks of all panics on a console, one frame a line; empty if there is none."""
    return "\n\n".join(
        decode_frames(_FRAME.findall(match.group(1)), elf, addr2line)
        for match in _BACKTRACE.finditer(console)
    )


def decode_frames(addresses: list[str], elf: Path, addr2line: Path) -> str:
    """One line for each address: function and place in the source."""
    result = subprocess.run(
        [str(addr2line), "-pfiaC", "-e", str(elf), *addresses],
        capture_output=True,
        text=True,
    )
    return (result.stdout or result.stderr).rstrip()
