"""What Python compiles in a run is there for the next start, and nowhere in the way."""

import os
import subprocess
import sys
from pathlib import Path

from ci.bytecode import VARIABLE
from pytest_embedded_hotreload.paths import ROOT

RUN = """
import subprocess, sys
from pathlib import Path
from ci import bytecode

bytecode.keep()
import mine
subprocess.run([sys.executable, "-c", "import started"], check=True)
if "dropped" in sys.argv:
    bytecode.drop(Path(mine.__file__).parent)
"""


def kept(folder: Path, *arguments: str, **environment: str) -> set[str]:
    """The modules of `folder` that are kept after a run, by a shell that forbids it."""
    for name in ("mine", "started"):
        (folder / f"{name}.py").write_text("")
    path = os.pathsep.join(map(str, (folder, ROOT, ROOT / "harness")))
    inherited = {key: value for key, value in os.environ.items() if key != VARIABLE}
    own = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": path, "HOTRELOAD_CACHE": str(folder / "c")}
    command = [sys.executable, "-c", RUN, *arguments]
    subprocess.run(command, env={**inherited, **own, **environment}, check=True)
    assert not list(folder.rglob("__pycache__"))
    chosen = environment.get(VARIABLE, folder / "c" / "bytecode")
    found = (Path(chosen) / folder.relative_to("/")).glob("*.pyc")
    return {file.name.partition(".")[0] for file in found}


def test_of_this_process_and_of_those_that_it_starts(tmp_path: Path) -> None:
    assert kept(tmp_path) == {"mine", "started"}


def test_a_run_in_a_run_shares_its_folder(tmp_path: Path) -> None:
    assert kept(tmp_path, **{VARIABLE: str(tmp_path / "outer")}) == {"mine", "started"}


def test_nothing_is_left_of_what_is_temporary(tmp_path: Path) -> None:
    assert kept(tmp_path, "dropped") == set()
