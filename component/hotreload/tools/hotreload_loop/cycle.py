"""One turn: build the module, send it, see that it runs. And turns for as long as one edits."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hotreload_client import Client, Key

from .build import Build
from .delivery import check_fits, deliver, runs
from .errors import ERRORS, WrongCallError
from .firmware import Firmware, what_changed
from .module import Module
from .newest import why_not_newest
from .progress import tell, waiting
from .trial import Trial

URL_VARIABLE = "HOTRELOAD_URL"
TIMEOUT = 30.0
POLL = 0.025  # seconds; some hundred files are looked at in less than a hundredth of that

State = tuple[int, int, int]  # of a file: when it was written in nanoseconds, bytes, inode
UNSEEN: State = (0, 0, 0)


@dataclass(frozen=True)
class Cycle:
    build: Build
    url: str | None = None
    timeout: float = TIMEOUT
    key_file: Path | None = None
    firmwares: dict[str, Firmware] = field(default_factory=dict)  # by identity, those seen so far

    @property
    def address(self) -> str | None:
        return self.url or os.environ.get(URL_VARIABLE) or self.build.device_url

    def client(self) -> Client:
        url = self.address
        if not url:
            raise WrongCallError(
                f"which device? use --url http://HOST:PORT, or set {URL_VARIABLE}, or start one "
                "with `idf.py run-project --qemu`"
            )
        key = Key.load(self.key_file) if self.key_file else self.build.key
        return Client(url, key, self.timeout)

    def reload(self) -> None:
        """One turn, and what comes of it."""
        self.turn().follow()

    def turn(self, *, only_if_new: bool = False, saved: float | None = None) -> Trial:
        """Bring the module into the device; `only_if_new`: unless it is the one that runs."""
        client = self.client()
        self._remember_firmware()
        started = time.monotonic()
        answer = asked(client)
        with waiting(lambda: f"building {self.build.component}"):
            module, said = self.build.make_module(colours=sys.stderr.isatty())
        sys.stderr.write(said)
        built = time.monotonic()
        with waiting(lambda: f"waiting for an answer from {client.address}"):
            status = answer()
        check_fits(status, module, self._advice)
        older = why_not_newest(status)
        if older:
            tell(older)
        if only_if_new and runs(status, module):
            tell(f"{self.build.component} runs already, nothing has changed")
            return Trial(client, module, status, status, self.timeout)
        before, status = status, deliver(client, module, status, self.timeout)
        ended = time.monotonic()
        since = f", {time.time() - saved:.2f} s after the save" if saved else ""
        tell(
            f"{self.build.component} runs: {status['size']} bytes, module {status['module']} since "
            f"boot{since} (build {built - started:.2f} s, device {ended - built:.2f} s)"
        )
        return Trial(client, module, before, status, self.timeout)

    def _remember_firmware(self) -> None:
        """Which the device may have: it is the one that was built before this turn."""
        with contextlib.suppress(*ERRORS):
            identity = Module.read(Path(self.build.manifest["output"])).firmware
            if identity not in self.firmwares:
                self.firmwares[identity] = Firmware.of(self.build)

    def _advice(self, running: str) -> str:
        """Why this build has another firmware than the one that runs, and what to do about it."""
        emulated = self.address in self.build.device_urls
        what_to_do = (
            "end `idf.py run-project --qemu` and start it again, which runs the new one"
            if emulated
            else "flash it first (idf.py flash)"
        )
        if running not in self.firmwares:
            return what_to_do
        why = what_changed(self.firmwares[running], Firmware.of(self.build))
        return f"{why}: {what_to_do}"

    def watch(self) -> None:
        """A turn now and after each save of a source or header of the module, without an end."""
        self.client()  # without an address no save would help
        states = look(self.build.sources())
        trial = self._try_turn(states, None)
        tell(f"watching {len(states)} files of {self.build.component}, Ctrl-C ends this")
        pause = threading.Event()
        ended = time.time_ns()
        while True:
            pause.wait(POLL)
            now = look(states)
            changed = {path: state for path, state in now.items() if state != states.get(path)}
            if not changed:
                trial = self._try_look(trial)
                continue
            states.update(changed)
            times = [state[0] for state in changed.values()]
            if min(times) < ended:
                # written while it was compiled, or with an older time than that: Ninja takes what
                # came of it for the newer
                self._forget_objects()
            trial = self._try_turn(states, max(times) / 1e9)
            ended = time.time_ns()

    def _forget_objects(self) -> None:
        with contextlib.suppress(*ERRORS):  # of which the turn tells
            self.build.forget_objects()

    def _try_turn(self, states: dict[Path, State], saved: float | None) -> Trial | None:
        """A turn; `states` then also has what is included since its build."""
        started = time.time_ns()
        trial = None
        try:
            trial = self.turn(only_if_new=True, saved=saved)
        except ERRORS as error:
            complain(error)
            tell("the next save tries again")
        # without a build directory nothing is included, which the turn has said
        with contextlib.suppress(*ERRORS):
            for path, state in look(self.build.sources() - set(states)).items():
                # a save since then may have come behind the build, while the device was asked
                states[path] = state if state[0] < started else UNSEEN
        return trial

    def _try_look(self, trial: Trial | None) -> Trial | None:
        """Returns what is to be looked at again."""
        try:
            if trial is not None:
                trial.look()
        except ERRORS as error:
            complain(error)
        return None if trial is None or trial.is_over else trial


def asked(client: Client) -> Callable[[], dict[str, Any]]:
    """Ask for the device's state while the module is built; returns what waits for the answer."""
    answer: Future[dict[str, Any]] = Future()

    def ask() -> None:
        try:
            answer.set_result(client.status())
        except BaseException as error:  # raised where the answer is waited for
            answer.set_exception(error)

    # nobody waits for it when the module is not built
    threading.Thread(target=ask, daemon=True).start()
    return answer.result


def look(paths: Iterable[Path]) -> dict[Path, State]:
    """What tells that a file was written, of those that are there and not empty.

    Some editors move the old file away before they write the new one, others cut it to nothing.
    """
    states = {}
    for path in paths:
        with contextlib.suppress(OSError):
            found = path.stat()
            if found.st_size > 0:
                states[path] = (found.st_mtime_ns, found.st_size, found.st_ino)
    return states


def complain(error: Exception | str) -> None:
    """The last line is the error, those before are what a compiler said."""
    *details, last = str(error).splitlines()
    sys.stdout.flush()
    print(*details, f"hotreload: error: {last}", sep="\n", file=sys.stderr, flush=True)
