"""Lines about work that takes long, while it goes on.

On a terminal one line is written again and again. Elsewhere, and from xdist's processes, which
share the terminal, there is a line every some seconds.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Protocol

#: work that is over by then is not worth a line
FIRST_SECONDS = 1.0
#: between two lines
SECONDS = 5.0
#: between two states of one line
REWRITE_SECONDS = 0.1

Say = Callable[[str], None]


class Screen(Protocol):
    """Where the lines go."""

    @property
    def rewrites(self) -> bool:
        """Whether `show` replaces what it has shown before."""

    def show(self, line: str) -> None:
        """Show the state of some work."""

    def end(self, line: str) -> None:
        """Show how it ended, and leave that."""


class NoScreen:
    """For who does not look."""

    rewrites = False

    def show(self, line: str) -> None:
        """Nobody sees it."""

    end = show


class Progress:
    """Tells on a screen of what takes long."""

    def __init__(self, screen: Screen, clock: Callable[[], float] = time.monotonic) -> None:
        self._screen = screen
        self._clock = clock

    @contextlib.contextmanager
    def of(self, work: str) -> Iterator[Say]:
        """Some work, which says its state as often as it likes."""
        started = self._clock()
        due = started + FIRST_SECONDS
        told = False

        def say(state: str) -> None:
            nonlocal due, told
            now = self._clock()
            if now >= due:
                self._screen.show(f"{work}: {state}")
                due = now + (REWRITE_SECONDS if self._screen.rewrites else SECONDS)
                told = True

        outcome = "failed after"
        try:
            yield say
            outcome = "took"
        finally:
            if told:
                self._screen.end(f"{work}: {outcome} {self._clock() - started:.0f} s")
