"""What a person sees of a set-up: one line for each step with the time it took, and its log."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pytest_embedded_hotreload.sim.sdk import ProvisionError

LOG_LINES_SHOWN = 15
# tools answer in English whatever the user's language is
ENVIRONMENT = {"LC_ALL": "C.UTF-8"}


class StepError(ProvisionError):
    """A program that a step ran has failed; knows its last lines and where the rest is."""

    def __init__(self, message: str, log: Path, details: Sequence[str]) -> None:
        super().__init__(message, details)
        self.log = log


class Step:
    """One step: runs programs with their whole output in a log."""

    def __init__(self, name: str, log: Path, terminal: IO[str]) -> None:
        self.name = name
        self.log = log
        self._terminal = terminal
        self._started = time.monotonic()
        self._write(f"  {name:<24}")

    def say(self, text: str) -> None:
        """Show what is going on: on a terminal, behind the name of the step."""
        if self._terminal.isatty():
            self._write(f"\r\033[K  {self.name:<24}{text} ...")

    def close(self, outcome: str) -> None:
        if self._terminal.isatty():
            self._write(f"\r\033[K  {self.name:<24}")
        self._write(f"{outcome:<40} {time.monotonic() - self._started:6.1f} s\n")

    def _write(self, text: str) -> None:
        self._terminal.write(text)
        self._terminal.flush()

    def run(
        self, command: Sequence[str | Path], complaint: str, *, cwd: Path | None = None
    ) -> None:
        """Run a program; when it fails, `complaint` says what that means for the user."""
        with self.log.open("a") as log:
            log.write(f"$ {shlex.join(map(str, command))}\n")
            log.flush()
            try:
                code = subprocess.run(
                    [str(part) for part in command],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    close_fds=False,  # a lock that is to be held by them too
                    cwd=cwd,
                    env=os.environ | ENVIRONMENT,
                    check=False,
                ).returncode
            except FileNotFoundError as error:
                raise ProvisionError(f"{complaint}: there is no {error.filename}") from error
        if code:
            lines = self.log.read_text(errors="replace").splitlines()
            raise StepError(complaint, self.log, lines[-LOG_LINES_SHOWN:])

    def succeeds(self, command: Sequence[str]) -> bool:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def output(self, command: Sequence[str]) -> str:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=os.environ | ENVIRONMENT,
            check=False,
        ).stdout


class Steps:
    """The steps of one set-up."""

    def __init__(self, logs: Path, terminal: IO[str] = sys.stdout) -> None:
        self._logs = logs
        self._terminal = terminal

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self._logs / f"{name.replace(' ', '-').lower()}-{os.getpid()}.log"
        step = Step(name, log, self._terminal)
        try:
            yield step
        except BaseException:
            step.close("failed")
            raise
        step.close("done")
