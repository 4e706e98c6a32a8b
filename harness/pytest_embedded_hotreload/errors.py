"""What can go wrong outside of the firmware, each told in one line."""

from _pytest.outcomes import Failed

from pytest_embedded_hotreload.crash import Crash
from pytest_embedded_hotreload.sim.sdk import SETUP


class HarnessError(Exception):
    """Something that the user or the machine has to put right; the message says what and how."""


class MissingToolError(HarnessError):
    """A program or the SDK is not there."""

    @classmethod
    def of(cls, program: str) -> "MissingToolError":
        """What the set-up of lane `sim` installs, or a user has removed."""
        return cls(f"{program} is not installed: run {SETUP}")


class UnknownNameError(HarnessError):
    """A lane, capability, fault or variant that nobody defined."""


class BuildError(HarnessError):
    """The build of a firmware or a module failed; `output` is what the compiler said."""

    def __init__(self, what: str, output: str) -> None:
        super().__init__(f"{what} does not build:\n{output.rstrip()}")
        self.what = what
        self.output = output


class FirmwareError(BuildError):
    """The firmware of a test does not build, and with it whatever the run is for."""


class MachineError(HarnessError):
    """The emulator did not start, or ended when it should not have."""


class NotSetUp(Failed):
    """How a `HarnessError` ends a test: without a traceback, and not as a failed assertion."""

    __module__ = "builtins"  # as pytest's own outcomes: its summary shows the name without a module

    @classmethod
    def by(cls, error: HarnessError) -> "NotSetUp":
        """The end of a test by that error."""
        ended = cls(str(error), pytrace=False)
        ended.without_firmware = isinstance(error, FirmwareError)
        return ended

    #: whether the reason is that the firmware does not build
    without_firmware = False


class EmulatorFault(Failed):
    """How a test ends that met a fault of the emulator; the message says which."""

    __module__ = "builtins"


class ConditionNotMet(AssertionError):  # noqa: N818 - a failed test is no error
    """The device did not do what the test waited for: a failure of the test, not of its set-up."""


class ForbiddenAccess(ConditionNotMet):
    """The firmware did what a chip would not let it do, or wrote outside of its memory.

    Each access has a line of the message, and below it the code that made it.
    """

    __module__ = "builtins"


class NoAnswer(ConditionNotMet):
    """The device took no connection, dropped it, or said nothing in time."""


class DeviceCrashed(ConditionNotMet):
    """The firmware crashed, hangs, restarted by itself, or its emulator died; nobody expected it.

    The first line of the message is what happened; `crash` is what is known of it.
    """

    __module__ = "builtins"

    def __init__(self, message: str, crash: Crash) -> None:
        super().__init__(message)
        self.crash = crash
