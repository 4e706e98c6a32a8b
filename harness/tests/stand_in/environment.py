"""The environment of a lane on ESP-IDF: the real one, or stand-ins for all of it."""

import os
import sys
from pathlib import Path

import pytest

from pytest_embedded_hotreload.errors import HarnessError
from pytest_embedded_hotreload.lanes import find_lane
from pytest_embedded_hotreload.sim import sdk

ROOT = Path(__file__).resolve().parents[3]
WORK_ALIKE = ROOT / "harness" / "pytest_embedded_hotreload" / "sim" / "idf"
PROGRAMS = Path(__file__).resolve().parent


def stand_in_environment() -> dict[str, str]:
    """The work-alike as ESP-IDF, and Debian's QEMU behind Espressif's command line."""
    path = [str(PROGRAMS), str(sdk.sdk_path() / "bin"), os.environ["PATH"]]
    return {
        "IDF_PATH": str(WORK_ALIKE),
        "IDF_PYTHON_ENV_PATH": sys.prefix,
        "CCACHE_DIR": str(sdk.cache_root() / "ccache"),
        "PATH": os.pathsep.join(path),
    }


def real_environment(lane: str) -> dict[str, str]:
    """What `export.sh` has left; skips when that is not enough for the lane."""
    try:
        find_lane(lane).require_tools()
    except HarnessError as error:
        pytest.skip(f"no ESP-IDF with Espressif's QEMU in the environment: {error}")
    return {}
