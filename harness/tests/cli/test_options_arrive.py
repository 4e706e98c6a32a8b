"""Each option of each command arrives where it counts; a new one has to be entered here."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import hotreload_client
import hotreload_decode.run
import hotreload_loop.build
import hotreload_loop.cycle
import hotreload_loop.emulator
import pytest_embedded_hotreload.board.inventory
import pytest_embedded_hotreload.cli.device
import pytest_embedded_hotreload.cli.emulated
import pytest_embedded_hotreload.cli.idf
import pytest_embedded_hotreload.cli.needs
from pytest_embedded_hotreload.cli.device import client_of
from pytest_embedded_hotreload.cli.main import app

from .conftest import Hotreload

COMMANDS = get_command(app).commands  # type: ignore[attr-defined]

URL = "http://10.1.2.3:4567"
FOLDER = "/elsewhere"
BUILD = f"{FOLDER}/build"

#: what is called last with what came by an option: the command ends there
ENDS = {
    "Cycle": (hotreload_loop.cycle.Cycle, "__init__"),
    "Session": (hotreload_decode.run.Session, "__init__"),
    "emulator": (hotreload_loop.emulator, "run"),
    "client_of": (pytest_embedded_hotreload.cli.device, "client_of"),
    "read_boards": (pytest_embedded_hotreload.board.inventory, "read_boards"),
    "set_up": (pytest_embedded_hotreload.cli.needs, "set_up"),
}
#: what is called on the way
ON_THE_WAY = {
    "Client": (hotreload_client.Client, "__init__"),
    "build": (pytest_embedded_hotreload.cli.idf.Idf, "build"),
    "Build": (hotreload_loop.build.Build, "open"),
}

OF_A_DEVICE = {
    "--url": ([URL], "Cycle.url", URL),
    "--project-dir": ([FOLDER], "Build.folder", Path(BUILD)),
    "--build-dir": ([FOLDER], "Build.folder", Path(FOLDER)),
    "--key-file": (["key"], "Cycle.key_file", Path("key")),
    "--timeout": (["1.5"], "Cycle.timeout", 1.5),
}
#: by command and option: further arguments, whose argument it becomes, and its value there
ARRIVES: dict[str, dict[str, tuple[list[str], str, Any]]] = {
    "run": {
        "--lane": (["sim"], "idf_of.lane", "sim"),
        "--project-dir": ([FOLDER], "build.folder", Path(BUILD)),
        "--build-dir": ([FOLDER], "build.folder", Path(FOLDER)),
        "--port": (["/dev/tty7", "--lane", "board"], "command.arguments", ("-p", "/dev/tty7")),
        "--device-port": (["81"], "emulator.device_port", 81),
        "--host-port": (["4567"], "emulator.host_port", 4567),
    },
    "reload": {**OF_A_DEVICE, "--module": (["module.so"], "client_of.url", None)},
    "watch": OF_A_DEVICE,
    "status": {
        "--url": ([URL], "client_of.url", URL),
        "--project-dir": ([FOLDER], "client_of.folder", Path(BUILD)),
        "--build-dir": ([FOLDER], "client_of.folder", Path(FOLDER)),
        "--timeout": (["1.5"], "client_of.timeout", 1.5),
    },
    "decode": {
        "--module": (["module.so"], "Session.further", [Path("module.so")]),
        "--url": ([URL], "Client.url", URL),
        "--project-dir": ([FOLDER], "Session.folder", Path(BUILD)),
        "--build-dir": ([FOLDER], "Session.folder", Path(FOLDER)),
        "--timeout": (["1.5", "--url", URL], "Client.timeout", 1.5),
    },
    "devices": {"--boards": (["boards.yaml"], "read_boards.path", Path("boards.yaml"))},
    "doctor": {
        "--lane": (["esp32", "--install"], "set_up.lane", "esp32"),
        "--install": ([], "set_up.lane", "sim"),
    },
}
#: a call of each command that fails, for what becomes of the error
FAILING = {
    "new": ["/proc/version"],
    "components": ["/proc/version"],
    "run": ["-C", "/nowhere"],
    "reload": ["-C", "/nowhere"],
    "watch": ["-C", "/nowhere"],
    "status": ["-C", "/nowhere"],
    "inspect": ["/nowhere"],
    "check": ["/nowhere", "/nowhere"],
    "diff": ["/nowhere", "/nowhere"],
    "decode": ["-C", "/nowhere"],
    "devices": ["--boards", "/nowhere"],
    "doctor": ["--lane", "mars"],
}


class Arrived(BaseException):
    """The rest of a command is not run."""


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """The arguments of the functions above, by name and parameter."""
    got: dict[str, Any] = {}

    def watch(label: str, owner: Any, name: str, ends: bool) -> None:
        signature = inspect.signature(getattr(owner, name))

        def replaced(*arguments: Any, **named: Any) -> None:
            bound = signature.bind(*arguments, **named)
            got.update({f"{label}.{key}": value for key, value in bound.arguments.items()})
            if ends:
                raise Arrived

        monkeypatch.setattr(owner, name, replaced)

    for label, (owner, name) in ENDS.items():
        watch(label, owner, name, ends=True)
    for label, (owner, name) in ON_THE_WAY.items():
        watch(label, owner, name, ends=False)

    def idf_of(lane: str) -> pytest_embedded_hotreload.cli.idf.Idf:
        got["idf_of.lane"] = lane
        return pytest_embedded_hotreload.cli.idf.Idf({"IDF_PATH": "/idf"}, "python")

    def command(self: Any, project: Path, build: Path, *arguments: str) -> list[str]:
        got["command.arguments"] = arguments[:2]
        raise Arrived

    monkeypatch.setattr(pytest_embedded_hotreload.cli.idf, "idf_of", idf_of)
    monkeypatch.setattr(pytest_embedded_hotreload.cli.idf.Idf, "command", command)
    # others on this machine may run emulators, which would be asked
    monkeypatch.setattr(pytest_embedded_hotreload.cli.emulated, "running", list)
    monkeypatch.setattr(Path, "is_file", lambda path: True)
    monkeypatch.delenv("HOTRELOAD_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    return got


def options_with_values() -> Iterator[Any]:
    for command, known in ARRIVES.items():
        for option in known:
            yield pytest.param(command, option, id=f"{list(COMMANDS).index(command)}{option}")


@pytest.mark.parametrize(("command", "option"), options_with_values())
def test_option_arrives(received: dict[str, Any], command: str, option: str) -> None:
    arguments, where, value = ARRIVES[command][option]
    with pytest.raises(Arrived):
        COMMANDS[command].main([option, *arguments], standalone_mode=False)
    assert received.get(where, "nothing has come") == value


def test_each_option_is_here() -> None:
    """`--json` is one of each command."""
    there = {
        name: {p.opts[-1] for p in command.params if p.param_type_name == "option"}
        for name, command in COMMANDS.items()
    }
    assert there == {name: {"--json", *ARRIVES.get(name, ())} for name in FAILING}


@pytest.mark.parametrize("command", FAILING, ids=map(str, range(len(FAILING))))
def test_programs_get_the_error_as_json(hotreload: Hotreload, command: str) -> None:
    """People get none."""
    done = hotreload(command, *FAILING[command], "--json")
    assert done.status != 0
    assert set(done.json) == {"error"}
    assert "{" not in hotreload(command, *FAILING[command]).out


def test_a_device_is_asked_as_the_options_say(received: dict[str, Any], tmp_path: Path) -> None:
    """Without a build there is no other way to know."""
    key = tmp_path / "key"
    key.write_text("00" * 32)
    key.chmod(0o600)
    client_of(tmp_path, URL, 1.5, key)
    assert (received["Client.url"], received["Client.timeout"]) == (URL, 1.5)
    assert repr(received["Client.key"]) == repr(hotreload_client.Key(bytes(32)))
