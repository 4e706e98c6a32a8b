"""Each option of hotreload.py and of idf.py's commands arrives where it counts.

A new one has to be entered here.
"""

from __future__ import annotations

import argparse
import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import hotreload
from hotreload_client import Key
from hotreload_loop import build, emulator, idf_commands

URL = "http://10.1.2.3:4567"
MANIFEST = '{"output": "named.so", "auth_key": null}'
BUILD = "elsewhere"

#: by command and option of hotreload.py: further arguments, whose argument it becomes, its value
OF_A_REQUEST = {
    "--url": ([URL], "Client.url", URL),
    "--timeout": (["1.5", "--url", URL], "Client.timeout", 1.5),
    "--key-file": (["key", "--url", URL], "load.path", Path("key")),
    "--manifest": ([f"{BUILD}/hotreload/m.json", "--url", URL], "Client.key", None),
}
OF_A_BUILD = {
    "--url": ([URL, "--manifest", f"{BUILD}/hotreload/m.json"], "Cycle.url", URL),
    "--timeout": (["1.5"], "Cycle.timeout", 1.5),
    "--key-file": (["key"], "Cycle.key_file", Path("key")),
    "--manifest": ([f"{BUILD}/hotreload/m.json"], "open.folder", BUILD),
}
OF_A_CONSOLE = {
    "--url": ([URL], "Client.url", URL),
    "--timeout": (["1.5", "--url", URL], "Client.timeout", 1.5),
    "--manifest": ([f"{BUILD}/hotreload/m.json"], "Session.folder", BUILD),
    "--build-dir": ([BUILD], "Session.folder", BUILD),
    "--module": (["further.so"], "Session.further", [Path("further.so")]),
}
ARRIVES: dict[str, dict[str, tuple[list[str], str, Any]]] = {
    **dict.fromkeys(("status", "pending", "reload", "confirm", "rollback", "retry"), OF_A_REQUEST),
    **dict.fromkeys(("upload", "upload-and-reload"), OF_A_REQUEST),
    **dict.fromkeys(("build-and-reload", "watch"), OF_A_BUILD),
    "decode": OF_A_CONSOLE,
}
#: what is tested by what it does: `decode --gdb` in test_decode.py, and a console needs no key
ELSEWHERE = {"decode": {"--gdb", "--key-file"}}

#: of idf.py's commands, as the keyword arguments that idf.py makes of them
OF_IDF: dict[str, dict[str, tuple[dict[str, Any], str, Any]]] = {
    "reload": {
        "--url": ({"url": URL, "timeout": 30.0}, "Cycle.url", URL),
        "--timeout": ({"url": URL, "timeout": 1.5}, "Cycle.timeout", 1.5),
    },
    "watch": {
        "--url": ({"url": URL, "timeout": 30.0}, "Cycle.url", URL),
        "--timeout": ({"url": URL, "timeout": 1.5}, "Cycle.timeout", 1.5),
    },
    "run-project": {
        "--qemu": ({"qemu": True, "device_port": None, "host_port": None}, "run.host_port", 0),
        "--device-port": (
            {"qemu": True, "device_port": 81, "host_port": None},
            "run.device_port",
            81,
        ),
        "--host-port": (
            {"qemu": True, "device_port": None, "host_port": 4567},
            "run.host_port",
            4567,
        ),
    },
}


class Arrived(BaseException):
    """The rest of a command is not run."""


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """The arguments of what the commands call, by name and parameter."""
    got: dict[str, Any] = {}

    def watch(owner: Any, name: str, ends: bool = True) -> None:
        original = getattr(owner, name)
        signature = inspect.signature(original)

        def replaced(*arguments: Any, **named: Any) -> Any:
            bound = signature.bind(*arguments, **named)
            bound.apply_defaults()
            for key, value in bound.arguments.items():
                inside = isinstance(value, Path) and value.is_relative_to(tmp_path)
                got[f"{name}.{key}"] = str(value.relative_to(tmp_path)) if inside else value
            if ends:
                raise Arrived

        monkeypatch.setattr(owner, name, replaced)

    watch(hotreload, "Client")
    watch(hotreload, "Cycle")
    watch(hotreload, "Session")
    watch(Key, "load")
    watch(build.Build, "open", ends=False)
    watch(idf_commands, "Cycle")
    watch(emulator, "run")
    monkeypatch.delenv("HOTRELOAD_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / BUILD / "hotreload").mkdir(parents=True)
    (tmp_path / BUILD / "hotreload" / "m.json").write_text(MANIFEST)
    (tmp_path / "module.so").touch()
    return got


def options_of(parser: argparse.ArgumentParser) -> dict[str, set[str]]:
    """By command, in the long form."""
    (commands,) = (
        action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    )
    return {
        name: {action.option_strings[-1] for action in command._actions if action.option_strings}
        - {"--help"}
        for name, command in commands.choices.items()
    }


@pytest.mark.parametrize(
    ("command", "option"),
    [(command, option) for command, known in ARRIVES.items() for option in known],
    ids=lambda value: value.strip("-").replace("reload", "r"),
)
def test_option_of_the_program(received: dict[str, Any], command: str, option: str) -> None:
    arguments, where, value = ARRIVES[command][option]
    with pytest.raises(Arrived):
        hotreload.main([command, option, *arguments])
    assert received.get(where, "nothing has come") == value


def test_each_option_of_the_program_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    parsers: list[argparse.ArgumentParser] = []
    monkeypatch.setattr(
        argparse.ArgumentParser, "parse_args", lambda self, arguments: parsers.append(self)
    )
    hotreload.parse_arguments([])
    there = options_of(parsers[-1])
    assert there == {
        command: set(known) | ELSEWHERE.get(command, set()) for command, known in ARRIVES.items()
    }


def test_module_of_a_manifest_and_of_an_argument(
    received: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The argument counts more."""
    args = hotreload.parse_arguments(["--manifest", f"{BUILD}/hotreload/m.json", "upload", "a.so"])
    (tmp_path / "a.so").write_bytes(b"argument")
    (tmp_path / "named.so").write_bytes(b"manifest")
    manifest = hotreload.manifest_of(args)
    assert hotreload.module_of(args, manifest) == b"argument"
    args.module = None
    assert hotreload.module_of(args, manifest) == b"manifest"


@pytest.mark.parametrize(
    ("command", "option"),
    [(command, option) for command, known in OF_IDF.items() for option in known],
    ids=lambda value: value.strip("-").replace("reload", "r"),
)
def test_option_of_idf_py(received: dict[str, Any], command: str, option: str) -> None:
    named, where, value = OF_IDF[command][option]
    action = idf_commands.action_extensions({}, "project")["actions"][command]
    with pytest.raises(Arrived):
        action["callback"](command, None, SimpleNamespace(build_dir=BUILD), **named)
    assert received.get(where, "nothing has come") == value
    assert received["open.folder"] == Path(BUILD)


def test_each_option_of_idf_py_is_here() -> None:
    actions = idf_commands.action_extensions({}, "project")["actions"]
    there = {
        name: {option["names"][0] for option in action["options"]}
        for name, action in actions.items()
    }
    assert there == {command: set(known) for command, known in OF_IDF.items()}
