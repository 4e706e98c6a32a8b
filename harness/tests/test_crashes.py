"""A test whose device ends says why, at once, in one failure; and the run says it no more than
three times.
"""

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from pytest_embedded_hotreload.console import WAIT_SECONDS
from pytest_embedded_hotreload.device import BOOT_SECONDS
from tests.conftest import FIRMWARE, NestedPytest
from tests.example_module import BASIC, example_module

SOURCE = example_module("""\
__attribute__((noinline)) size_t inner(volatile int *where) { return *where + 1; }
size_t reloadable_greeting(char *text, size_t size) { return inner((volatile int *)4) + 1; }
""")

WITH_DEVICE = f"""
pytestmark = pytest.mark.firmware({str(BASIC)!r})

SOURCE = {SOURCE!r}

LOOP = SOURCE.replace("return *where + 1", "for (;;) asm volatile (\\"\\")")
"""


@dataclass(frozen=True)
class Run:
    """A run of pytest in a process of its own."""

    output: str
    records: dict[str, Any]
    #: what JUnit's file tells of each test beside its outcome
    properties: dict[str, dict[str, str]]

    @property
    def lines(self) -> list[str]:
        return self.output.splitlines()

    @property
    def headlines(self) -> list[str]:
        """What each failure that is shown begins with: behind its place, where it is told again."""
        shown = re.compile(r"^(?:E +DeviceCrashed: |\S+\.py:\d+: )(device .*)")
        return [found[1] for line in self.lines if (found := shown.match(line))]


def run(nested: NestedPytest, body: str, *options: str) -> Run:
    report = nested.folder / "report"
    output = nested.run(body, f"--report-dir={report}", *options).stdout
    records = json.loads((report / "results.json").read_text())
    cases = {
        case.get("name", ""): {p.get("name", ""): p.get("value", "") for p in case.iter("property")}
        for case in ElementTree.parse(report / "junit.xml").iter("testcase")
    }
    return Run(output, {r["nodeid"].partition("::")[2]: r for r in records}, cases)


@pytest.fixture(autouse=True)
def firmwares(firmware_builder: Any) -> None:
    """What the tests below run is built: it counts not."""
    firmware_builder.build(BASIC)
    firmware_builder.build(FIRMWARE)


CRASHES = """
def test_it(dut):
    dut.expect_exact("ready after")
    dut.write("crash")
    dut.expect("never", timeout=20)
"""


def test_crash_of_the_firmware(nested: NestedPytest) -> None:
    ran = run(nested, CRASHES)

    (headline,) = ran.headlines
    assert re.search(
        r"crashed: StoreProhibited in crash \(main\.c:\d+\) called from obey \(main\.c:\d+\)",
        headline,
    )
    assert ran.records["test_it"]["seconds"] < WAIT_SECONDS
    assert "1 failed in" in ran.lines[-1]
    assert not re.search(r"pexpect|pytest_embedded/|site-packages", ran.output)
    assert re.search(r"0x[0-9a-f]+ app_main +harness/tests/firmware/main/main\.c:\d+", ran.output)


def test_crash_that_the_test_is_about(nested: NestedPytest) -> None:
    body = CRASHES.replace("def", "@pytest.mark.crashes\ndef").replace("never", "ready after")

    assert run(nested, body).lines[-1].startswith("1 passed")


def test_crash_in_the_module(nested: NestedPytest) -> None:
    body = """
def test_it(device, build_module):
    device.client.upload_and_reload(build_module(SOURCE, name="bad"))
    device.console.wait_line("never")
"""
    ran = run(nested, WITH_DEVICE + body)

    (headline,) = ran.headlines
    assert re.search(
        r"device crashed: LoadProhibited in inner \(\w+_0\.c:2\) in module 2 \(bad\) called from "
        r"reloadable_greeting \(\w+_0\.c:3\) in module 2 \(bad\)",
        headline,
    )
    assert "EXCVADDR 0x00000004" in ran.output
    told = ran.properties["test_it"]
    assert told["headline"] == headline
    assert told["firmware"].startswith("basic ")
    frames = [line.split()[1] for line in told["stack"].splitlines() if line.startswith("0x")]
    assert frames[:3] == ["inner", "reloadable_greeting", "greeter"]
    (crash,) = (m for m in ran.records["test_it"]["timeline"] if m[1] == "crash")
    assert crash[2] == headline
    assert re.search(r"0x[0-9a-f]+ greeter +examples/basic/main/main\.c:\d+", ran.output)
    assert ran.records["test_it"]["failure"]["headline"].startswith("device crashed: LoadProhib")
    texts = [moment[2] for moment in ran.records["test_it"]["timeline"]]
    assert any(
        re.search(r" hook_enter kind=pre .* fn=0x[0-9a-f]{8}\(before_reload\)", text)
        for text in texts
    )


