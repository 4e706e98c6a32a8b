"""A device at one instant, seen from outside."""

from dataclasses import dataclass, field


@dataclass
class Stack:
    """A task and its return addresses, the innermost first."""

    task: str
    running: bool
    addresses: list[int] = field(default_factory=list)


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
        """Whether all tasks wait."""
        running = next((stack.task for stack in self.stacks if stack.running), "")
        return running.upper().startswith("IDLE")
