#!/usr/bin/env python
"""The command line of ESP-IDF's idf.py, as far as builds and their extensions need it.

    idf.py [-C PROJECT] [-B BUILD] [-D NAME=VALUE]... COMMAND...

A command that nobody has defined is a target of the build. Further commands come from extensions:
modules `*_ext` in the folders of IDF_EXTRA_ACTIONS_PATH (separated by `;`), and `idf_ext.py` of the
project. Each has `action_extensions(base_actions, project_path)`, which returns the same dictionary
as for ESP-IDF: `global_options`, `actions`, `global_action_callbacks`.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True  # an extension's folder belongs to the user

import click  # noqa: E402

TARGETS = ("esp32",)
# whatever QEMU is in PATH, what is built here runs on the simulated board
QEMU = Path(__file__).resolve().parent / "qemu"
VERSION_FILE = Path(__file__).with_name("cmake") / "version.cmake"
FAILED = 2

Actions = dict[str, Any]


class FatalError(Exception):
    """The text is one line for people."""


class PropertyDict(dict[str, Any]):
    """The global options, as callbacks get them: `args.build_dir`."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


@dataclass
class Task:
    """One command of the command line, with its options."""

    callback: Callable[..., None]
    name: str
    aliases: Sequence[str]
    dependencies: Sequence[str]
    order_dependencies: Sequence[str]
    action_args: dict[str, Any]


class Option(click.Option):
    """With ESP-IDF's scopes: `global` may stand on either side, `shared` after every command."""

    def __init__(self, scope: str = "default", **settings: Any) -> None:
        super().__init__(settings.pop("names"), **settings)
        self.scope = scope


class Action(click.Command):
    def __init__(self, name: str, settings: dict[str, Any], shared: Sequence[Option]) -> None:
        callback = settings.pop("callback")
        aliases = settings.pop("aliases", [])
        dependencies = settings.pop("dependencies", [])
        order_dependencies = settings.pop("order_dependencies", [])
        parameters: list[click.Parameter] = [
            click.Argument(argument.pop("names"), **argument)
            for argument in map(dict, settings.pop("arguments", None) or [])
        ]
        parameters += [Option(**option) for option in settings.pop("options", None) or []]

        def make_task(**action_args: Any) -> Task:
            return Task(callback, name, aliases, dependencies, order_dependencies, action_args)

        super().__init__(name, callback=make_task, params=[*parameters, *shared], **settings)
        self.run = callback
        self.aliases = aliases


class CommandLine(click.Group):
    def __init__(self, actions: Actions) -> None:
        options = [Option(**option) for option in actions["global_options"]]
        shared = [option for option in options if option.scope == "shared"]
        super().__init__(
            chain=True,
            invoke_without_command=True,
            no_args_is_help=True,
            result_callback=self.execute,
            help=__doc__,
        )
        self.actions = {
            name: Action(name, dict(settings), shared)
            for name, settings in actions["actions"].items()
        }
        self.callbacks = actions["global_action_callbacks"]
        names = {option.name for option in options}
        for action in self.actions.values():
            for option in action.params:
                if isinstance(option, Option) and option.scope == "global":
                    if option.name not in names:
                        options.append(option)
                    names.add(option.name)
        self.params += options
        self.names = {
            alias: name
            for name, action in self.actions.items()
            for alias in (name, *action.aliases)
        }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(name for name, action in self.actions.items() if not action.hidden)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        if cmd_name in self.names:
            return self.actions[self.names[cmd_name]]
        return Action(cmd_name, {"callback": self.actions["fallback"].run}, [])

    def execute(self, tasks: list[Task], **options: Any) -> None:
        ctx = click.get_current_context()
        args = PropertyDict(options)
        for task in tasks:
            self._move_global_options(task, args)
        args.define_cache_entry = list(args.define_cache_entry)
        for callback in self.callbacks:
            callback(ctx, args, tasks)
        for task in self._in_order(ctx, tasks):
            aliases = f" (aliases: {', '.join(task.aliases)})" if task.aliases else ""
            print(f"Executing action: {task.name}{aliases}", flush=True)
            task.callback(task.name, ctx, args, **task.action_args)

    def _move_global_options(self, task: Task, args: PropertyDict) -> None:
        options = [option for option in self.params if isinstance(option, Option)]
        for option in options:
            if option.scope == "default" or option.name not in task.action_args:
                continue
            value = task.action_args.pop(option.name)
            unset = (None, (), option.default)
            if value in unset:
                continue
            if args[option.name] not in (*unset, value):
                raise FatalError(
                    f'Option "{option.name}" provided for "{task.name}" is already defined to a '
                    "different value. This option can appear at most once in the command line."
                )
            args[option.name] = value

    def _with_defaults(self, ctx: click.Context, name: str) -> Task:
        """A command that another one depends on; global options are as they were given."""
        task: Task = ctx.invoke(self.get_command(ctx, name))
        for option in self.params:
            if isinstance(option, Option) and option.scope != "default":
                task.action_args.pop(option.name, None)
        return task

    def _in_order(self, ctx: click.Context, tasks: list[Task]) -> list[Task]:
        """Each once, after what it depends on, and after those that were asked for and go first."""
        asked = {task.name: task for task in reversed(tasks)}
        ordered: dict[str, Task] = {}

        def add(name: str) -> None:
            if name in ordered:
                return
            task = asked.get(name) or self._with_defaults(ctx, name)
            for before in task.order_dependencies:
                if before in asked:
                    add(before)
            for before in task.dependencies:
                add(before)
            ordered[name] = task

        for task in tasks:
            add(task.name)
        return list(ordered.values())


