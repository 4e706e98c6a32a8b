"""Each function of a table of C signatures gives the same through its stub as when called directly.

The table is made by `signatures/generate.py`: what it is called with, what it returns and what must
survive the call is checked byte by byte, by the callee as well as by the caller.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from hotreload_build.manifest import Manifest
from pytest_embedded_hotreload.api import Device, FirmwareBuild, Module
from scenarios.bench import Bench
from scenarios.signatures.generate import signatures

#: settings of the firmware that has the table
SIGNATURES = {"CONFIG_SCENARIO_SIGNATURES": "y", "CONFIG_FREERTOS_HZ": "1000"}

pytestmark = pytest.mark.firmware("scenarios/firmware", config=SIGNATURES)

ROWS = Counter(signature.group for signature in signatures()) | {"control-flow": 19}


@pytest.fixture
def modules(firmware: FirmwareBuild, build_module: Callable[..., Module]) -> list[Module]:
    """The module of the firmware at other levels of optimisation."""
    sources = [Path(source).read_text() for source in Manifest.load(firmware.manifest).sources]
    return [
        build_module(*sources, name=f"signatures{level}", cflags=[level])
        for level in ("-O0", "-Os", "-O2")
    ]


def test_the_table_is_large_enough() -> None:
    assert sum(ROWS.values()) >= 500


@pytest.mark.parametrize("group", ROWS)
def test_stub_gives_what_the_function_gives(
    device: Device, bench: Bench, modules: list[Module], group: str
) -> None:
    assert bench.wrong_rows(group) == (ROWS[group], [])

    for module in modules:
        # executable memory has no room for two of these
        device.client.upload(module)
        assert (bench.unload(), bench.load()) == ("ESP_OK", "ESP_OK")
        assert bench.wrong_rows(group) == (ROWS[group], []), module.name


#: calls are held while the module is replaced; there is no room for two of it
HELD = SIGNATURES | {
    "CONFIG_HOTRELOAD_HOLD_CALLERS": "y",
    "CONFIG_HOTRELOAD_UNLOAD_FIRST": "y",
}


@pytest.mark.firmware("scenarios/firmware", config=HELD)
@pytest.mark.parametrize("group", [group for group in ROWS if group != "control-flow"])
def test_held_call_gives_what_the_function_gives(bench: Bench, group: str) -> None:
    """The way of held calls, by one who is not; control flow needs other tasks, which are."""
    assert bench.wrong_rows(group, hook=True) == (ROWS[group], [])


@pytest.mark.firmware("scenarios/firmware", config=HELD)
def test_call_that_waits_keeps_its_arguments(bench: Bench) -> None:
    calls = bench.held_calls()

    assert (calls.wrong, calls.dives_right) == (0, True)
    assert calls.calls > 1000


def test_stub_that_is_interrupted(bench: Bench) -> None:
    """At each tick another task takes the processor, and with it all register windows."""
    calls = bench.preempted_calls()

    assert (calls.wrong, calls.dives_right) == (0, True)
    assert calls.calls > 1000
