"""What fixtures give has a public name, and a type that a checker of other projects sees."""

import ast
import inspect
import sys
import typing
from collections.abc import Iterator
from pathlib import Path

from _pytest.fixtures import FixtureFunctionDefinition

from pytest_embedded_hotreload import api, fixtures
from tests.conftest import ROOT
from tests.package.conftest import Environment, run

PACKAGE = "pytest_embedded_hotreload"
#: used by other fixtures alone
INTERNAL = {"module_builders"}
#: what scenarios use beyond that
PRIVATE_IN_SCENARIOS = {
    # what a module's ELF says
    "load_modules.py": {("dynamic", "DynamicTable")},
    # where a module lies whose load the trace has not told
    "test_malformed.py": {("placement", "current_placement")},
    # what the plug-in of QEMU is told and tells
    "schedules.py": {
        ("sim.observer.lines", "lines_of_component"),
        ("sim.observer.record", "Mark"),
        ("sim.observer.record", "Observation"),
    },
    "test_schedules.py": {("sim.observer.record", "Observation")},
    "test_observed.py": {
        ("sim.observer.phases", "replacements"),
        ("sim.observer.plan", "PHASES"),
        ("sim.observer.record", "Observation"),
    },
    # sources of another commit, which are kept for the next run
    "test_firmware_exchange.py": {("sim.sdk", "cache_root")},
    "test_ignored_options.py": {("faults", "assert_caught")},
    "test_page_in_browser.py": {
        ("browser", "Reader"),
        ("browser", "SIZES"),
        ("browser", "chromium"),
    },
    "test_seeded_faults.py": {
        ("faults", "Fault"),
        ("faults", "assert_caught"),
        ("faults", "fault_names"),
    },
    # what a module's ELF says, and all lines that the trace may have
    "test_status.py": {("dynamic", "DynamicTable")},
    "test_trace.py": {("dynamic", "DynamicTable"), ("trace", "EVENTS")},
    # the device as a state machine
    "test_way_back.py": {("model", name) for name in ("Body", "End", "Kind", "Model", "Slot")},
}


def given_by_fixtures() -> Iterator[object]:
    """The types of what tests ask for."""
    for name, value in vars(fixtures).items():
        is_public = not name.startswith("_") and name not in INTERNAL
        if isinstance(value, FixtureFunctionDefinition) and is_public:
            yield typing.get_type_hints(inspect.unwrap(value._get_wrapped_function()))["return"]


def classes_in(annotation: object) -> Iterator[type]:
    """The classes that an annotation is made of."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        yield annotation
    for part in typing.get_args(annotation):
        for each in part if isinstance(part, list) else [part]:
            yield from classes_in(each)


def test_what_fixtures_give_can_be_named() -> None:
    given = {
        each
        for annotation in given_by_fixtures()
        for each in classes_in(annotation)
        if each.__module__.startswith(PACKAGE)
    }

    assert api.Device in given and api.Module in given  # it finds them
    assert {each.__name__ for each in given} - set(api.__all__) == set()


def imported_by(file: Path) -> set[tuple[str, str]]:
    """What a file imports from the package, and not from its public module."""
    return {
        (node.module.removeprefix(f"{PACKAGE}."), alias.name)
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(PACKAGE)
        for alias in node.names
    } - {("api", name) for name in api.__all__}


def test_scenarios_name_only_what_is_public() -> None:
    """As tests of other projects do; but those that are about the harness itself."""
    files = [*(ROOT / "scenarios").glob("*.py"), *(ROOT / "examples").rglob("*.py")]
    private = {file.name: used for file in files if (used := imported_by(file))}

    assert private == PRIVATE_IN_SCENARIOS


def test_a_checker_of_another_project_sees_the_types(
    installed: Environment, tmp_path: Path
) -> None:
    (tmp_path / "test_it.py").write_text(
        f"from {PACKAGE}.api import Device\n"
        "def test_it(device: Device) -> None:\n"
        "    reveal_type(device.client.status())\n"
        "    device.firmware.no_such_thing\n"
    )

    checked = run(
        *(sys.executable, "-m", "mypy", "--python-executable", installed.python),
        *("--follow-imports=silent", "--no-incremental", "test_it.py"),
        cwd=tmp_path,
    ).stdout

    assert f'Revealed type is "TypedDict({PACKAGE}.client.Status, ' in checked
    assert '"FirmwareBuild" has no attribute "no_such_thing"' in checked
    assert "Found 1 error in 1 file" in checked
