"""What can go wrong outside of the firmware, each told in one line."""

from _pytest.outcomes import Failed


class HarnessError(Exception):
    """Something that the user or the machine has to put right; the message says what and how."""


class MissingToolError(HarnessError):
    """A program or the SDK is not there."""


class UnknownNameError(HarnessError):
    """A lane, capability, fault or variant that nobody defined."""


class BuildError(HarnessError):
    """The build of a firmware or a module failed; `output` is what the compiler said."""

    def __init__(self, what: str, output: str) -> None:
        super().__init__(f"{what} does not build:\n{output.rstrip()}")
        self.what = what
        self.output = output


class MachineError(HarnessError):
    """The emulator did not start, or ended when it should not have."""


class NotSetUp(Failed):
    """How a `HarnessError` ends a test: without a traceback, and not as a failed assertion."""

    __module__ = "builtins"  # as pytest's own outcomes: its summary shows the name without a module


class EmulatorFault(Failed):
    """How a test ends that met a fault of the emulator; the message says which."""

    __module__ = "builtins"


class ConditionNotMet(AssertionError):  # noqa: N818 - a failed test is no error
    """The device did not do what the test waited for: a failure of the test, not of its set-up."""


class NoAnswer(ConditionNotMet):
    """The device took no connection, dropped it, or said nothing in time."""
