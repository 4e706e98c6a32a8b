"""What fixtures give has a public name, and a type that a checker of other projects sees."""

import inspect
import sys
import typing
from collections.abc import Iterator
from pathlib import Path

from _pytest.fixtures import FixtureFunctionDefinition

from pytest_embedded_hotreload import api, fixtures
from tests.package.conftest import Environment, run

PACKAGE = "pytest_embedded_hotreload"
#: used by other fixtures alone
INTERNAL = {"module_builders"}


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
