"""What is known of one test after it has run; it travels from xdist's workers as plain JSON."""

import re
import textwrap
from dataclasses import asdict, dataclass, field
from typing import Any

from pytest_embedded_hotreload.timeline import Moment

#: lines that explain a failure without a stack, where causes are told
EXPLAINED = 20


@dataclass
class BuildRecord:
    """A firmware that a test used; `settings` are those of the test, `size` is in bytes."""

    project: str
    build_id: str
    seconds: float
    settings: str = ""
    size: int = 0


@dataclass
class ModuleRecord:
    """A module that a test had built."""

    name: str
    size: int
    seconds: float


@dataclass
class Failure:
    """Why a test did not pass, and when: in `setup`, `call` or `teardown`."""

    phase: str
    error: str
    assertion: bool
    text: str
    #: of each crash the functions, decoded, the innermost first
    stack: str = ""
    #: what `pytest_embedded_hotreload.report.block` says of each device
    devices: list[tuple[str, str]] = field(default_factory=list)
    #: addresses of the words of a loaded module that are not what the oracle expects
    differences: list[int] = field(default_factory=list)

    @property
    def headline(self) -> str:
        """The line that says most: the first that pytest marks, else the first there is."""
        lines = self.text.strip().splitlines()
        marked = [line[1:].strip() for line in lines if line.startswith("E ")]
        first = (marked or lines or [self.error])[0]
        return re.sub(
            r"^(?:pytest_embedded_hotreload\.\w+\.\w+|DeviceCrashed|ImageDiffers): ", "", first
        )

    @property
    def explanation(self) -> str:
        """What is below the headline: the stack, if there is one."""
        if self.stack:
            return self.stack
        lines = self.text.strip().splitlines()
        marked = [line[1:] for line in lines if line.startswith("E ")]
        return textwrap.dedent("\n".join((marked or lines)[1 : EXPLAINED + 1]))


@dataclass
class TestRecord:
    """One test."""

    __test__ = False

    nodeid: str
    promise: str = ""
    outcome: str = "passed"
    reason: str = ""
    seconds: float = 0.0
    failure: Failure | None = None
    firmwares: list[BuildRecord] = field(default_factory=list)
    modules: list[ModuleRecord] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)
    timeline: list[Moment] = field(default_factory=list)
    #: seconds by what they went into, see `pytest_embedded_hotreload.spent`
    spent: dict[str, float] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The test file."""
        return self.nodeid.partition("::")[0]

    @property
    def name(self) -> str:
        """The test in its file."""
        return self.nodeid.partition("::")[2]

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        values = asdict(self)
        values["timeline"] = [list(vars(moment).values()) for moment in self.timeline]
        if self.failure is not None:
            values["failure"]["headline"] = self.failure.headline
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "TestRecord":
        """The inverse of `to_json`; raises `KeyError` or `TypeError` when it is none."""
        plain = dict(values)
        failure = plain.pop("failure")
        if failure is not None:
            told = {key: value for key, value in failure.items() if key != "headline"}
            plain["failure"] = Failure(**told)
        plain["firmwares"] = [BuildRecord(**build) for build in plain["firmwares"]]
        plain["modules"] = [ModuleRecord(**module) for module in plain["modules"]]
        plain["timeline"] = [Moment(*moment) for moment in plain["timeline"]]
        return cls(**plain)

    def take_extra(self, extra: dict[str, Any]) -> None:
        """Take in what `describe_item` said, possibly in another process."""
        self.promise = extra["promise"]
        self.firmwares = [BuildRecord(**build) for build in extra["firmwares"]]
        self.modules = [ModuleRecord(**module) for module in extra["modules"]]
        self.figures = extra["figures"]
        self.spent = extra["spent"]
        self.timeline = [Moment(*moment) for moment in extra["timeline"]]
