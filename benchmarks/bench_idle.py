"""What a device that idles takes of the host, beside pytest-embedded as it comes.

The same test of the same project, in a session of pytest of its own for each round: it waits for
the line that says that the server listens, and then for nothing. The example greets once a second.
"""

from pathlib import Path

from benchmarks.plugin import Compare
from benchmarks.sessions import EXAMPLE, FOUND, Session
from pytest_embedded_hotreload.api import FirmwareBuilder, Lane
from pytest_embedded_hotreload.device import READY

#: of which the share is taken
SECONDS = 3
TEST = f"""
import json
import threading
import time
from pathlib import Path

import psutil


def used():
    # this process's own by a finer clock
    found = {{"harness": time.process_time(), "emulator": 0.0}}
    for process in psutil.Process().children(recursive=True):
        times = process.cpu_times()
        who = "emulator" if process.name().startswith("qemu") else "harness"
        found[who] += times.user + times.system
    return found


def test_idle(dut):
    dut.expect({READY!r}, timeout=60)
    before = used()
    threading.Event().wait({SECONDS})
    shares = {{who: (seconds - before[who]) / {SECONDS} for who, seconds in used().items()}}
    Path(__file__).with_name({FOUND!r}).write_text(json.dumps(shares))
"""


def bench_idle(
    compare: Compare, rounds: int, lane: Lane, firmware_builder: FirmwareBuilder, tmp_path: Path
) -> None:
    firmware = firmware_builder.build(EXAMPLE)
    session = Session(TEST)
    shares = compare("a device that idles", "processor seconds per second")
    for number in range(rounds):
        ours = session.harness(tmp_path / f"harness-{number}", lane)
        stock = session.embedded(tmp_path / f"stock-{number}", lane, firmware)
        for who in ours:
            shares.add(who, "this harness", ours[who])
            shares.add(who, "pytest-embedded", stock[who])
