"""What tests of other projects name: the types of fixtures, and the errors that tests expect.

Everything else of the package may change without notice, but for the names of fixtures, markers,
options and the command, which its documents describe.
"""

from pytest_embedded_hotreload.client import (
    HotReloadClient,
    HotReloadHTTPError,
    ModuleRefusedError,
    RawAnswer,
    RawUpload,
    Slot,
    Status,
    UpdateBusyError,
)
from pytest_embedded_hotreload.console import Console, ConsoleLine
from pytest_embedded_hotreload.crash import Crash
from pytest_embedded_hotreload.device import Device, HookRun
from pytest_embedded_hotreload.errors import (
    BuildError,
    ConditionNotMet,
    DeviceCrashed,
    HarnessError,
    MissingToolError,
    NoAnswer,
    UnknownNameError,
)
from pytest_embedded_hotreload.firmware import FirmwareBuild, FirmwareBuilder
from pytest_embedded_hotreload.lanes import Lane
from pytest_embedded_hotreload.memory import Flash, Memory
from pytest_embedded_hotreload.modules import Module, ModuleBuilder
from pytest_embedded_hotreload.oracle import Image, ImageDiffers, functions_run
from pytest_embedded_hotreload.placement import Placement, Segment
from pytest_embedded_hotreload.probe import Heaps, Probe, ProbeError, Task
from pytest_embedded_hotreload.trace import Address, Trace, TraceEvent, TraceTimeout
from pytest_embedded_hotreload.variables import Variable
from pytest_embedded_hotreload.variants import Variant

__all__ = [
    "Address",
    "BuildError",
    "ConditionNotMet",
    "Console",
    "ConsoleLine",
    "Crash",
    "Device",
    "DeviceCrashed",
    "FirmwareBuild",
    "FirmwareBuilder",
    "Flash",
    "HarnessError",
    "Heaps",
    "HookRun",
    "HotReloadClient",
    "HotReloadHTTPError",
    "Image",
    "ImageDiffers",
    "Lane",
    "Memory",
    "MissingToolError",
    "Module",
    "ModuleBuilder",
    "ModuleRefusedError",
    "NoAnswer",
    "Placement",
    "Probe",
    "ProbeError",
    "RawAnswer",
    "RawUpload",
    "Segment",
    "Slot",
    "Status",
    "Task",
    "Trace",
    "TraceEvent",
    "TraceTimeout",
    "UnknownNameError",
    "UpdateBusyError",
    "Variable",
    "Variant",
    "functions_run",
]
