"""The page of the lanes says which scenario runs in which lane, and what the others lack."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_embedded_hotreload.lanes import find_lane, lane_names

ROOT = Path(__file__).resolve().parents[2]

#: writes, for each file, what each of its tests needs of a lane
LISTING = """
import json, pathlib

def pytest_collection_modifyitems(items):
    needs = {}
    for item in items:
        needed = {name for marker in item.iter_markers("needs") for name in marker.args}
        if item.get_closest_marker("icount") is not None:
            needed.add("icount")
        needs.setdefault(item.path.name, []).append(sorted(needed))
    pathlib.Path("needs.json").write_text(json.dumps(needs))
"""


@pytest.fixture
def needs(tmp_path: Path) -> dict[str, list[list[str]]]:
    """What the tests of each scenario and of the example need."""
    (tmp_path / "listing.py").write_text(LISTING)
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--collect-only", "-qq", "-p", "listing"),
            *("-p", "no:cacheprovider", "-p", "no:randomly", f"--rootdir={ROOT}"),
            *(f"-c{ROOT / 'pytest.ini'}", str(ROOT / "scenarios"), str(ROOT / "examples")),
        ],
        cwd=tmp_path,
        env={**inherited, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT / "harness")])},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    listed: dict[str, list[list[str]]] = json.loads((tmp_path / "needs.json").read_text())
    return listed


def cell(lane: str, tests: list[list[str]]) -> str:
    """How much of a file runs in a lane."""
    capabilities = find_lane(lane).capabilities
    lacking = [set(needed) - capabilities for needed in tests]
    names = ", ".join(sorted(set().union(*lacking)))
    if not names:
        return "all"
    skipped = sum(bool(lack) for lack in lacking)
    if skipped == len(tests):
        return f"none: {names}"
    return f"all but {skipped} of {len(tests)}: {names}"


def test_table_of_scenarios_and_lanes(needs: dict[str, list[list[str]]]) -> None:
    page = (ROOT / "docs" / "lanes.md").read_text()
    lanes = sorted(lane_names(), key=["sim", "esp32", "board"].index)
    rows = [
        "| scenario | " + " | ".join(f"`{lane}`" for lane in lanes) + " |",
        "|---" * (len(lanes) + 1) + "|",
        *(
            f"| `{name}` | " + " | ".join(cell(lane, needs[name]) for lane in lanes) + " |"
            for name in sorted(needs)
        ),
    ]
    assert "\n".join(rows) + "\n\n" in page, "this is the table:\n" + "\n".join(rows)
