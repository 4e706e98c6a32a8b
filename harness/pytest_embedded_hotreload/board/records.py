"""What happened to the boards of a run, seen by all of its processes."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from pytest_embedded_hotreload.board.errors import BoardError
from pytest_embedded_hotreload.board.inventory import Board


class Records:
    """One folder: a file for each board that has failed, and one with the tests of each board."""

    def __init__(self, where: Callable[[], Path]) -> None:
        """`where` is asked when something is recorded: pytest's folders are not there at first."""
        self._where = where

    @cached_property
    def _folder(self) -> Path:
        folder = self._where()
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def add_failure(self, error: BoardError) -> None:
        """Remember that a board is not to be used; the first reason stays."""
        path = self._folder / f"{error.board.name}.failed"
        scratch = path.with_suffix(f".{id(error)}")
        scratch.write_text(str(error))
        try:
            path.hardlink_to(scratch)
        except FileExistsError:
            pass
        finally:
            scratch.unlink()

    def failures(self) -> dict[str, str]:
        """What was said about each board that has failed, by its name."""
        return {path.stem: path.read_text() for path in sorted(self._folder.glob("*.failed"))}

    def add_test(self, board: Board, test: str) -> None:
        """Remember that a test has used a board."""
        with (self._folder / f"{board.name}.tests").open("a") as file:
            file.write(f"{test}\n")

    def tests(self, board: Board) -> list[str]:
        """The tests that have used a board."""
        path = self._folder / f"{board.name}.tests"
        return path.read_text().splitlines() if path.exists() else []
