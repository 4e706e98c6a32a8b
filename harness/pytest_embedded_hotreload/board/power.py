"""The power of a board, switched by a command of the user's."""

import shlex
import subprocess

from pytest_embedded_hotreload.board.errors import BoardError
from pytest_embedded_hotreload.board.inventory import STATE, Board

#: that a command has, a labgrid exporter's included
SECONDS = 60


def switch_power(board: Board, state: str) -> None:
    """Switch the power `on` or `off`; returns when that is done. Raises `BoardError`."""
    command = [word.replace(STATE, state) for word in shlex.split(board.power)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS
        )
    except OSError as error:
        raise _cannot(board, state, f"{command[0]}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise _cannot(board, state, f"{command[0]} takes longer than {SECONDS} s") from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"{command[0]}: status {done.returncode}"]
        raise _cannot(board, state, said[0])


def _cannot(board: Board, state: str, why: str) -> BoardError:
    return BoardError(board, f"its power cannot be switched {state}: {why}")
