"""What the plugin keeps with the session and with each test."""

from pathlib import Path

import pytest

from pytest_embedded_hotreload.decode import Decoder
from pytest_embedded_hotreload.device import Device
from pytest_embedded_hotreload.faults import FaultTree
from pytest_embedded_hotreload.firmware import FirmwareBuild, FirmwareBuilder
from pytest_embedded_hotreload.lanes import Lane
from pytest_embedded_hotreload.modules import Module
from pytest_embedded_hotreload.report.coverage import Coverage
from pytest_embedded_hotreload.timeline import Timeline

COVERAGE = pytest.StashKey[Coverage]()
LANE = pytest.StashKey[Lane]()
BUILDER = pytest.StashKey[FirmwareBuilder]()
FAULT_TREE = pytest.StashKey[FaultTree]()

TIMELINE = pytest.StashKey[Timeline]()
#: of the device of the running test
DECODER = pytest.StashKey[Decoder]()
DEVICES = pytest.StashKey[list[Device]]()
#: a phase of the test has failed
FAILED = pytest.StashKey[bool]()
FIRMWARE = pytest.StashKey[list[FirmwareBuild]]()
FIGURES = pytest.StashKey[list[str]]()
#: sockets of the emulators' monitors, one for each DUT, when devices are kept
MONITORS = pytest.StashKey[list[Path]]()
MODULES = pytest.StashKey[list[Module]]()
#: the clocks when the test began
BEGAN = pytest.StashKey[dict[str, float]]()
