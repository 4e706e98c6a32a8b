"""The fixtures: pytest-embedded's with the lane's classes in them, and those of a scenario."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import EllipsisType
from typing import Any
from urllib.parse import urlsplit

import pytest
from pytest_embedded.plugin import multi_dut_argument
from pytest_embedded.utils import ClassCliOptions

from hotreload_decode.decoder import Load
from pytest_embedded_hotreload.client import HotReloadClient
from pytest_embedded_hotreload.console import Console, ConsoleProcess
from pytest_embedded_hotreload.debug.gdb import GDB, debugger_of
from pytest_embedded_hotreload.debug.keep import monitor_of
from pytest_embedded_hotreload.decode import Decoder
from pytest_embedded_hotreload.device import PROBE_PORT, SERVER_PORT, Device
from pytest_embedded_hotreload.diagnosis import describe, looker
from pytest_embedded_hotreload.errors import ConditionNotMet, HarnessError
from pytest_embedded_hotreload.firmware import FirmwareBuild, FirmwareBuilder
from pytest_embedded_hotreload.image_check import ImageCheck
from pytest_embedded_hotreload.keys import (
    BUILDER,
    DECODER,
    DEVICES,
    FAILED,
    FAULT_TREE,
    FIGURES,
    FIRMWARE,
    LANE,
    MODULES,
    TIMELINE,
)
from pytest_embedded_hotreload.lanes import DutContext, Lane
from pytest_embedded_hotreload.memory import Flash
from pytest_embedded_hotreload.modules import Module, ModuleBuilder, Recipe, Source
from pytest_embedded_hotreload.observe.plugin import is_observed
from pytest_embedded_hotreload.oracle import Image, assert_images_equal, expected_images
from pytest_embedded_hotreload.placement import Placement
from pytest_embedded_hotreload.probe import Probe
from pytest_embedded_hotreload.sim.sdk import cache_root
from pytest_embedded_hotreload.timeline import Timeline
from pytest_embedded_hotreload.trace import Trace, TraceEvent
from pytest_embedded_hotreload.variables import Names
from pytest_embedded_hotreload.variants import Variant, edit, find_source
from pytest_embedded_hotreload.watch import Watch


class ConsoleManager:
    """Stands in for pytest-embedded's manager process, whose queues nobody needs here."""

    def shutdown(self) -> None:
        """There is nothing to end."""


def _per_dut(value: Any, total: Any) -> list[Any]:
    """The values of a fixture for each DUT; pytest-embedded gives a single one as it is."""
    count = len(total) if isinstance(total, tuple) else 1
    return list(value) if isinstance(value, (tuple, list)) else [value] * count


def _as_fixture(values: list[Any]) -> Any:
    """The other way round."""
    return values[0] if len(values) == 1 else tuple(values)


# pytest-embedded's own fixtures


@pytest.fixture(scope="session", autouse=True)
def _mp_manager() -> ConsoleManager:
    """No manager process: consoles live in the process of the test."""
    return ConsoleManager()


@pytest.fixture(scope="session", autouse=True)
def _stdout_lock() -> None:
    """No lock between processes: only one prints."""