def run_tool(command: Sequence[str], folder: Path) -> None:
    print(f"Running {command[0]} in directory {folder}")
    print(f'Executing "{" ".join(command)}"...', flush=True)
    try:
        status = subprocess.run(command, cwd=folder).returncode
    except FileNotFoundError:
        raise FatalError(f'"{command[0]}" must be available on the PATH to use idf.py') from None
    if status != 0:
        raise FatalError(f"{command[0]} failed with exit code {status}")


def cache_of(build_dir: Path) -> dict[str, str]:
    """What a build directory was configured with."""
    path = build_dir / "CMakeCache.txt"
    if not path.exists():
        return {}
    entries = re.findall(r"(?m)^([^/#:\n]+):[A-Z]+=(.*)$", path.read_text(encoding="utf-8"))
    return dict(entries)


def ensure_build_directory(args: PropertyDict, *, always: bool = False) -> Path:
    """Run CMake when that was never done, or when an entry of the cache is to change."""
    project, build_dir = Path(args.project_dir), Path(args.build_dir)
    if not project.is_dir():
        raise FatalError(f"Project directory {project} does not exist")
    if not (project / "CMakeLists.txt").exists():
        raise FatalError(f"CMakeLists.txt not found in project directory {project}")
    build_dir.mkdir(parents=True, exist_ok=True)
    cache = cache_of(build_dir)
    home = cache.get("CMAKE_HOME_DIRECTORY")
    if home is not None and Path(home).resolve() != project:
        raise FatalError(
            f"Build directory '{build_dir}' configured for project '{home}' not '{project}'. "
            "Run 'idf.py fullclean' to start again."
        )
    entries = args.define_cache_entry
    for entry in entries:
        if "=" not in entry:
            raise FatalError(f"-D {entry}: an entry of CMake's cache is NAME=VALUE")
    wanted = dict(re.split(r"(?::[A-Z]+)?=", entry, maxsplit=1) for entry in entries)
    if always or any(cache.get(name) != value for name, value in wanted.items()):
        fixed = ["-DPYTHON_DEPS_CHECKED=1", f"-DPYTHON={sys.executable}", "-DESP_PLATFORM=1"]
        own = [f"-D{entry}" for entry in entries]
        run_tool(["cmake", "-G", "Ninja", *fixed, *own, str(project)], build_dir)
    elif not cache:
        ensure_build_directory(args, always=True)
    return build_dir


def build_target(name: str, ctx: click.Context, args: PropertyDict) -> None:
    folder = ensure_build_directory(args)
    run_tool(["ninja", *(["-v"] if args.verbose else []), name], folder)


def fallback_target(name: str, ctx: click.Context, args: PropertyDict) -> None:
    folder = ensure_build_directory(args)
    if subprocess.run(["ninja", "-n", name], cwd=folder, capture_output=True).returncode != 0:
        raise FatalError(f'command "{name}" is not known to idf.py and is not a Ninja target')
    run_tool(["ninja", name], folder)


def reconfigure(name: str, ctx: click.Context, args: PropertyDict) -> None:
    ensure_build_directory(args, always=True)


def set_target(name: str, ctx: click.Context, args: PropertyDict, idf_target: str) -> None:
    sdkconfig = Path(args.project_dir) / "sdkconfig"
    if sdkconfig.exists():
        sdkconfig.rename(sdkconfig.with_name("sdkconfig.old"))
    args.define_cache_entry.append(f"IDF_TARGET={idf_target}")
    ensure_build_directory(args, always=True)


