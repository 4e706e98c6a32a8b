"""One board has one user at a time, whoever asks and however users end."""

import functools
import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_embedded_hotreload.board.errors import BoardError, NoBoardLeftError
from pytest_embedded_hotreload.board.inventory import Board
from pytest_embedded_hotreload.board.pool import Pool
from pytest_embedded_hotreload.board.records import Records

A, B, C = (
    Board(name, f"rfc2217://127.0.0.1:{port}") for name, port in (("a", 1), ("b", 2), ("c", 3))
)
FORK = multiprocessing.get_context("fork")
#: seconds, for what takes milliseconds unless somebody waits for ever
PATIENCE = 5.0


def soon(test: Callable[..., None]) -> Callable[..., None]:
    """A test whose boards are taken here: one that is never given does not hold up the run."""

    @functools.wraps(test)
    def run(**fixtures: Any) -> None:
        __tracebackhide__ = True
        ended: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

        def tell() -> None:
            try:
                test(**fixtures)
            except BaseException as error:
                ended.put(error)
            else:
                ended.put(None)

        threading.Thread(target=tell, daemon=True).start()
        try:
            error = ended.get(timeout=PATIENCE)
        except queue.Empty:
            pytest.fail(f"a board is waited for that nobody has, in {test.__name__}", pytrace=False)
        if error is not None:
            raise error

    return run


@pytest.fixture(autouse=True)
def no_user_is_left() -> Iterator[None]:
    """A test ends its users; those of one that fails are ended here."""
    yield
    left = multiprocessing.active_children()
    for process in left:
        process.kill()
        process.join()
    assert not left


@pytest.fixture
def make_pool(tmp_path: Path) -> Callable[..., Pool]:
    locks = tmp_path / "locks"
    locks.mkdir()

    def make(*boards: Board, session: str = "session") -> Pool:
        return Pool(boards, Records(lambda: tmp_path / session), locks)

    return make


def name(board: Board) -> str:
    return board.name


def hold(pool: Pool, count: int, told: Any, end: Any) -> None:
    with pool.take(count, name) as names:
        told.send(names)
        end.recv()


class User:
    """A process that takes boards and keeps them until it is told or killed."""

    def __init__(self, pool: Pool, count: int = 1) -> None:
        self.told, told = FORK.Pipe(duplex=False)
        end, self._end = FORK.Pipe(duplex=False)
        self.process = FORK.Process(target=hold, args=(pool, count, told, end), daemon=True)
        self.process.start()
        told.close()

    def boards(self) -> list[str]:
        assert self.told.poll(PATIENCE), "a board that is free was not given to who waits for it"
        try:
            names: list[str] = self.told.recv()
        except EOFError:
            pytest.fail("a user has failed to take a board", pytrace=False)
        return names

    def end(self) -> None:
        self._end.send(None)
        self.process.join(PATIENCE)
        assert self.process.exitcode == 0, "a user could not give its board back"

    def kill(self) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()


def test_two_users_have_two_boards(make_pool: Callable[..., Pool]) -> None:
    first, second = User(make_pool(A, B)), User(make_pool(A, B, session="another"))

    assert {*first.boards(), *second.boards()} == {"a", "b"}

    first.end()
    second.end()


def test_a_third_user_waits_for_the_first_board_that_is_free(
    make_pool: Callable[..., Pool],
) -> None:
    users = [User(make_pool(A, B)) for _ in range(2)]
    held = {user.boards()[0]: user for user in users}
    third = User(make_pool(A, B))
    assert not third.told.poll(0.1)

    held["b"].end()

    assert third.boards() == ["b"]
    third.end()
    held["a"].end()


def test_who_has_waited_for_two_boards_keeps_one(make_pool: Callable[..., Pool]) -> None:
    """The other one is for the next who wants it, also while the first is in use."""
    users = [User(make_pool(A, B)) for _ in range(2)]
    held = {user.boards()[0]: user for user in users}
    third = User(make_pool(A, B))
    held["b"].end()
    assert third.boards() == ["b"]

    held["a"].end()
    fourth = User(make_pool(A, B))

    assert fourth.boards() == ["a"]
    third.end()
    fourth.end()


