"""Each fault in `faults/` turns the scenarios that it names red: a test has to be able to fail."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from pytest_embedded_hotreload.faults import Fault, assert_caught, fault_names

HERE = Path(__file__).parent
ROOT = HERE.parent

pytestmark = pytest.mark.faults


def faults() -> list[ParameterSet]:
    marks = {True: [pytest.mark.nightly], False: []}
    loaded = (Fault.load(ROOT, name) for name in fault_names(ROOT))
    return [pytest.param(fault.name, marks=marks[fault.nightly]) for fault in loaded]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", faults())
def test_fault_is_caught(
    fault: str, tmp_path: Path, pytestconfig: pytest.Config, figure: Callable[[str], None]
) -> None:
    for told in assert_caught(ROOT, fault, tmp_path, f"--lane={pytestconfig.option.lane}"):
        figure(f"{fault}: {told}")


def test_every_scenario_has_a_fault() -> None:
    named = {
        test.partition("::")[0]
        for fault in fault_names(ROOT)
        for test in Fault.load(ROOT, fault).caught_by
    }
    scenarios = {
        f"scenarios/{path.name}"
        for path in HERE.glob("test_*.py")
        if re.search(r"^def test_\w+\(\s*device: Device", path.read_text(), re.MULTILINE)
    }
    assert scenarios <= named, f"no fault shows that these can fail: {sorted(scenarios - named)}"
