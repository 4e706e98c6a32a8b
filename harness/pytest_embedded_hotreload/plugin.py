"""The pytest plugin: options and markers. Fixtures are in `pytest_embedded_hotreload.fixtures`."""

import gc
import os
import sys
import uuid
from collections.abc import Generator
from contextlib import ExitStack
from typing import Any

import pytest
from _pytest.outcomes import Failed

from pytest_embedded_hotreload.environment import direct_requests
from pytest_embedded_hotreload.errors import (
    ConditionNotMet,
    DeviceCrashed,
    EmulatorFault,
    HarnessError,
    MissingToolError,
    NotSetUp,
)
from pytest_embedded_hotreload.faults import FaultTree
from pytest_embedded_hotreload.firmware import FirmwareBuilder
from pytest_embedded_hotreload.keys import BUILDER, DECODER, DEVICES, FAULT_TREE, LANE, TIMELINE
from pytest_embedded_hotreload.lanes import CAPABILITIES, find_lane, lane_names
from pytest_embedded_hotreload.oracle import ImageDiffers
from pytest_embedded_hotreload.order import part, prefer, sort
from pytest_embedded_hotreload.progress import Progress
from pytest_embedded_hotreload.screen import screen_of
from pytest_embedded_hotreload.sentences import compare
from pytest_embedded_hotreload.shards import tell_durations
from pytest_embedded_hotreload.sim.sdk import cache_root
from pytest_embedded_hotreload.timeouts import lengthen, limit
from pytest_embedded_hotreload.tracebacks import prune, release