@soon
def test_more_boards_than_there_are(make_pool: Callable[..., Pool]) -> None:
    said = "2 of 1 boards wanted, and no further one is left: none has failed"
    with pytest.raises(NoBoardLeftError, match=said), make_pool(A).take(2, name):
        pass


def test_a_killed_user_frees_its_board(make_pool: Callable[..., Pool]) -> None:
    first = User(make_pool(A))
    first.boards()
    second = User(make_pool(A))

    first.kill()

    assert second.boards() == ["a"]
    second.end()


def test_users_of_several_boards_do_not_wait_for_each_other(make_pool: Callable[..., Pool]) -> None:
    orders = [(A, B, C), (C, B, A), (B, C, A), (C, A, B)]
    users = [User(make_pool(*order), 2) for order in orders] + [User(make_pool(A, B, C))]

    while users:
        ready = multiprocessing.connection.wait([user.told for user in users], PATIENCE)
        assert ready, "users wait for each other"
        user = next(user for user in users if user.told is ready[0])
        taken = user.boards()
        assert len(set(taken)) == len(taken)
        user.end()
        users.remove(user)


def test_two_users_of_two_boards_with_one_in_hand(make_pool: Callable[..., Pool]) -> None:
    """Each asks first for what the other asks for last: one of them has to have waited."""
    in_hand = {A.name: threading.Event(), B.name: threading.Event()}
    done: list[list[str]] = []

    def use(first: Board, last: Board) -> None:
        def connect(board: Board) -> str:
            if board is first:
                in_hand[first.name].set()
                in_hand[last.name].wait(0.5)  # until the other has its first one, if it gets that
            return board.name

        with make_pool(first, last).take(2, connect) as names:
            done.append(names)

    users = [threading.Thread(target=use, args=pair, daemon=True) for pair in ((A, B), (B, A))]
    for user in users:
        user.start()
    for user in users:
        user.join(PATIENCE)

    assert sorted(done) == [["a", "b"], ["b", "a"]], "both wait for ever"


def test_one_board_under_two_names(make_pool: Callable[..., Pool], tmp_path: Path) -> None:
    port, link = tmp_path / "ttyUSB0", tmp_path / "by-id"
    port.touch()
    link.symlink_to(port)
    first = User(make_pool(Board("one", str(port))))
    first.boards()
    second = User(make_pool(Board("other", str(link))))
    assert not second.told.poll(0.1)

    first.end()

    assert second.boards() == ["other"]
    second.end()


@soon
def test_a_board_that_fails_is_replaced_and_not_taken_again(
    make_pool: Callable[..., Pool], tmp_path: Path
) -> None:
    tried = []

    def connect(board: Board) -> str:
        tried.append(board.name)
        if board is A:
            raise BoardError(board, "nobody answers")
        return board.name

    for _ in range(2):
        with make_pool(A, B).take(1, connect) as names:
            assert names == ["b"]
    assert tried == ["a", "b", "b"]
    assert Records(lambda: tmp_path / "session").failures() == {
        "a": "board a (rfc2217://127.0.0.1:1): nobody answers"
    }


@soon
def test_no_board_is_left(make_pool: Callable[..., Pool]) -> None:
    def connect(board: Board) -> str:
        raise BoardError(board, "nobody answers")

    said = r"2 of 2 boards wanted, and no further one is left: board a .*answers; board b .*answers"
    with pytest.raises(NoBoardLeftError, match=said), make_pool(A, B).take(2, connect):
        pass
    with make_pool(A, B, session="another").take(2, name) as names:
        assert names == ["a", "b"]


@soon
def test_a_board_that_fails_while_it_is_waited_for(
    make_pool: Callable[..., Pool], tmp_path: Path
) -> None:
    pool = make_pool(A, B)
    got: list[str] = []

    def wait() -> None:
        with pool.take(1, name) as names:
            got.extend(names)

    with pool.take(2, name):
        waiting = threading.Thread(target=wait, daemon=True)
        waiting.start()
        Records(lambda: tmp_path / "session").add_failure(BoardError(A, "it burns"))
    waiting.join(PATIENCE)

    assert got == ["b"]


@soon
def test_only_free_boards_are_tried(make_pool: Callable[..., Pool]) -> None:
    with make_pool(A, B).take(1, name), make_pool(A, B).try_each() as free:
        assert free == [B]
    with make_pool(A, B).try_each() as free:
        assert free == [A, B]
