"""What a lane is: a way to build and run the same firmware."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

import pytest
from pytest_embedded.utils import ClassCliOptions

from pytest_embedded_hotreload.console import Console
from pytest_embedded_hotreload.errors import MissingToolError
from pytest_embedded_hotreload.memory import FlashAccess, Memory
from pytest_embedded_hotreload.snapshot import Snapshot

CAPABILITIES: Mapping[str, str] = {
    "http": "requests from the host reach the device's server",
    "memory": "the host reads any address of the device",
    "flash": "the host reads the flash behind the firmware's back",
    "reset": "the host resets the device",
    "soft-reset": "the firmware restarts itself, also after a crash, and knows why it did",
    "power-cut": "the host cuts the device's power at any instant",
    "fresh-flash": "each test starts with a newly written flash",
    "bare-board": "programs of the host's compiler run on the board without a firmware",
    "several-devices": "one test can use more than one device",
    "icount": "the device's cycle counter can count instructions",
    "two-cores": "tasks of the device run on two cores at once",
    "psram": "the device has external RAM (PSRAM)",
    "network-memory": "the network's buffers are not in the heap, whose minimum tells of others",
    "libstdc++": "the firmware has the C++ library, with std::string and type information",
    "iram-words": "executable memory refuses all but aligned words",
    "observer": "what the device executes and accesses is seen from outside",
}


class Debugger(Protocol):
    """Who debugs a device."""

    #: of this machine, at which an emulator waits for gdb; 0: any
    port: int

    def start(self, address: str, prepare: Sequence[str] = ()) -> None:
        """The device waits at HOST:PORT; gdb has to give the commands `prepare` first."""


@dataclass(frozen=True)
class DutContext:
    """What is known of a device under test before its objects are made."""

    build_dir: Path
    console: Console
    directory: Path
    icount: bool = False
    #: what `Lane.boards` gave for it
    board: Any = None
    #: where an emulator is to open its monitor, if anywhere
    monitor: Path | None = None
    #: the debugger that the device is to wait for, if any
    gdb: Debugger | None = None
    #: whether the lane's observer is to look at it
    observed: bool = False


class Lane(ABC):
    """One file of `lanes` defines one lane and names its class `LANE`."""

    name: ClassVar[str]
    summary: ClassVar[str]
    #: services of pytest-embedded that the lane rests on
    services: ClassVar[str]
    #: what it can do, of `CAPABILITIES`
    capabilities: frozenset[str]
    #: files of sdkconfig settings that it needs, whatever the project; the project's come first
    defaults: Sequence[Path] = ()
    #: whether the host reads the device's memory without the device doing anything for it
    looks_inside: ClassVar[bool] = False
    #: how many times longer than in lane `sim` a test may take before it is given up
    patience: float = 1
    #: arguments of every configuration: here a warning in the component's sources is an error
    strict: ClassVar[Sequence[str]] = ("-DHOTRELOAD_STRICT=ON",)

    def configure(self, config: pytest.Config) -> None:  # noqa: B027 - most lanes need none
        """Take in the options of the run."""

    @abstractmethod
    def require_tools(self) -> None:
        """Raise `MissingToolError` unless everything the lane needs is installed."""

    def toolchain(self) -> str:
        """What tells builds apart that different tools have made in this lane."""
        return ""

    def versions(self) -> dict[str, str]:
        """The tools that the lane has found, and their versions."""
        return {}

    @abstractmethod
    def environment(self) -> dict[str, str]:
        """The environment variables of a build."""

    @abstractmethod
    def configure_command(
        self, project: Path, build_dir: Path, defaults: Sequence[Path]
    ) -> list[str]:
        """The command that prepares `build_dir`; `defaults` are files of sdkconfig settings."""

    def cache_entries(self, build_dir: Path, defaults: Sequence[Path]) -> list[str]:
        """What of that command does not depend on the lane's tools, for CMake and for idf.py."""
        return [
            f"-DSDKCONFIG={build_dir / 'sdkconfig'}",
            f"-DSDKCONFIG_DEFAULTS={';'.join(map(str, defaults))}",
            *self.strict,
        ]

    @abstractmethod
    def build_command(self, project: Path, build_dir: Path, *targets: str) -> list[str]:
        """The command that builds what has changed of `targets`, by default of everything."""

    @contextlib.contextmanager
    def boards(self, count: int, test: str) -> Iterator[Sequence[Any]]:
        """Have as many boards as a test needs; a lane that makes its own waits for none."""
        yield [None] * count

    def settings(self, board: Any) -> Mapping[str, str]:
        """What a firmware for that board has to be configured with."""
        return {}

    @abstractmethod
    def put_in_classes(self, options: ClassCliOptions, context: DutContext) -> None:
        """Replace what pytest-embedded would instantiate for `app`, `serial`, `qemu` and `dut`."""

    @abstractmethod
    def url(self, dut: Any, port: int) -> str:
        """Where the host reaches `port` of the device."""

    @abstractmethod
    def memory(self, dut: Any) -> Memory:
        """How the host reads the device's memory."""

    @abstractmethod
    def flash(self, dut: Any) -> FlashAccess:
        """How the host reads the device's flash."""

    def look(self, dut: Any, elf: Path) -> Snapshot | None:
        """What the device is doing right now, seen from outside; None where that is not to see."""
        return None

    def debugger(self) -> Path:
        """The lane's gdb, made first where the lane makes its tools."""
        raise MissingToolError(f"lane {self.name} has no debugger")

    def freeze(self, dut: Any) -> None:  # noqa: B027 - not every lane can
        """Stop the device where it is, for somebody who wants to look at it."""

    def work(self, dut: Any) -> float:
        """The seconds that the device's processor has worked since it was switched on; 0 where
        nobody knows."""
        return 0.0

    def instructions(self, cycles: int) -> int:
        """The instructions in `cycles` of a device with the marker `icount`."""
        raise NotImplementedError(f"lane {self.name} cannot count instructions")