pytest_plugins = [
    "pytest_embedded_hotreload.observe.plugin",
    "pytest_embedded_hotreload.fixtures",
    "pytest_embedded_hotreload.report.plugin",
    "pytest_embedded_hotreload.debug.plugin",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what the harness can be told."""
    group = parser.getgroup("hotreload", "hot reload harness")
    group.addoption(
        "--lane",
        default="sim",
        metavar="LANE",
        help=f"where firmwares are built for and run: {', '.join(lane_names())} (default: sim)",
    )
    group.addoption(
        "--boards",
        metavar="FILE",
        help="lane board: the boards there are (default: $HOTRELOAD_BOARDS, or ci/boards.yaml, "
        "which says how)",
    )
    group.addoption(
        "--board-tag",
        action="append",
        default=[],
        metavar="TAG",
        help="lane board: use only boards with this tag, or name; can be repeated",
    )
    group.addoption(
        "--seed-fault",
        metavar="NAME",
        help="apply scenarios/faults/NAME.patch to a copy of the sources before building: "
        "a scenario that guards what the patch breaks must fail",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Find the lane, and seed the fault that was asked for."""
    config.addinivalue_line(
        "markers",
        "firmware(path, config={}): build the firmware from the ESP-IDF project `path` (from the "
        "root of the repository), with settings such as CONFIG_X=y that override its own",
    )
    config.addinivalue_line(
        "markers",
        "needs(capability, ...): skip unless the lane has them; there are "
        + ", ".join(CAPABILITIES),
    )
    config.addinivalue_line(
        "markers",
        "crashes: the firmware crashes, and the test looks at how: a crash does not fail it",
    )
    config.addinivalue_line(
        "markers",
        "icount: the device's cycle counter counts instructions instead of time; "
        "`lane.instructions(cycles)` tells how many",
    )
    config.addinivalue_line(
        "markers",
        "damages: modules are damaged on purpose: what is loaded is not compared with what was "
        "built",
    )
    prefer(config)
    worker: dict[str, Any] = getattr(config, "workerinput", {})
    session = worker.get("testrunuid") or uuid.uuid4().hex
    fault = config.getoption("seed_fault")
    try:
        lane = find_lane(config.getoption("lane"))
        lane.configure(config)
        if fault:
            config.stash[FAULT_TREE] = FaultTree.seed(config.rootpath, fault, cache_root())
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from error
    lengthen(config, lane.patience)
    config.stash[LANE] = lane
    config.add_cleanup(_directly().close)
    progress = Progress(screen_of(config))
    config.stash[BUILDER] = FirmwareBuilder(lane, cache_root(), session, progress)


def _directly() -> ExitStack:
    with ExitStack() as stack:
        stack.enter_context(direct_requests(os.environ))
        return stack.pop_all()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """With `-n auto`, one process for each board; the default in the other lanes."""
    if config.getoption("lane") != "board":
        return None
    from pytest_embedded_hotreload.board.session import chosen_boards  # esptool is slow to import

    try:
        return len(chosen_boards(config))
    except HarnessError as error:
        raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object | None:
    """Tests in their order, those that share what they build in one process."""
    from pytest_embedded_hotreload.distribution import scheduler  # xdist need not be there

    return scheduler(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What explains comes first; pytest puts what failed last time before that, in this order.

    pytest-split cuts shards out of it after that.
    """
    sort(items, config)
    if hasattr(config, "workerinput"):
        part(items)
    tell_durations(config, items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Tell once what is missing, not in each test; and take what is there out of the collector.

    When pytest-embedded closes an object of a DUT it searches all others for references to it: it
    finds only those of this test, since `pytest_runtest_setup` does the same.
    """
    on_devices = any(map(uses_device, session.items))
    # a usage error of one of xdist's workers would be shown with a traceback
    alone = not hasattr(session.config, "workerinput")
    if on_devices and alone and not session.config.option.collectonly:
        try:
            session.config.stash[LANE].require_tools()
        except MissingToolError as error:
            raise pytest.UsageError(str(error)) from error
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave out what Hypothesis has to say where it was not used: to say nothing it is imported.

    That takes half as long as the start of pytest. Who asks for statistics has it imported; what
    failed in processes of xdist is told by the one that has started them.
    """
    manager = session.config.pluginmanager
    elsewhere = manager.hasplugin("dsession") and session.testsfailed
    if "hypothesis" not in sys.modules and not elsewhere:
        manager.unregister(name="hypothesispytest")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Refuse capabilities that no lane could have, and limit tests of devices."""
    if uses_device(item):
        limit(item, item.config.stash[LANE].patience)
    for marker in item.iter_markers("needs"):
        unknown = [name for name in marker.args if name not in CAPABILITIES]
        if unknown:
            raise pytest.UsageError(
                f"{item.nodeid}: unknown capability {', '.join(unknown)}: "
                f"there are {', '.join(CAPABILITIES)}"
            )


def uses_device(item: pytest.Item) -> bool:
    """Whether a test builds a firmware and runs it."""
    return "firmware" in getattr(item, "fixturenames", ())


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what the lane cannot do; and take what earlier tests have left out of the collector."""
    if uses_device(item):
        gc.collect()
        gc.freeze()
    lane = item.config.stash[LANE]
    needed = [name for marker in item.iter_markers("needs") for name in marker.args]
    if item.get_closest_marker("icount") is not None:
        needed.append("icount")
    missing = [name for name in needed if name not in lane.capabilities]
    if missing:
        pytest.skip(f"lane {lane.name} lacks {', '.join(missing)}")


def pytest_assertrepr_compare(
    config: pytest.Config, op: str, left: object, right: object
) -> list[str] | None:
    """Lists side by side, structures by field, large numbers as words and as addresses."""
    decoder = config.stash.get(DECODER, None)
    return compare(left, right, decoder.name, op) if decoder else compare(left, right, op=op)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(request: pytest.FixtureRequest) -> Generator[None, object, object]:
    """What the user has to put right is told in one message, without a traceback."""
    try:
        return (yield)
    except HarnessError as error:
        ended: BaseException = NotSetUp.by(error)
    except ConditionNotMet as error:
        ended = _short(request.config, error)
    raise ended from ended.__cause__


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """The same for what a test builds by itself; and a device that ended is why a test fails."""
    try:
        for device in pyfuncitem.stash.get(DEVICES, []):
            device.compare_loaded()  # what it has started with
        result = yield
        timeline = pyfuncitem.stash.get(TIMELINE, None)
        for watch in timeline.watches if timeline else []:
            if (
                watch.console is not None and not watch.console.fault
            ):  # what the emulator made of the firmware says nothing
                watch.settle()
        for device in pyfuncitem.stash.get(DEVICES, []):
            if not device.console.fault:
                device.check()
        return result
    except (Exception, Failed) as error:
        ended = cause_behind(pyfuncitem, error)
        if isinstance(ended, HarnessError):
            ended = NotSetUp.by(ended)
        ended = _short(pyfuncitem.config, ended)
    raise ended from ended.__cause__


def cause_behind(item: pytest.Item, error: BaseException) -> BaseException:
    """The crash of a device, or its wrong module, that an error of a test came of; else that."""
    timeline = item.stash.get(TIMELINE, None)
    if timeline is None or isinstance(error, (DeviceCrashed, ImageDiffers)):
        return error
    shows = str(error).strip().partition("\n")[0] or type(error).__name__
    reason: BaseException
    try:
        for watch in timeline.watches:
            watch.settle_broken()
        for device in item.stash.get(DEVICES, []):
            device.compare_loaded()
        return error
    except DeviceCrashed as crashed:
        reason = DeviceCrashed(f"{crashed}\n  it shows as: {shows}", crashed.crash)
    except ImageDiffers as differs:
        reason = ImageDiffers(f"{differs}\n  it shows as: {shows}")
    release(error)
    return reason.with_traceback(error.__traceback__)


def _short(config: pytest.Config, error: BaseException) -> BaseException:
    return error if config.option.fulltrace else prune(error)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """A test that the emulator fails says so, or is skipped if it needs what that one lacks."""
    try:
        yield
        return
    except Exception as error:
        fault = _emulator_fault(item)
        if fault is None:
            raise
        told = str(error) or type(error).__name__
    if any("soft-reset" in marker.args for marker in item.iter_markers("needs")):
        pytest.skip(f"lane {item.config.stash[LANE].name} lacks soft-reset: {fault}")
    raise EmulatorFault(f"{fault}; it shows as: {told}", pytrace=False)


def _emulator_fault(item: pytest.Item) -> str | None:
    timeline = item.stash.get(TIMELINE, None)
    consoles = timeline.consoles if timeline else []
    return next((console.fault for console in consoles if console.fault), None)
