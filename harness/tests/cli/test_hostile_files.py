"""Whatever a file holds, the answer is a result or one line, and never a fault of the command."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from pytest_embedded_hotreload.cli.errors import INTERNAL
from pytest_embedded_hotreload.cli.main import app

from .conftest import Build, Hotreload

WRONG_CALL = 2
few = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def called(*arguments: str | Path) -> int:
    """The exit status; on success what was printed is JSON."""
    done = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    json.loads(done.stdout)
    assert done.exit_code != INTERNAL, done.output
    return done.exit_code


def files(build: Build, folder: Path) -> dict[str, Path]:
    """What is no module at all."""
    empty, garbage, cut = folder / "empty", folder / "garbage", folder / "cut.so"
    empty.write_bytes(b"")
    garbage.write_bytes(bytes(range(256)))
    cut.write_bytes(build.module.read_bytes()[:100])
    return {
        "missing": folder / "missing",
        "directory": folder,
        "empty": empty,
        "garbage": garbage,
        "truncated": cut,
        "of the host": Path(sys.executable).resolve(),
        "an object": build.folder / "module.o",
    }


COMMANDS: dict[str, Callable[[Build, Path], list[str | Path]]] = {
    "of inspect": lambda build, file: ["inspect", file],
    "module of check": lambda build, file: ["check", file, build.firmware],
    "firmware of check": lambda build, file: ["check", build.module, file],
    "old of diff": lambda build, file: ["diff", file, build.linked],
    "new of diff": lambda build, file: ["diff", build.linked, file],
}


@pytest.mark.parametrize("place", COMMANDS)
def test_what_is_no_module_is_named(build: Build, tmp_path: Path, place: str) -> None:
    for kind, file in files(build, tmp_path).items():
        done = CliRunner().invoke(app, list(map(str, COMMANDS[place](build, file))))
        assert done.exit_code == WRONG_CALL, kind
        (line,) = done.stderr.splitlines()
        assert line.startswith("hotreload: error: ")
        assert str(file) in line, kind


@few
@given(data=st.binary(max_size=300))
def test_any_bytes(build: Build, tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "any"
    for start in (b"", b"\x7fELF\x01\x01\x01" + bytes(9), build.module.read_bytes()[:52]):
        file.write_bytes(start + data)
        assert called("inspect", file) == WRONG_CALL


@few
@given(
    st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), min_size=1, max_size=8),
    st.sampled_from(list(COMMANDS)),
    st.booleans(),
    st.integers(0, 1 << 20),
)
def test_damaged_files(
    build: Build,
    tmp_path: Path,
    changes: list[tuple[int, int]],
    place: str,
    headers: bool,
    length: int,
) -> None:
    firmware = place.startswith("firmware")
    data = bytearray((build.firmware if firmware else build.linked).read_bytes())
    for at, value in changes:
        data[at % (100 if headers else len(data))] = value
    file = tmp_path / "damaged.so"
    file.write_bytes(data if length % 2 else data[: length % len(data)])
    called(*COMMANDS[place](build, file))


def test_a_fault_of_the_command_is_one_line_too(
    build: Build, hotreload: Hotreload, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("of a kind that nobody foresaw")

    monkeypatch.setattr("pytest_embedded_hotreload.cli.elf.module.manifest_of", fail)
    done = CliRunner().invoke(app, ["inspect", str(build.module), "--json"])
    assert done.exit_code == INTERNAL
    assert done.stderr.startswith("hotreload: error: ZeroDivisionError: of a kind that nobody")
    assert json.loads(done.stdout)["error"]["code"] == "internal"
