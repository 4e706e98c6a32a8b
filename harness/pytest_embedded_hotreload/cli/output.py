"""What goes to standard output: JSON for programs, else text for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def show(content: dict[str, Any], as_json: bool, draw: Callable[[Console], None]) -> None:
    """One result: `content` as JSON, or drawn."""
    if as_json:
        print(json.dumps(content, indent=2))
    else:
        draw(console())


def console() -> Console:
    """Standard output for people; as wide as its lines are where nobody looks at it."""
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:
            """Rich would end the process with a status of its own."""
            raise BrokenPipeError

    terminal = sys.stdout.isatty()
    return Output(soft_wrap=not terminal, highlight=False, emoji=False, markup=False)


def event(**content: Any) -> None:
    """One of many results, as a line of JSON."""
    print(json.dumps(content), flush=True)


class EventLines:
    """A text file that makes an event of each line that is written to it."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._stdout = sys.stdout
        self._line = ""

    def write(self, text: str) -> int:
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            print(json.dumps({"event": self._kind, "text": line}), file=self._stdout, flush=True)
        return len(text)

    def flush(self) -> None:
        """A line is written when it is complete."""

    def isatty(self) -> bool:
        """Nobody looks at it."""
        return False