def test_endless_loop_in_the_module(nested: NestedPytest) -> None:
    body = """
def test_it(device, build_module):
    device.client.upload_and_reload(build_module(LOOP, name="loop"))
    device.client.status()
    device.console.wait_line("never")
"""
    ran = run(nested, WITH_DEVICE + body)

    (headline,) = ran.headlines
    assert re.search(
        r"device hangs: it does not leave inner \(\w+_0\.c:2\) in module 2 \(loop\) called from "
        r"reloadable_greeting \(\w+_0\.c:3\)",
        headline,
    )
    assert re.search(r"E +PC 0x[0-9a-f]{8} PS=", ran.output)
    assert "task greeter runs:" in ran.output
    assert re.search(r"task tiT waits:", ran.output)
    assert "the harness waited for" in ran.output


def test_device_whose_tasks_all_wait(nested: NestedPytest) -> None:
    body = """
def test_it(device):
    device.console.wait_line("never")
"""
    ran = run(nested, WITH_DEVICE + body)

    (headline,) = ran.headlines
    assert "device hangs: all its tasks wait" in headline
    assert re.search(r"task greeter waits:", ran.output)
    assert "vTaskDelay" in ran.output


def test_emulator_that_dies(nested: NestedPytest) -> None:
    body = """
import signal
def test_it(device):
    os.kill(device.dut.qemu.pid, signal.SIGKILL)
    device.client.status()
"""
    ran = run(nested, WITH_DEVICE + body)

    (headline,) = ran.headlines
    assert headline.endswith("device lost: QEMU was killed by SIGKILL: it said nothing")
    assert "1 failed in" in ran.lines[-1]
    assert ran.records["test_it"]["seconds"] < WAIT_SECONDS


def test_requests_of_the_test_itself(nested: NestedPytest) -> None:
    body = """
import requests
def test_it(device, build_module):
    device.client.upload(build_module(SOURCE))
    requests.post(device.client.url + "/reload", timeout=20)
    requests.get(device.client.url + "/status", timeout=20)
    device.console.wait_line("never")
"""
    ran = run(nested, WITH_DEVICE + body)

    (headline,) = ran.headlines
    assert "device crashed: LoadProhibited in inner" in headline
    assert "urllib3" not in ran.output
    assert ran.records["test_it"]["seconds"] < WAIT_SECONDS


SAME = """
@pytest.mark.parametrize("number", range(6))
def test_it(device, build_module, number):
    device.client.upload_and_reload(build_module(SOURCE))
    device.console.wait_line("never")

def test_other(device):
    assert device.client.status()["loaded"]
"""


@pytest.mark.parametrize("processes", ["-n0", "-n2"])
def test_same_crash_is_told_three_times(nested: NestedPytest, processes: str) -> None:
    ran = run(nested, WITH_DEVICE + SAME, processes)

    assert len(ran.headlines) == 3
    assert re.search(r"3 failed, 1 passed, 3 failed the same way", ran.lines[-1])
    assert re.search(
        r"^3 more tests failed the same way, 6 in all: device crashed: LoadProhibited in inner",
        ran.output,
        re.MULTILINE,
    )
    assert len(ran.lines) < 200
    failures = [r["failure"]["headline"] for r in ran.records.values() if r["failure"]]
    assert len(failures) == 6


def copy_of(project: Path, nested: NestedPytest, old: str, new: str) -> str:
    """A project with a change in its main.c; the preamble of tests that use it."""
    copy = nested.folder / "project"
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns("build"))
    main = copy / "main" / "main.c"
    text = main.read_text()
    assert old in text
    main.write_text(text.replace(old, new))
    return f"pytestmark = pytest.mark.firmware({str(copy)!r})\n"


@pytest.mark.parametrize("processes", ["-n0", "-n2"])
def test_build_failure_is_told_once_and_last(nested: NestedPytest, processes: str) -> None:
    body = copy_of(FIRMWARE, nested, "char line[80];", "char line[80]")
    body += "@pytest.mark.parametrize('number', range(20))\ndef test_it(dut, number):\n    pass\n"

    ran = run(nested, body, processes)

    assert ran.output.count("error: expected") == 1
    told = next(i for i, line in enumerate(ran.lines) if "error: expected" in line)
    assert len(ran.lines) - told < 15
    assert "FAILURES" not in ran.output
    assert re.search(r"the run was stopped: the firmware does not build", ran.output)
    assert len(ran.records) <= 4
    assert len(ran.lines) < 60


@pytest.mark.parametrize("processes", ["-n0", "-n2"])
def test_run_stops_where_every_device_dies_at_its_start(
    nested: NestedPytest, processes: str
) -> None:
    body = copy_of(FIRMWARE, nested, 'printf("ready', 'crash();\n    printf("ready')
    body += (
        "@pytest.mark.parametrize('number', range(20))\ndef test_it(device, number):\n    pass\n"
    )

    ran = run(nested, body, processes)

    assert len(ran.headlines) == 3
    assert "device crashed: StoreProhibited in crash (main.c:" in ran.headlines[0]
    assert "the run was stopped: 3 devices died while they started, the same way" in ran.output
    assert len(ran.records) <= 10  # what xdist has handed out is run
    assert max(record["seconds"] for record in ran.records.values()) < BOOT_SECONDS
