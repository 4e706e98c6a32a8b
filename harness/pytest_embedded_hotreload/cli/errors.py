"""What a command ends with when it does not succeed: a status, a short code and one line."""

from __future__ import annotations

import sys

DONE = 0
REFUSED = 1
WRONG_CALL = 2
NO_ANSWER = 3
NOT_BUILT = 4
OTHER_FIRMWARE = 5
NOT_RUNNING = 6
DOES_NOT_FIT = 7
MISSING = 8
INTERNAL = 70
INTERRUPTED = 130

#: the `code` of an error in JSON
CODES = {
    REFUSED: "refused",
    WRONG_CALL: "wrong-call",
    NO_ANSWER: "no-answer",
    NOT_BUILT: "not-built",
    OTHER_FIRMWARE: "other-firmware",
    NOT_RUNNING: "not-running",
    DOES_NOT_FIT: "does-not-fit",
    MISSING: "missing",
    INTERNAL: "internal",
    INTERRUPTED: "interrupted",
}


class CommandError(Exception):
    """A command cannot do what it was asked for; the text is one line for people."""

    status = WRONG_CALL


class MissingError(CommandError):
    """Something has to be installed first."""

    status = MISSING


def status_of(error: BaseException) -> int:
    """The exit status for an error of a command or of what it calls; INTERNAL for any other."""
    from hotreload_build.errors import ModuleError
    from hotreload_client import ClientError
    from hotreload_loop.errors import LoopError, exit_status

    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, CommandError):
        return error.status
    if isinstance(error, LoopError | ClientError):
        return exit_status(error)
    if isinstance(error, ModuleError):
        return WRONG_CALL
    # they come with pytest, which the commands that raise them have imported
    harness = sys.modules.get("pytest_embedded_hotreload.errors")
    if harness is not None and isinstance(error, harness.HarnessError):
        return NOT_BUILT if isinstance(error, harness.BuildError) else MISSING
    return INTERNAL


def text_of(error: BaseException) -> str:
    """What is told of an error: its own words, and of one that nobody foresaw its kind."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if status_of(error) == INTERNAL:
        return (
            f"{type(error).__name__}: {error}: this is a fault of hotreload; "
            "HOTRELOAD_TRACEBACK=1 shows where"
        )
    return str(error)