def fullclean(name: str, ctx: click.Context, args: PropertyDict) -> None:
    build_dir = Path(args.build_dir)
    if not build_dir.is_dir() or not any(build_dir.iterdir()):
        print(f"Build directory '{build_dir}' is empty or not found. Nothing to clean.")
        return
    if not (build_dir / "CMakeCache.txt").exists():
        raise FatalError(
            f"Directory '{build_dir}' doesn't seem to be a CMake build directory. "
            "Refusing to automatically delete files in this directory."
        )
    for path in build_dir.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def resolve_folders(ctx: click.Context, args: PropertyDict, tasks: list[Task]) -> None:
    project = Path(args.project_dir).resolve()
    build_dir = Path(args.build_dir).resolve() if args.build_dir else project / "build"
    if build_dir == project:
        raise FatalError("Setting the build directory to the project directory is not supported.")
    args.project_dir, args.build_dir = str(project), str(build_dir)


def show_version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        numbers = re.findall(r"IDF_VERSION_\w+ (\d+)\)", VERSION_FILE.read_text(encoding="utf-8"))
        print(f"ESP-IDF v{'.'.join(numbers)}")
        ctx.exit()


def own_actions() -> Actions:
    define = {
        "names": ["-D", "--define-cache-entry"],
        "help": "Entry of CMake's cache, NAME=VALUE.",
        "scope": "global",
        "multiple": True,
    }
    flag = {"is_flag": True, "default": False}
    return {
        "global_options": [
            {
                "names": ["--version"],
                "help": "Show the release that is followed, and exit.",
                "is_flag": True,
                "expose_value": False,
                "callback": show_version,
            },
            {
                "names": ["-C", "--project-dir"],
                "help": "Folder of the project.",
                "scope": "shared",
                "type": click.Path(),
                "default": str(Path.cwd()),
            },
            {"names": ["-B", "--build-dir"], "help": "Folder of the build.", "type": click.Path()},
            {"names": ["-v", "--verbose"], "help": "Show the commands of the build.", **flag},
            {"names": ["-p", "--port"], "help": "Serial port.", "scope": "global"},
        ],
        "actions": {
            "all": {
                "aliases": ["build"],
                "callback": build_target,
                "help": "Build the project.",
                "options": [define],
                "order_dependencies": ["reconfigure", "fullclean"],
            },
            "reconfigure": {
                "callback": reconfigure,
                "help": "Run CMake, also if it has nothing to do.",
                "options": [define],
            },
            "set-target": {
                "callback": set_target,
                "help": "Choose the chip, with a new sdkconfig.",
                "arguments": [{"names": ["idf-target"], "type": click.Choice(TARGETS)}],
                "dependencies": ["fullclean"],
            },
            "fullclean": {"callback": fullclean, "help": "Empty the build directory."},
            "fallback": {"callback": fallback_target, "hidden": True},
        },
        "global_action_callbacks": [resolve_folders],
    }


def merge(actions: Actions, extension: Actions) -> Actions:
    return {
        "global_options": actions["global_options"] + extension.get("global_options", []),
        "actions": {**actions["actions"], **extension.get("actions", {})},
        "global_action_callbacks": actions["global_action_callbacks"]
        + extension.get("global_action_callbacks", []),
    }


def project_folder(arguments: Sequence[str]) -> str:
    """Extensions are loaded before the command line is read, but they depend on the project."""

    @click.command(
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )
    @click.option("-C", "--project-dir", default=str(Path.cwd()))
    def read(project_dir: str) -> str:
        return str(Path(project_dir).resolve())

    folder: str = read(list(arguments), standalone_mode=False)
    return folder


def extensions(project: str) -> list[Any]:
    """The modules, in ESP-IDF's order: those of the environment, then the project's."""
    found = []
    for folder in filter(None, os.environ.get("IDF_EXTRA_ACTIONS_PATH", "").split(";")):
        path = Path(folder).resolve()
        if not path.exists():
            print(f"WARNING: Directory with idf.py extensions doesn't exist:\n    {path}")
            continue
        sys.path.append(str(path))
        names = sorted(name for _, name, _ in pkgutil.iter_modules([str(path)]))
        found += [importlib.import_module(name) for name in names if name.endswith("_ext")]
    if Path(project, "idf_ext.py").exists():
        sys.path.append(project)
        try:
            found.append(importlib.import_module("idf_ext"))
        except ImportError as error:
            print(f"WARNING: {project}/idf_ext.py is left out: {error}", file=sys.stderr)
    return found


def main(arguments: Sequence[str]) -> None:
    os.environ.setdefault("IDF_PATH", str(Path(__file__).resolve().parents[1]))
    os.environ["PATH"] = f"{QEMU}{os.pathsep}{os.environ['PATH']}"
    project = project_folder(arguments)
    actions = own_actions()
    for extension in extensions(project):
        actions = merge(actions, extension.action_extensions(actions, project))
    CommandLine(actions)(list(arguments), prog_name="idf.py")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except FatalError as error:
        print(error, file=sys.stderr)
        sys.exit(FAILED)
