"""What a user's build runs, runs on the oldest Python that a supported ESP-IDF is shipped with."""

import subprocess
import sys
from pathlib import Path

COMPONENT = Path(__file__).parents[1]
#: of Espressif's container images of ESP-IDF v5.0 and v5.1, on Ubuntu 20.04
OLDEST = "3.8"


def test_tools_need_no_newer_python() -> None:
    tests = COMPONENT / "tools" / "tests"
    sources = [*COMPONENT.glob("*.py"), *(COMPONENT / "tools").rglob("*.py")]
    sources = [path for path in sources if not path.is_relative_to(tests)]
    vermin = str(Path(sys.executable).with_name("vermin"))
    # annotations are not evaluated: each file defers them
    command = [vermin, "--no-eval-annotations", "--no-tips", "-vvv", "--violations"]
    command += [f"--target={OLDEST}-", *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout
    deferred = "from __future__ import annotations"
    texts = {path.name: path.read_text() for path in sources}
    assert [name for name, text in texts.items() if "def " in text and deferred not in text] == []
