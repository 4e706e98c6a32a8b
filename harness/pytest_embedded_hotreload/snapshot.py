"""A device at one instant, seen from outside."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Wait:
    """The address of a lock that a task waits for, and the task that holds it, empty if none."""

    lock: int
    holder: str


@dataclass
class Stack:
    """A task and its return addresses, the innermost first; and what locks it has to do with."""

    task: str
    running: bool
    addresses: list[int] = field(default_factory=list)
    holds: list[int] = field(default_factory=list)
    waits_for: Wait | None = None


@dataclass
class Snapshot:
    """A device at one instant."""

    pc: int
    registers: dict[str, int]
    stacks: list[Stack]
    #: what could not be found out
    missing: str = ""

    @property
    def idle(self) -> bool:
        """Whether all tasks wait: on each core the idle one runs."""
        running = [stack.task.upper() for stack in self.stacks if stack.running]
        return all(name.startswith("IDLE") for name in running)
