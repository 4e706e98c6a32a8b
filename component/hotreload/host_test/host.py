"""A way to run the component on the host step by step, and to read what the steps printed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

#: of a run, which takes a small part of that
SECONDS = 10

_FOUND = re.compile(
    r"^SUMMARY: (?:AddressSanitizer|UndefinedBehaviorSanitizer): (.+)$|runtime error: (.+)$"
    r"|^\S+: (\S+:\d+: \w+: Assertion .+)$",
    re.MULTILINE,
)


def finding(stderr: str) -> str:
    """What a sanitizer, or the host's part of ESP-IDF, says that the component has done wrong."""
    found = [next(filter(None, match.groups())) for match in _FOUND.finditer(stderr)]
    return f"the component does what it never may: {found[0]}" if found else "the program fails"


@dataclass(frozen=True)
class Run:
    """What the steps printed."""

    output: str

    def result(self, step: str) -> str:
        """The name of the error, or ESP_OK, with which the only such step ended."""
        results = self.results(step)
        assert len(results) == 1, f"{step} has ended {len(results)} times:\n{self.output}"
        return results[0]

    def results(self, step: str) -> list[str]:
        return re.findall(rf"^{step}: (\S+)", self.output, re.MULTILINE)

    def message(self, step: str) -> str:
        match = re.search(rf"^{step}: \S+ (.*)$", self.output, re.MULTILINE)
        assert match, self.output
        return match[1]

    def lines(self, start: str) -> list[str]:
        return [line for line in self.output.splitlines() if line.startswith(start)]

    @property
    def events(self) -> list[str]:
        """Names of the trace events."""
        return re.findall(r"^HR \d+ \d+ (\w+)", self.output, re.MULTILINE)

    @property
    def symbols(self) -> dict[str, int]:
        found = re.findall(r"^symbol (\S+) 0x(\w+)", self.output, re.MULTILINE)
        return {name: int(address, 16) for name, address in found}

    @property
    def images(self) -> dict[int, bytes]:
        """The loaded segments by run address."""
        found = re.findall(r"^image 0x(\w+) (\w*)$", self.output, re.MULTILINE)
        return {int(address, 16): bytes.fromhex(data) for address, data in found}


@dataclass
class Host:
    program: Path
    folder: Path
    files: int = 0

    def file(self, data: bytes) -> Path:
        self.files += 1
        path = self.folder / f"{self.files}.bin"
        path.write_bytes(data)
        return path

    def run(self, *steps: str) -> Run:
        command = [str(self.program), *steps]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, errors="replace", timeout=SECONDS
            )
        except subprocess.TimeoutExpired as hanging:
            said = (hanging.stdout or b"").decode(errors="replace")
            raise AssertionError(f"the component hangs:\n{said}") from None
        assert done.returncode == 0, f"{finding(done.stderr)}\n{done.stdout}{done.stderr}"
        return Run(done.stdout)

    def load(self, elf: bytes, names: Sequence[str] = ("f",), *before: str) -> Run:
        steps = [f"names={','.join(names)}"] if names else []
        return self.run(*before, *steps, f"load={self.file(elf)}")
