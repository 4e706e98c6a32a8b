"""What can go wrong with boards, each told in one line that names the board."""

from pytest_embedded_hotreload.board.inventory import Board
from pytest_embedded_hotreload.errors import HarnessError


class BoardError(HarnessError):
    """A board is missing or has failed; it is not used again in this run."""

    def __init__(self, board: Board, what: str) -> None:
        super().__init__(f"{board}: {what}")
        self.board = board


class NoBoardLeftError(HarnessError):
    """Every board that a test could use has failed."""
