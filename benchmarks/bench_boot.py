"""From nothing to the first answer of a fresh device, beside pytest-embedded as it comes.

The same test of the same project, in a session of pytest of its own for each round: it waits for
the line that says that the server listens, and asks for the status. What counts is the second
device of the session, from the begin of its set-up on: what is done once was done for the first.
"""

from pathlib import Path

from benchmarks.plugin import Compare
from benchmarks.sessions import EXAMPLE, FOUND, Session
from pytest_embedded_hotreload.api import FirmwareBuilder, Lane
from pytest_embedded_hotreload.device import READY

TEST = f"""
import json
import time
from pathlib import Path

import pytest
import requests

@pytest.mark.parametrize("number", range(2))
def test_answer(request, dut, device_url, number):
    dut.expect({READY!r}, timeout=60)
    assert requests.get(device_url + "/status", timeout=60).json()["loaded"]
    took = time.monotonic() - dict(request.node.user_properties)["began"]
    Path(__file__).with_name({FOUND!r}).write_text(json.dumps(took))
"""
BEGAN = """
import time

import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    item.user_properties.append(("began", time.monotonic()))
"""


def bench_boot(
    compare: Compare, rounds: int, lane: Lane, firmware_builder: FirmwareBuilder, tmp_path: Path
) -> None:
    firmware = firmware_builder.build(EXAMPLE)
    session = Session(TEST, BEGAN)
    times = compare("a fresh device", "s")
    for number in range(rounds):
        ours = session.harness(tmp_path / f"harness-{number}", lane)
        stock = session.embedded(tmp_path / f"stock-{number}", lane, firmware)
        times.add("nothing to first answer", "this harness", ours)
        times.add("nothing to first answer", "pytest-embedded", stock)