@pytest.fixture(scope="session")
def session_root_logdir(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """pytest-embedded's logs, in pytest's folder for temporary files; xdist's workers share it."""
    basetemp = tmp_path_factory.getbasetemp()
    return str(basetemp.parent if hasattr(pytestconfig, "workerinput") else basetemp)


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> str:
    """pytest-embedded's cache of serial ports, not shared with other users of the machine."""
    return str(tmp_path_factory.getbasetemp())


@pytest.fixture
def test_case_tempdir(request: pytest.FixtureRequest, session_tempdir: str) -> str:
    """The directory of one test; tests of the same name in two files do not share one."""
    unique = tempfile.mkdtemp(prefix=f"{request.path.stem}-", dir=session_tempdir)
    return str(Path(unique) / request.node.name.replace(os.sep, "-"))


@pytest.fixture
@multi_dut_argument  # type: ignore[untyped-decorator]
def app_path(request: pytest.FixtureRequest) -> str:
    """The ESP-IDF project: `--app-path`, or the one that the test file belongs to.

    That is the first with a CMakeLists.txt of the test's folder, its folder `firmware`, and the
    same for the folders above.
    """
    chosen = getattr(request, "param", None) or request.config.getoption("app_path")
    return str(chosen or _project_of(request.path.parent, request.config.rootpath))


@pytest.fixture
def embedded_services(request: pytest.FixtureRequest, lane: Lane) -> str:
    """The services of pytest-embedded that the lane rests on."""
    return request.config.getoption("embedded_services") or lane.services


@pytest.fixture
def msg_queue(
    request: pytest.FixtureRequest, _pexpect_logfile: Any, dut_total: Any, with_timestamp: Any
) -> Iterator[Any]:
    """The console of each DUT."""
    logs = _per_dut(_pexpect_logfile, dut_total)
    labels = [f"[dut-{index}] " for index in range(len(logs))] if len(logs) > 1 else [""]
    stamps = _per_dut(with_timestamp, dut_total)
    echo = request.config.getoption("capture") == "no"
    consoles = [
        Console(Path(log), label, echo, stamp is not False)
        for log, label, stamp in zip(logs, labels, stamps, strict=True)
    ]
    watches = [Watch(console) for console in consoles]
    for watch in watches:
        watch.debugged = request.config.getoption("gdb")
    if request.node.get_closest_marker("crashes") is None:
        for watch in watches:
            watch.activate()
    request.node.stash[TIMELINE] = Timeline(consoles=consoles, watches=watches)
    yield _as_fixture(consoles)
    for watch in watches:
        watch.close()
    for console in consoles:
        console.close()


@pytest.fixture
def _listener() -> None:
    """No listener process: the console writes the log file."""


@pytest.fixture
def _pexpect_fr(_pexpect_logfile: Any, msg_queue: Any, dut_total: Any) -> Iterator[Any]:
    """The log file of each DUT, opened for `dut.expect`."""
    with contextlib.ExitStack() as stack:
        logs = _per_dut(_pexpect_logfile, dut_total)
        yield _as_fixture([stack.enter_context(Path(log).open("rb")) for log in logs])


@pytest.fixture
def pexpect_proc(_pexpect_fr: Any, msg_queue: Any, dut_total: Any) -> Any:
    """What `dut.expect` works on: event-driven, where pytest-embedded's polls."""
    streams, consoles = _per_dut(_pexpect_fr, dut_total), _per_dut(msg_queue, dut_total)
    return _as_fixture([ConsoleProcess(s, c) for s, c in zip(streams, consoles, strict=True)])


@pytest.fixture
def _fixture_classes_and_options(
    request: pytest.FixtureRequest,
    _fixture_classes_and_options: Any,
    lane: Lane,
    firmware: Any,
    msg_queue: Any,
    dut_total: Any,
    boards: Sequence[Any],
) -> Any:
    """The lane's classes for `app`, `qemu`, `serial` and `dut`."""
    all_options: list[ClassCliOptions] = _per_dut(_fixture_classes_and_options, dut_total)
    firmwares, consoles = _per_dut(firmware, dut_total), _per_dut(msg_queue, dut_total)
    request.node.stash.setdefault(FIRMWARE, firmwares)  # where a project builds by itself
    icount = request.node.get_closest_marker("icount") is not None
    gdb = debugger_of(request, firmwares)
    observed = is_observed(request.node)
    for index, (options, build, console, board) in enumerate(
        zip(all_options, firmwares, consoles, boards, strict=True)
    ):
        _let_describe(request.node.stash[TIMELINE].watches[index], console, build)
        directory = console.log.parent / f"dut-{index}"
        monitor = monitor_of(request.node, index)
        context = DutContext(
            build.build_dir, console, directory, icount, board, monitor, gdb, observed
        )
        lane.put_in_classes(options, context)
    return _as_fixture(all_options)


# the harness's fixtures


@pytest.fixture(scope="session")
def lane(pytestconfig: pytest.Config) -> Lane:
    """The lane of this session (`--lane`)."""
    return pytestconfig.stash[LANE]


@pytest.fixture(scope="session")
def firmware_builder(pytestconfig: pytest.Config) -> FirmwareBuilder:
    """Builds any ESP-IDF project for the lane: `firmware_builder.build(path, config)`."""
    return pytestconfig.stash[BUILDER]


@pytest.fixture(scope="session")
def seeded(pytestconfig: pytest.Config) -> Callable[[Path], Path]:
    """Where a file or folder of the sources is, with the fault of `--seed-fault` in it."""
    tree = pytestconfig.stash.get(FAULT_TREE, None)
    return tree.seeded if tree else lambda path: path


@pytest.fixture
def boards(request: pytest.FixtureRequest, lane: Lane, dut_total: Any) -> Iterator[Sequence[Any]]:
    """What the lane has reserved for the test: one for each DUT."""
    count = len(_per_dut(None, dut_total))
    with lane.boards(count, request.node.nodeid) as taken:
        for board in filter(None, taken):
            request.node.user_properties.append(("board", str(board)))
        yield taken


@pytest.fixture
def firmware(
    request: pytest.FixtureRequest,
    lane: Lane,
    boards: Sequence[Any],
    firmware_builder: FirmwareBuilder,
    app_path: Any,
    dut_total: Any,
    seeded: Callable[[Path], Path],
) -> Any:
    """The firmware that the DUT runs, built (one for each DUT when there are several).

    The project is that of the marker `firmware(path, config)`, else pytest-embedded's `app_path`,
    by default the folder of the test file.
    """
    marker = request.node.get_closest_marker("firmware")
    paths = _per_dut(app_path, dut_total)
    config: dict[str, str] = {}
    if marker is not None:
        config = dict(marker.kwargs.get("config", {}))
        if marker.args:
            paths = [request.config.rootpath / marker.args[0]] * len(paths)
    projects = [seeded(Path(path)) for path in paths]
    builds = [
        firmware_builder.build(project, {**lane.settings(board), **config})
        for project, board in zip(projects, boards, strict=True)
    ]
    request.node.stash[FIRMWARE] = builds
    for build in builds:
        request.node.user_properties.append(("firmware", f"{build.name} {build.build_id}"))
    return _as_fixture(builds)


@pytest.fixture
def devices(
    request: pytest.FixtureRequest, dut: Any, lane: Lane, firmware: Any, dut_total: Any
) -> Iterator[list[Device]]:
    """The devices of the test, booted and ready to be asked (see `count`)."""
    timeline = request.node.stash[TIMELINE]
    duts, builds = _per_dut(dut, dut_total), _per_dut(firmware, dut_total)
    built = request.node.stash.setdefault(MODULES, [])
    # where instructions are counted nothing else is done
    uncompared = any(map(request.node.get_closest_marker, ("icount", "damages")))
    compares = lane.looks_inside and not uncompared
    found = [
        _make_device(one, lane, build, timeline, watch, built, compares)
        for one, build, watch in zip(duts, builds, timeline.watches, strict=True)
    ]
    request.node.stash[DEVICES] = found
    if request.config.getoption("keep_device"):
        for device in found:
            device.watch.wake(partial(lane.freeze, device.dut))
    if found[0].decoder is not None:
        request.config.stash[DECODER] = found[0].decoder
    try:
        for device in found:
            device.wait_ready()
        yield found
        if not request.node.stash.get(FAILED, False):
            for device in found:
                if not device.console.fault:
                    device.check()
    finally:
        if DECODER in request.config.stash:
            del request.config.stash[DECODER]
        for device in found:
            device.close()


@pytest.fixture
def device(devices: list[Device]) -> Device:
    """The device of the test, booted and ready to be asked."""
    if len(devices) != 1:
        pytest.fail("this test has several devices: use the fixture `devices`", pytrace=False)
    return devices[0]


@pytest.fixture
def device_url(request: pytest.FixtureRequest, dut: Any, lane: Lane) -> str:
    """Base URL of the server of the test's only device, for tests that need no more than `dut`."""
    (watch,) = request.node.stash[TIMELINE].watches
    watch.owns = lambda address: _leads_to(dut, lane, address)
    return lane.url(dut, SERVER_PORT)


@pytest.fixture(scope="session")
def module_builders() -> Callable[[FirmwareBuild], ModuleBuilder]:
    """Builds modules for a firmware: `module_builders(firmware).build(recipe)`."""
    builders: dict[Path, ModuleBuilder] = {}

    def builder(firmware: FirmwareBuild) -> ModuleBuilder:
        if firmware.build_dir not in builders:
            builders[firmware.build_dir] = ModuleBuilder(firmware, cache_root())
        return builders[firmware.build_dir]

    return builder


@pytest.fixture
def build_module(
    request: pytest.FixtureRequest,
    firmware: Any,
    module_builders: Callable[[FirmwareBuild], ModuleBuilder],
    seeded: Callable[[Path], Path],
) -> Callable[..., Module]:
    """Build a module for the firmware of the test.

    `build_module(*sources, name=..., cflags=[...], defines={...})`: a source is a file or the
    text of one. `first_counts=True` lets a function be in several of them. `firmware=...` is
    another one than that of the test. `linker_script=None` makes an ordinary shared object without
    the component's linker script, and `allow_undefined=True` lets symbols be that nobody defines.
    """
    built = request.node.stash.setdefault(MODULES, [])
    own: FirmwareBuild = firmware[0] if isinstance(firmware, tuple) else firmware

    def build(
        *sources: Source,
        name: str = "",
        cflags: Sequence[str] = (),
        defines: Mapping[str, object] | None = None,
        first_counts: bool = False,
        firmware: FirmwareBuild | None = None,
        linker_script: EllipsisType | None = ...,
        allow_undefined: bool = False,
    ) -> Module:
        files = [seeded(source) if isinstance(source, Path) else source for source in sources]
        paths = [source for source in files if isinstance(source, Path)]
        definitions = [f"-D{key}={value}" for key, value in (defines or {}).items()]
        module = module_builders(firmware or own).build(
            Recipe(
                sources=tuple(files),
                name=name or (paths[0].stem if paths else "module"),
                cflags=(*cflags, *definitions),
                first_counts=first_counts,
                own_script=linker_script is not None,
                allow_undefined=allow_undefined,
            )
        )
        built.append(module)
        if GDB in request.node.stash:
            request.node.stash[GDB].add(module)
        return module

    return build


@pytest.fixture
def variant(
    request: pytest.FixtureRequest,
    firmware: Any,
    module_builders: Callable[[FirmwareBuild], ModuleBuilder],
    build_module: Callable[..., Module],
) -> Variant:
    """Build a variant of the firmware's module: its own sources, of which something is different.

    `variant("louder")` has the functions that `modules/louder.c` (or `.cpp`) defines, a file beside
    the test or in a folder above it, in place of the module's; `text` is the source of more.
    `variant(replace={"old": "new"})` is an edit of the module's sources, where each `old` has to be
    there once. `base=False` leaves the module's own sources out. Without any of these it is the
    module as it is. Other options go to `build_module`.
    """
    own: FirmwareBuild = firmware[0] if isinstance(firmware, tuple) else firmware

    def build(
        *names: str,
        text: str = "",
        replace: Mapping[str, str] | None = None,
        base: bool = True,
        **options: Any,
    ) -> Module:
        root = request.config.rootpath
        sources: list[Source] = [find_source(name, request.path, root) for name in names]
        sources += [text] if text else []
        others = bool(sources)
        if base:
            sources += edit(module_builders(own).sources, replace or {})
        options.setdefault("first_counts", others and base)
        return build_module(*sources, **options)

    return build


@pytest.fixture(scope="session")
def oracle() -> Callable[[Module, Placement], list[Image]]:
    """What every byte of a loaded module has to be: `oracle(module, device.placement())`."""
    return lambda module, placement: expected_images(module.data, placement)


@pytest.fixture
def assert_image_exact(device: Device) -> Callable[[Module], None]:
    """Compare the image of the loaded module with the oracle's, and explain what differs."""

    def check(module: Module) -> None:
        symbols = module.unstripped.read_bytes()
        name = device.decoder.name if device.decoder else None
        images = expected_images(module.data, device.placement())
        assert_images_equal(device.memory, images, symbols, name)

    return check


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Put a measured figure into the summary and the report: `figure("12 instructions a call")`."""

    def say(text: str) -> None:
        request.node.stash.setdefault(FIGURES, []).append(text)
        request.node.user_properties.append(("figure", text))

    return say


def _project_of(folder: Path, root: Path) -> Path:
    for above in (folder, *folder.parents):
        for project in (above, above / "firmware"):
            if (project / "CMakeLists.txt").exists():
                return project
        if above == root:
            break
    return folder


def _let_describe(watch: Watch, console: Console, firmware: FirmwareBuild) -> None:
    """Until there is a `Device`, what is known of a crash comes from the console."""

    def events() -> list[TraceEvent]:
        trace = Trace()
        for line in console.lines:
            trace.add_line(line)
        return trace.seen

    decoder = Decoder(firmware, events)
    watch.describe = lambda crash: describe(crash, decoder)


def _make_device(
    dut: Any,
    lane: Lane,
    firmware: FirmwareBuild,
    timeline: Timeline,
    watch: Watch,
    built: Sequence[Module],
    compares: bool,
) -> Device:
    trace = Trace(dut.console)
    decoder = Decoder(firmware, lambda: trace.seen, lambda: built, lambda: watch.sent)
    watch.wake(trace.wake)
    watch.patience = lane.patience
    watch.describe = lambda crash: describe(crash, decoder)
    watch.work = lambda: lane.work(dut)
    watch.look = looker(lambda: lane.look(dut, firmware.elf), decoder)
    watch.owns = lambda address: _leads_to(dut, lane, address)
    watch.activate(managed=True)
    timeline.annotate = decoder.annotate
    number = timeline.watches.index(watch)
    memory = lane.memory(dut)

    def in_use() -> Load | None:
        dut.console.catch_up()
        return decoder.in_use()

    names = Names(firmware.elf, in_use)
    image = ImageCheck(memory, dut.console, trace, decoder.fitting, decoder.name)

    def compare() -> None:
        if compares:
            image()

    def exchanged(request: str, answer: str, seconds: float) -> None:
        timeline.add_exchange(number, request, answer, seconds)
        if answer[0].isdigit():  # one that has given none may be dead
            compare()

    return Device(
        dut=dut,
        lane=lane,
        firmware=firmware,
        console=dut.console,
        timeline=timeline,
        trace=trace,
        client=HotReloadClient(
            lambda: lane.url(dut, SERVER_PORT), exchanged, firmware.auth_key, watch
        ),
        probe=Probe(lambda: lane.url(dut, PROBE_PORT), exchanged, watch, names),
        memory=memory,
        flash=Flash(lane.flash(dut)),
        watch=watch,
        decoder=decoder,
        names=names,
        compare_loaded=compare,
        number=number,
    )


def _leads_to(dut: Any, lane: Lane, address: object) -> bool:
    """Whether an address that somebody connects to is one of the device's servers."""
    try:
        urls = [urlsplit(lane.url(dut, port)) for port in (SERVER_PORT, PROBE_PORT)]
    except (HarnessError, ConditionNotMet, KeyError):
        return False  # it is off
    return address in [(url.hostname, url.port) for url in urls]
