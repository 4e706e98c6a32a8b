"""The component compiled for the host, under sanitizers, for every width.

CTest says in HOTRELOAD_HOST_BUILD where the programs are, and in HOTRELOAD_HOST_WIDTH for which
width the tests are to run; without it, all widths are compiled here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from host import Host
from host_build import build, shared_folder

BUILT = os.environ.get("HOTRELOAD_HOST_BUILD")
WIDTHS = [os.environ["HOTRELOAD_HOST_WIDTH"]] if BUILT else ["64", "32"]


@pytest.fixture(scope="session", params=WIDTHS, ids="{}-bit".format)
def program_named(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """A program of CMakeLists.txt by its name, for the width of the test."""
    width: str = request.param

    @cache
    def find(name: str) -> Path:
        if BUILT:
            return Path(BUILT) / f"{name}_{width}"
        folder = shared_folder(tmp_path_factory) / f"host-{width}"
        return build(folder, f"{name}_{width}", f"HOTRELOAD_WIDTHS={width}")

    return find


@pytest.fixture(scope="session")
def host_program(program_named: Callable[[str], Path]) -> Path:
    return program_named("hr_host")


@pytest.fixture
def host(host_program: Path, tmp_path: Path) -> Host:
    return Host(host_program, tmp_path)
