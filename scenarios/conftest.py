"""What only the scenarios need: variants of the scenario firmware's module, and its probe."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_embedded_hotreload.device import Device
from pytest_embedded_hotreload.errors import UnknownNameError
from pytest_embedded_hotreload.firmware import FirmwareBuild, FirmwareBuilder
from pytest_embedded_hotreload.modules import Module, ModuleBuilder, Recipe
from pytest_embedded_hotreload.sentences import nearest
from pytest_embedded_hotreload.sim.sdk import cache_root
from scenarios.bench import OTHER_FIRMWARE, Bench, Variant

HERE = Path(__file__).parent
MODULES = HERE / "modules"
BASE = HERE / "firmware" / "components" / "reloadable" / "base.c"


@pytest.fixture
def bench(device: Device) -> Bench:
    """The rest of the probe: hooks, state, the C API, memory."""
    return Bench(device)


def variant_source(name: str) -> Path:
    for suffix in (".c", ".cpp"):
        if (MODULES / f"{name}{suffix}").exists():
            return MODULES / f"{name}{suffix}"
    known = (path.relative_to(MODULES) for path in MODULES.rglob("*.c*"))
    hint = nearest(name, (str(path.with_suffix("")) for path in known))
    raise UnknownNameError(f"no variant {name!r} in scenarios/modules{hint}")


@pytest.fixture
def variant(build_module: Callable[..., Module]) -> Variant:
    """Build a variant from `modules/<name>.c` or `.cpp`, or from C source given as `text`.

    `base.c` fills in what the variant does not define; `base=False` leaves it out. Without a
    name it is the base module itself. Other options go to `build_module`.
    """

    def build(*names: str, text: str = "", base: bool = True, **options: Any) -> Module:
        sources: list[Path | str] = [variant_source(name) for name in names]
        sources += [text] if text else []
        sources += [BASE] if base else []
        return build_module(*sources, **options)

    return build


@pytest.fixture
def other_firmware(firmware: FirmwareBuild, firmware_builder: FirmwareBuilder) -> FirmwareBuild:
    """A second build of the firmware: one function differs, and its module exports one more."""
    return firmware_builder.build(firmware.project, OTHER_FIRMWARE)


@pytest.fixture
def foreign(other_firmware: FirmwareBuild) -> Module:
    """The module of the other firmware; it would do what it does here as well."""
    module = other_firmware.project / "components" / "reloadable"
    sources = (module / "base.c", module / "one_more.c")
    return ModuleBuilder(other_firmware, cache_root()).build(Recipe(sources, "foreign"))
