"""The one exception that users of the build tools see."""

from __future__ import annotations


class ModuleError(Exception):
    """A module cannot be built. `output` is what the compiler or linker said, if one was run."""

    def __init__(self, summary: str, output: str = "") -> None:
        super().__init__(f"{summary}\n{output.rstrip()}" if output else summary)
        self.summary = summary
        self.output = output
