"""Who has which board: each has one user at a time, on the whole machine.

A board is held by a lock of the kernel, which goes with the process, whatever that dies of. A
test that needs several boards takes them while it holds a further lock, so that only one test at a
time waits with a board in its hands.
"""

import contextlib
import fcntl
import functools
import hashlib
import os
import queue
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from pytest_embedded_hotreload.board.errors import BoardError, NoBoardLeftError
from pytest_embedded_hotreload.board.inventory import Board
from pytest_embedded_hotreload.board.records import Records

T = TypeVar("T")


def lock_folder() -> Path:
    """Where all users of this machine keep their locks on devices."""
    shared = Path("/run/lock")
    return shared if os.access(shared, os.W_OK) else Path(tempfile.gettempdir())


def lock_of(board: Board, folder: Path) -> Path:
    """The lock that who uses a board holds."""
    # a port by another name is the same board
    port = str(Path(board.port).resolve()) if board.port.startswith("/") else board.port
    key = hashlib.sha256(port.encode()).hexdigest()[:16]
    return folder / f"hotreload-board-{key}.lock"


class Pool:
    """The boards of a run."""

    def __init__(self, boards: Sequence[Board], records: Records, folder: Path) -> None:
        self._boards = list(boards)
        self._records = records
        self._folder = folder

    @property
    def boards(self) -> list[Board]:
        """Those that have not failed."""
        failed = self._records.failures()
        return [board for board in self._boards if board.name not in failed]

    @contextlib.contextmanager
    def take(self, count: int, connect: Callable[[Board], T]) -> Iterator[list[T]]:
        """Have `count` boards, as what `connect` makes of them.

        A board for which `connect` raises `BoardError` is recorded, and another one is taken.
        """
        with contextlib.ExitStack() as held:
            if count > 1:
                held.enter_context(_Lock(self._folder / "hotreload-several-boards.lock"))
            taken: list[Board] = []
            connected: list[T] = []
            while len(connected) < count:
                board = held.enter_context(self._next(taken, count))
                taken.append(board)
                if board.name in self._records.failures():
                    continue  # while this one was waited for
                try:
                    connected.append(connect(board))
                except BoardError as error:
                    self._records.add_failure(error)
            yield connected

    @contextlib.contextmanager
    def try_each(self) -> Iterator[list[Board]]:
        """Have those boards that nobody uses now."""
        with contextlib.ExitStack() as held:
            free = []
            for board in self._boards:
                lock = _Lock(lock_of(board, self._folder))
                if lock.try_take():
                    held.callback(lock.release)
                    free.append(board)
            yield free

    @contextlib.contextmanager
    def _next(self, taken: Sequence[Board], count: int) -> Iterator[Board]:
        """The first board to be free, of those that are neither taken nor failed."""
        candidates = [board for board in self.boards if board not in taken]
        if not candidates:
            raise NoBoardLeftError(self._none_left(count))
        free: queue.SimpleQueue[tuple[Board, _Lock]] = queue.SimpleQueue()
        locks = []
        for board in candidates:
            lock = _Lock(lock_of(board, self._folder))
            locks.append(lock)
            if lock.try_take():
                free.put((board, lock))
                break
        else:
            for board, lock in zip(candidates, locks, strict=True):
                lock.take_when_free(functools.partial(free.put, (board, lock)))
        board, lock = free.get()
        for other in locks:
            if other is not lock:
                other.release()
        try:
            yield board
        finally:
            lock.release()

    def _none_left(self, count: int) -> str:
        failures = "; ".join(self._records.failures().values()) or "none has failed"
        return (
            f"{count} of {len(self._boards)} boards wanted, and no further one is left: {failures}"
        )


class _Lock:
    """One lock file, which stays: to remove it would split the lock."""

    def __init__(self, path: Path) -> None:
        # in a folder of all users, who have to be able to open it: not by O_CREAT, which Linux
        # refuses for files of others in such a folder (fs.protected_regular)
        try:
            self._file = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            with contextlib.suppress(PermissionError):  # another user was faster
                os.fchmod(self._file, 0o666)
        self._state = threading.Lock()
        self._waiting = False
        self._released = False

    def __enter__(self) -> "_Lock":
        fcntl.flock(self._file, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def try_take(self) -> bool:
        """Whether it was free."""
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    def take_when_free(self, taken: Callable[[], None]) -> None:
        """Call `taken` once it is held, unless it is released before."""
        self._waiting = True
        threading.Thread(target=self._wait, args=(taken,), name="board", daemon=True).start()

    def release(self) -> None:
        """Give it up, or give up waiting for it."""
        with self._state:
            self._released = True
            if not self._waiting:
                os.close(self._file)

    def _wait(self, taken: Callable[[], None]) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        with self._state:
            self._waiting = False
            if self._released:
                os.close(self._file)
            else:
                taken()
