"""The component compiled for the host, under sanitizers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

HERE = Path(__file__).resolve().parent
COMPONENT = HERE.parent
sys.path.insert(0, str(HERE))

from host import Host  # noqa: E402

# what needs esp_http_server
DEVICE_ONLY = {"hr_answer.c", "hr_server.c", "hr_upload.c"}
FLAGS = (
    *("-std=gnu11", "-Wall", "-Wextra", "-Werror", "-g", "-O1"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
    *(f"-I{folder}" for folder in (COMPONENT / "include", COMPONENT / "src", HERE, HERE / "stub")),
    "-Wl,--wrap=malloc,--wrap=calloc,--wrap=free",
)


@pytest.fixture(scope="session")
def host_program(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Compiled once for all workers of a run."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("no gcc for the host: install gcc")
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent
    program = shared / "hr_host"
    with FileLock(f"{program}.lock"):
        if not program.exists():
            sources = [
                path for path in (COMPONENT / "src").glob("*.c") if path.name not in DEVICE_ONLY
            ]
            inputs = map(str, [*sources, *HERE.glob("*.c")])
            command = [compiler, *FLAGS, *inputs, "-o", f"{program}.new"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            Path(f"{program}.new").rename(program)
    return program


@pytest.fixture
def host(host_program: Path, tmp_path: Path) -> Host:
    return Host(host_program, tmp_path)
