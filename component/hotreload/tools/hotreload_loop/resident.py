"""Runs of the build tool that are done in this process, which spares a start of Python for each.

Ninja goes on to say when the tool has to run. It starts `resident.sh`, which has inherited two
pipes: it writes its command to one, and reads from the other how the run has ended. A tool whose
sources are not those that are imported here, of an older or a newer component, is started as ever.

One run at a time asks: those of the module, each of which needs what the one before has made.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from types import TracebackType

import hotreload_module

VARIABLE = "HOTRELOAD_RESIDENT"
DECLINED = "declined"


class Resident:
    """Does runs for a Ninja that has `environment`, and inherits `pipes`."""

    def __init__(self) -> None:
        self._requests, asks = os.pipe()
        answers, self._answers = os.pipe()
        self.pipes = (asks, answers)
        self.environment = {VARIABLE: f"{asks},{answers}"}
        #: what the runs had to say
        self.said = ""
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Resident:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.write(self.pipes[0], b"0\n")  # a command of no words
        self._thread.join()
        for pipe in (self._requests, self._answers, *self.pipes):
            os.close(pipe)

    def _serve(self) -> None:
        with open(self._requests, encoding="utf-8", closefd=False) as requests:
            while True:
                words = [requests.readline()[:-1] for _ in range(int(requests.readline()))]
                if not words:
                    return
                os.write(self._answers, f"{self._run(words)}\n".encode())

    def _run(self, command: list[str]) -> int | str:
        _python, _b, _s, program, *arguments = command
        try:
            if sources(Path(program)) != OURS:
                return DECLINED
            run = hotreload_module.execute(arguments)
        except (Exception, SystemExit):  # who is started tells of it
            return DECLINED
        self.said += run.errors + run.output
        return run.status


def sources(program: Path) -> dict[str, bytes]:
    """All that the build tool is made of."""
    files = [program, *(program.parent / "hotreload_build").glob("*.py")]
    return {path.name: path.read_bytes() for path in files}


OURS = sources(Path(hotreload_module.__file__))
