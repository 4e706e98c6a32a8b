"""`--observe`: tests on the simulated board run under the plug-in, which may fail them."""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from _pytest.outcomes import Failed

from hotreload_decode.symbols import Frame, functions_at
from pytest_embedded_hotreload.decode import Decoder, told
from pytest_embedded_hotreload.device import Device
from pytest_embedded_hotreload.errors import ForbiddenAccess
from pytest_embedded_hotreload.firmware import FirmwareBuild
from pytest_embedded_hotreload.keys import COVERAGE, DEVICES, FIRMWARE, LANE, TIMELINE
from pytest_embedded_hotreload.observe.executed import Lines, of_component, of_modules
from pytest_embedded_hotreload.report.coverage import Coverage
from pytest_embedded_hotreload.sim.observer.record import (
    Access,
    Observation,
    read_accesses,
    read_observations,
)

#: in this process
SEEN = pytest.StashKey[Coverage]()
#: lines that a test was the first to reach
NEW = pytest.StashKey[Coverage]()
#: an attribute of pytest's reports, which xdist carries from its workers
COVERED = "hotreload_covered"
#: what a test was told already
TOLD = pytest.StashKey[set[tuple[Path, Access]]]()

_WORDS = {
    "byte": "{size}-byte {how} at {address} in executable RAM, which takes aligned words only",
    "outside": "{size}-byte {how} at {address}, which is not the component's memory",
    "data": "executed {address}, which is no code",
    "freed": "executed {address} in executable RAM that is not in use",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.getgroup("hotreload", "hot reload harness").addoption(
        "--observe",
        action="store_true",
        help="lane sim: look at all devices as the marker `observed` does",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse what cannot be done."""
    config.addinivalue_line(
        "markers",
        "observed: where the lane can, it is seen from outside what the device executes and "
        "accesses; what a chip would not do, and a store of the component outside of its memory, "
        "fails the test",
    )
    config.addinivalue_line(
        "markers", "unobserved(why): not looked at with --observe: it does what a chip would not"
    )
    lane = config.stash[LANE]
    if config.getoption("observe") and "observer" not in lane.capabilities:
        raise pytest.UsageError(f"--observe: lane {lane.name} has no observer")
    config.stash[SEEN] = Coverage()
    if not hasattr(config, "workerinput"):
        config.stash[COVERAGE] = Coverage()
        config.pluginmanager.register(CoverageCollector(config.stash[COVERAGE]))


def is_observed(item: pytest.Item) -> bool:
    """Whether the devices of a test are looked at."""
    if item.get_closest_marker("unobserved") is not None:
        return False
    wanted = item.config.getoption("observe") or item.get_closest_marker("observed") is not None
    return wanted and "observer" in item.config.stash[LANE].capabilities


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """An access that must not be fails the test, and explains what fails it beside that."""
    try:
        yield
    except (Exception, Failed) as error:
        shows = str(error).strip().partition("\n")[0] or type(error).__name__
        if lines := list(_untold(item)):
            raise ForbiddenAccess("\n".join([*lines, f"  it shows as: {shows}"])) from None
        raise
    if lines := list(_untold(item)):
        raise ForbiddenAccess("\n".join(lines))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """The same of what came after the test; and which lines it has reached that none had before."""
    yield
    if is_observed(item):
        item.stash[NEW] = _cover(item)
    if lines := list(_untold(item)):
        raise ForbiddenAccess("\n".join(lines))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Give that to the process that writes the report."""
    report = yield
    if report.when == "teardown" and NEW in item.stash:
        report.__dict__[COVERED] = item.stash[NEW].to_json()
    return report


class CoverageCollector:
    """Takes in what all processes have reached."""

    def __init__(self, coverage: Coverage) -> None:
        self._coverage = coverage

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take that of one test."""
        if covered := getattr(report, COVERED, None):
            self._coverage.merge(Coverage.from_json(covered))


def _cover(item: pytest.Item) -> Coverage:
    code: Lines = set()
    executed: Lines = set()
    for folder, firmware, device in _devices_of(item):
        blocks = [block for run in read_observations(folder) for block in run.blocks]
        found = [of_component(firmware, blocks)]
        found += [of_modules(device, blocks)] if device else []
        for all_lines, reached in found:
            code |= all_lines
            executed |= reached
    return item.config.stash[SEEN].add(code, executed)


def folders_of(item: pytest.Item) -> list[Path]:
    """Where the devices of a test keep what was seen of them."""
    timeline = item.stash.get(TIMELINE, None)
    consoles = timeline.consoles if timeline else []
    return [console.log.parent / f"dut-{index}" for index, console in enumerate(consoles)]


def _devices_of(item: pytest.Item) -> Iterator[tuple[Path, FirmwareBuild, Device | None]]:
    """Folder and firmware of each, and what a test with the fixture `device` has of it."""
    devices = item.stash.get(DEVICES, [])
    firmwares = item.stash.get(FIRMWARE, [])
    for index, (folder, firmware) in enumerate(zip(folders_of(item), firmwares, strict=False)):
        yield folder, firmware, devices[index] if devices else None


def _untold(item: pytest.Item) -> Iterator[str]:
    known = item.stash.setdefault(TOLD, set())
    for folder, firmware, device in _devices_of(item):
        decoder = device.decoder if device else None
        for access in read_accesses(folder):
            if (folder, access) not in known:
                known.add((folder, access))
                yield _line(access, firmware, decoder)


def _line(access: Access, firmware: FirmwareBuild, decoder: Decoder | None) -> str:
    name = decoder.name(access.address) if decoder else None
    address = f"{access.address:#010x}" + (f" ({name})" if name else "")
    what = _WORDS[access.kind].format(size=access.size, how=access.how, address=address)
    frames: list[Frame] = (
        decoder.frames([access.pc])
        if decoder
        else functions_at(firmware.addr2line, firmware.elf, [access.pc])
    )
    return "\n  ".join([what, *told(frames)])


@pytest.fixture
def observations(request: pytest.FixtureRequest) -> Callable[[], list[Observation]]:
    """What was seen of the first device so far, a run for each time that it was switched on."""
    return lambda: read_observations(folders_of(request.node)[0])
