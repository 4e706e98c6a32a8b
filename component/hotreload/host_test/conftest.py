"""The component compiled for the host, under sanitizers."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from host import Host
from host_build import (
    FLAGS,
    HERE,
    SOURCES,
    MbedTls,
    build_mbedtls,
    build_program,
)

# what needs esp_http_server
DEVICE_ONLY = {"hr_answer.c", "hr_server.c", "hr_upload.c"}
WRAPPED = "-Wl,--wrap=malloc,--wrap=calloc,--wrap=free"


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Of all workers of a run."""
    folder = tmp_path_factory.getbasetemp()
    return folder if worker_id == "master" else folder.parent


@pytest.fixture(scope="session")
def compiler() -> str:
    found = shutil.which("gcc")
    if found is None:
        pytest.skip("no gcc for the host: install gcc")
    return found


@pytest.fixture(scope="session")
def mbedtls(shared_folder: Path, compiler: str) -> MbedTls:
    return build_mbedtls(shared_folder, compiler)


@pytest.fixture(scope="session")
def host_program(shared_folder: Path, compiler: str, mbedtls: MbedTls) -> Path:
    sources = [path for path in SOURCES.glob("*.c") if path.name not in DEVICE_ONLY]
    inputs = map(str, [*sources, *HERE.glob("*.c"), mbedtls.archive])
    command = [compiler, *FLAGS, WRAPPED, *mbedtls.flags, *inputs]
    return build_program(shared_folder / "hr_host", command)


@pytest.fixture
def host(host_program: Path, tmp_path: Path) -> Host:
    return Host(host_program, tmp_path)
