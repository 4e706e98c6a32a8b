"""What only the scenarios need: the rest of the probe, and a second build of the firmware."""

from collections.abc import Callable

import pytest

from pytest_embedded_hotreload.api import Device, FirmwareBuild, FirmwareBuilder, Module
from scenarios.bench import OTHER_FIRMWARE, Bench


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add how long the soak of reloads goes on."""
    parser.getgroup("hotreload", "hot reload harness").addoption(
        "--soak-minutes",
        type=float,
        default=0.0,
        metavar="MINUTES",
        help="replace the module under load for so long (in the test marked nightly)",
    )


@pytest.fixture
def bench(device: Device) -> Bench:
    """The rest of the probe: hooks, state, the C API, memory."""
    return Bench(device)


@pytest.fixture
def other_firmware(firmware: FirmwareBuild, firmware_builder: FirmwareBuilder) -> FirmwareBuild:
    """A second build of the firmware: one function differs, and its module exports one more."""
    return firmware_builder.build(firmware.project, OTHER_FIRMWARE)


@pytest.fixture
def foreign(other_firmware: FirmwareBuild, build_module: Callable[..., Module]) -> Module:
    """The module of the other firmware; it would do what it does here as well."""
    module = other_firmware.project / "components" / "reloadable"
    sources = (module / "base.c", module / "one_more.c")
    return build_module(*sources, name="foreign", firmware=other_firmware)
