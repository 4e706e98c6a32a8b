"""What can stop the way of a module to a device; the text of each is one line for people."""

from __future__ import annotations

from hotreload_client import ClientError, DeviceError, NoAnswerError

DONE = 0
REFUSED = 1
WRONG_CALL = 2
NO_ANSWER = 3
NOT_BUILT = 4
OTHER_FIRMWARE = 5
NOT_RUNNING = 6

EXIT_STATUS = f"""\
exit status: {DONE} done, {REFUSED} the device refused, {WRONG_CALL} wrong call or unreadable file,
{NO_ANSWER} the device does not answer, {NOT_BUILT} the build failed, {OTHER_FIRMWARE} the device
has another firmware, {NOT_RUNNING} the device does not run the module that it was sent
"""


class LoopError(Exception):
    """Any of the errors below."""

    status = WRONG_CALL


class WrongCallError(LoopError):
    """What was asked for cannot be tried."""


class BuildError(LoopError):
    """The module does not build; the compiler has said why."""

    status = NOT_BUILT


class OtherFirmwareError(LoopError):
    """The module belongs to another firmware than the device has."""

    status = OTHER_FIRMWARE


class NotRunningError(LoopError):
    """The device took the module and runs another."""

    status = NOT_RUNNING


def exit_status(error: Exception) -> int:
    """The status that a program ends with for one of these errors or of the client's."""
    if isinstance(error, LoopError):
        return error.status
    if isinstance(error, DeviceError):
        return REFUSED
    return NO_ANSWER if isinstance(error, NoAnswerError) else WRONG_CALL


#: what a program reports instead of showing a traceback
ERRORS = (LoopError, ClientError)
