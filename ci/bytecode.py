"""What a run compiles goes into the cache: neither into the source tree, nor away.

A run starts Python hundreds of times: for its own processes, for builds, for the runs of pytest and
the commands that tests look at. Where the shell exports PYTHONDONTWRITEBYTECODE, as containers do,
each start would compile all that it imports. What ccache keeps for tests on the host is where it
keeps firmwares, which a pipeline hands on to the next run.
"""

import os
import shutil
import sys
from pathlib import Path

from pytest_embedded_hotreload.sim.sdk import cache_root

VARIABLE = "PYTHONPYCACHEPREFIX"


def keep() -> None:
    """Keep what this process and those that it starts compile from now on."""
    folder = os.environ.setdefault(VARIABLE, str(cache_root() / "bytecode"))
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.setdefault("CCACHE_DIR", str(cache_root() / "ccache"))
    sys.pycache_prefix = folder
    sys.dont_write_bytecode = False


def drop(folder: Path) -> None:
    """Keep nothing of what lies below `folder`."""
    shutil.rmtree(Path(os.environ[VARIABLE]) / folder.relative_to("/"), ignore_errors=True)
