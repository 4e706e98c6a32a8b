"""What of a traceback a reader of a failed test wants: the lines of the test.

How the harness and the packages below it found out that a device does not answer is of no use to
who has to find out why.
"""

import contextlib
from pathlib import Path
from types import TracebackType

import pexpect  # type: ignore[import-untyped]
import requests

from pytest_embedded_hotreload.errors import ConditionNotMet

PACKAGE = Path(__file__).resolve().parent
#: errors that led to one
DEEPEST = 20
#: failures of a device, of which the message says all
TOLD = (ConditionNotMet, pexpect.ExceptionPexpect, requests.RequestException)


def prune(error: BaseException) -> BaseException:
    """An error of a device without its causes and without frames of others; others as they are."""
    if not isinstance(error, TOLD):
        return error
    release(error)
    error.__cause__ = None
    error.__suppress_context__ = True
    return error.with_traceback(_of_tests(error.__traceback__))


def release(error: BaseException) -> None:
    """Let go of what the calls that led to an error still hold: connections, most of all.

    Left to the garbage collector they would be found open, at some later time.
    """
    found: BaseException | None = error
    for _ in range(DEEPEST):
        if found is None:
            return
        walked = found.__traceback__
        while walked is not None:
            if not _is_of_a_test(walked):
                with contextlib.suppress(RuntimeError):  # it is still running
                    walked.tb_frame.clear()
            walked = walked.tb_next
        found = found.__cause__ or found.__context__


def _of_tests(traceback: TracebackType | None) -> TracebackType | None:
    frames = []
    walked = traceback
    while walked is not None:
        frames.append(walked)
        walked = walked.tb_next
    kept = [frame for frame in frames if _is_of_a_test(frame)]
    if not kept:
        return traceback
    pruned = None
    for frame in reversed(kept):
        pruned = TracebackType(pruned, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return pruned


def _is_of_a_test(frame: TracebackType) -> bool:
    file = Path(frame.tb_frame.f_code.co_filename)
    if "site-packages" in file.parts or not file.is_absolute():
        return False
    if file.is_relative_to(PACKAGE):
        return "tests" in file.parts or "test_apps" in file.parts
    return "python3" not in file.as_posix().rpartition("/lib/")[2]
