"""The commands of idf.py, for `action_extensions()` of an idf_ext.py."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from . import emulator
from .build import Build
from .cycle import TIMEOUT, URL_VARIABLE, Cycle, complain
from .errors import DONE, ERRORS, WrongCallError, exit_status

DEVICE_PORT = 8080
PORT = click.IntRange(1, 65535)

URL = {
    "names": ["--url"],
    "help": f"The device, http://HOST:PORT. Default: ${URL_VARIABLE}, or the one in QEMU.",
}
TIMEOUT_OPTION = {
    "names": ["--timeout"],
    "help": "Longest silence of the device, in seconds.",
    "type": float,
    "default": TIMEOUT,
}


def reload_command(action: str, ctx: Any, args: Any, url: str | None, timeout: float) -> None:
    run(lambda: Cycle(Build.open(Path(args.build_dir)), url, timeout).reload())


def watch_command(
    action: str,
    ctx: Any,
    args: Any,
    url: str | None,
    timeout: float,
    beside_monitor: bool = False,
) -> None:
    def command() -> None:
        cycle = Cycle(Build.open(Path(args.build_dir)), url, timeout)
        if beside_monitor:
            cycle.client()  # without an address there is nothing to begin
            threading.Thread(target=run, args=(cycle.watch,), daemon=True).start()
        else:
            cycle.watch()

    run(command)


def watch_beside_monitor(ctx: Any, global_args: Any, tasks: list[Any]) -> None:
    """`idf.py watch monitor`: both have the terminal, until the monitor is ended."""
    by_name = {task.name: task for task in tasks}
    watch, monitor = by_name.get("watch"), by_name.get("monitor")
    if watch and monitor:
        watch.action_args["beside_monitor"] = True
        tasks.remove(watch)
        tasks.insert(tasks.index(monitor), watch)


def run_command(
    action: str, ctx: Any, args: Any, qemu: bool, device_port: int | None, host_port: int | None
) -> None:
    def command() -> int:
        if qemu:
            build = Build.open(Path(args.build_dir))
            return emulator.run(build, device_port or DEVICE_PORT, host_port or 0)
        if device_port or host_port:
            raise WrongCallError("--device-port and --host-port are of the device in QEMU: --qemu")
        return flash_and_monitor(args)

    run(command)


def flash_and_monitor(args: Any) -> int:
    """On a board: what idf.py has for that."""
    program = Path(os.environ["IDF_PATH"]) / "tools" / "idf.py"
    port = ["-p", args.port] if args.port else []
    folders = ["-C", args.project_dir, "-B", args.build_dir]
    return subprocess.call([sys.executable, str(program), *folders, *port, "flash", "monitor"])


def run(command: Callable[[], int | None]) -> None:
    """An error is one line and an exit status, Ctrl-C is an end like any other."""
    try:
        status = command() or DONE
    except KeyboardInterrupt:
        status = DONE
    except ERRORS as error:
        complain(error)
        status = exit_status(error)
    if status != DONE:
        raise SystemExit(status)


def flash_command(base_actions: dict[str, Any]) -> dict[str, Any]:
    """The target `hotreload-flash` with the options of `app-flash`.

    Of targets that it does not know idf.py ignores --port.
    """
    app_flash = base_actions.get("actions", {}).get("app-flash")
    if app_flash is None:
        return {}
    return {
        "hotreload-flash": {
            "callback": app_flash["callback"],
            "help": "Flash the module only.",
            "options": app_flash["options"],
            "order_dependencies": ["all", "erase-flash"],
        }
    }


def action_extensions(base_actions: dict[str, Any], project_path: str) -> dict[str, Any]:
    if "reload" in base_actions.get("actions", {}):
        return {"version": "1"}  # found in two ways, for example by the project and as a component
    return {
        "version": "1",
        "global_action_callbacks": [watch_beside_monitor],
        "actions": {
            **flash_command(base_actions),
            "reload": {
                "callback": reload_command,
                "help": "Build the module, send it to the device, and look until it is confirmed.",
                "options": [URL, TIMEOUT_OPTION],
            },
            "watch": {
                "callback": watch_command,
                "help": "Like reload, after each save of a source or header of the module; "
                "`watch monitor` shows the console as well.",
                "options": [URL, TIMEOUT_OPTION],
            },
            "run-project": {
                "callback": run_command,
                "help": "Build what has changed, run it on the board or in QEMU, show the console.",
                "dependencies": ["all"],
                "options": [
                    {"names": ["--qemu"], "is_flag": True, "help": "In Espressif's QEMU."},
                    {
                        "names": ["--device-port"],
                        "type": PORT,
                        "help": "With --qemu: port of the device that can be reached from here. "
                        f"Default: {DEVICE_PORT}.",
                    },
                    {
                        "names": ["--host-port"],
                        "type": PORT,
                        "help": "With --qemu: port of 127.0.0.1 that leads there. "
                        "Default: a free one.",
                    },
                ],
            },
        },
    }
