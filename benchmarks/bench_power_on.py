"""From power-on to the server, with a module in flash, beside what a firmware does without them.

That is the start of the system, and of the network until it has an address. Behind it come the load
of the module, which reads the whole of it, and the start of the server. The log has their times to
the millisecond, which is 31,250 instructions with the marker `icount`, idle ones among them.
"""

import re

import pytest

from benchmarks.plugin import Compare
from benchmarks.results import Comparison
from pytest_embedded_hotreload.api import Device, Lane, Variant
from scenarios.load_modules import constants, quiet

SIZES = (1_000, 25_000, 100_000)
CYCLES_OF_A_MILLISECOND = 40_000
TIME = r"^I \((\d+)\) .*"


@quiet
@pytest.mark.icount
def bench_power_on(
    compare: Compare, rounds: int, device: Device, lane: Lane, variant: Variant
) -> None:
    found = compare("power-on to the server", "instructions", "bytes")
    elfs = [variant(text=constants(size), name=f"base_and_constants_{size}").data for size in SIZES]
    for _ in range(rounds):
        for elf in elfs:
            device.client.upload_and_reload(elf)
            add(found, lane, device, "unproven", len(elf))
            device.client.confirm()
            add(found, lane, device, "confirmed", len(elf))


def add(found: Comparison, lane: Lane, device: Device, state: str, size: int) -> None:
    device.power_cycle()
    network, server = (
        lane.instructions(milliseconds(device, line) * CYCLES_OF_A_MILLISECOND)
        for line in ("Connected to", "server on port")
    )
    found.add(state, "load and server", server - network, size)
    found.add(state, "system and network", network, size)


def milliseconds(device: Device, line: str) -> int:
    """When the device has logged this for the last time, since its power-on."""
    logged = [re.search(TIME + line, said.text) for said in device.console.lines]
    return int([match for match in logged if match][-1][1])
