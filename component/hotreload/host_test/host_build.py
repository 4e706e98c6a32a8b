"""Programs for the host, under sanitizers, and the Mbed TLS that they use: the sources that the
simulated board has."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

HERE = Path(__file__).resolve().parent
COMPONENT = HERE.parent
SOURCES = COMPONENT / "src"
SDK_LOCATOR = COMPONENT.parents[1] / "harness" / "sim" / "sdk.py"
FLAGS = (
    *("-std=gnu11", "-Wall", "-Wextra", "-Werror", "-g", "-O1"),
    *("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
    *(f"-I{folder}" for folder in (COMPONENT / "include", SOURCES, HERE, HERE / "stub")),
)


@dataclass(frozen=True)
class MbedTls:
    """What a program needs that uses the library."""

    flags: tuple[str, ...]
    archive: Path


def build_program(program: Path, command: list[str]) -> Path:
    """Compiled once for all workers of a run."""
    with FileLock(f"{program}.lock"):
        if not program.exists():
            _run([*command, "-o", f"{program}.new"])
            Path(f"{program}.new").rename(program)
    return program


def build_mbedtls(folder: Path, compiler: str) -> MbedTls:
    """The library in `folder`."""
    source = _source()
    flags = (
        '-DMBEDTLS_CONFIG_FILE="mbedtls/host_config.h"',
        f"-I{source / 'include'}",
    )
    archive = folder / "libmbedcrypto.a"
    with FileLock(f"{archive}.lock"):
        if not archive.exists():
            work = folder / "mbedcrypto"
            work.mkdir()
            # other people's code: without warnings
            command = [compiler, *FLAGS, *flags, f"-I{source / 'library'}", "-w", "-c"]

            def compile_one(path: Path) -> str:
                output = str(work / f"{path.stem}.o")
                _run([*command, str(path), "-o", output])
                return output

            with ThreadPoolExecutor(2) as pool:
                objects = list(pool.map(compile_one, sorted((source / "library").glob("*.c"))))
            _run(["ar", "rcs", str(work / archive.name), *objects])
            (work / archive.name).rename(archive)
    return MbedTls(flags, archive)


def _source() -> Path:
    done = subprocess.run(
        [sys.executable, str(SDK_LOCATOR), "sdk"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip("no sources of Mbed TLS: run ci/setup")
    return Path(done.stdout.strip()) / "src" / "mbedtls"


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
