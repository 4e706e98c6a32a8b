#!/usr/bin/env python3
"""Upload modules to a device that runs the hotreload component, reload, go back, ask for its state.

    hotreload.py --url http://192.168.1.100:8080 upload-and-reload

takes the module and, if the firmware wants signed requests, the key from the manifest of the
firmware's build. `build-and-reload` and `watch` build the module before, as `idf.py reload` and
`idf.py watch` do. `decode` names the functions in a console's backtraces, the module's among them.
Needs Python 3.8 and nothing else, `decode` the toolchain's addr2line.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO

from hotreload_client import Client, DeviceError, Key
from hotreload_decode.run import Session
from hotreload_loop import build
from hotreload_loop.cycle import TIMEOUT, URL_VARIABLE, Cycle, complain
from hotreload_loop.delivery import PENDING
from hotreload_loop.errors import DONE, ERRORS, EXIT_STATUS, WrongCallError, exit_status
from hotreload_loop.newest import why_not_newest

MANIFEST = Path("build") / build.MANIFEST

EPILOG = f"""\
The device's answer goes to standard output as JSON, but for build-and-reload, watch and decode.

{EXIT_STATUS}"""


def manifest_of(args: argparse.Namespace) -> dict[str, Any]:
    """The manifest; without a path the one of the build directory, if there is one."""
    if args.manifest is None and not MANIFEST.exists():
        return {}
    return build.read_manifest(args.manifest or MANIFEST)


def cycle_of(args: argparse.Namespace) -> Cycle:
    """Builds in the build directory that the manifest lies in."""
    folder = (args.manifest or MANIFEST).resolve().parents[1]
    return Cycle(build.Build.open(folder), args.url, args.timeout, args.key_file)


def key_of(args: argparse.Namespace, manifest: dict[str, Any]) -> Key | None:
    path = args.key_file or manifest.get("auth_key")
    return Key.load(Path(path)) if path else None


def module_of(args: argparse.Namespace, manifest: dict[str, Any]) -> bytes:
    path = args.module or manifest.get("output")
    if path is None:
        raise WrongCallError(f"no module: there is no {MANIFEST}; name the file, or use --manifest")
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise WrongCallError(f"cannot read the module {path}: {error.strerror}") from error


def run(args: argparse.Namespace) -> dict[str, Any]:
    if not args.url:
        raise WrongCallError(f"which device? use --url http://HOST:PORT, or set {URL_VARIABLE}")
    manifest = manifest_of(args)
    client = Client(args.url, key_of(args, manifest), args.timeout)
    if args.command == "upload":
        return client.upload(module_of(args, manifest))
    if args.command == "upload-and-reload":
        return loaded(client, client.upload_and_reload(module_of(args, manifest)))
    if args.command == "reload":
        return loaded(client, client.reload())
    commands = (client.confirm, client.rollback, client.retry, client.pending, client.status)
    return {command.__name__: command for command in commands}[args.command]()


def loaded(client: Client, answer: dict[str, Any]) -> dict[str, Any]:
    """Tell when what the device has loaded is not the newest module in its flash."""
    if answer.get("status") != PENDING:
        older = why_not_newest(client.status())
        if older:
            print(f"hotreload: warning: {older}", file=sys.stderr)
    return answer


def decode(args: argparse.Namespace) -> int:
    """The exit status; what is wrong with a console does not end its decoding."""
    folder = (args.build_dir or (args.manifest or MANIFEST).parents[1]).resolve()
    client = Client(args.url, None, args.timeout) if args.url else None
    session = Session(folder, args.module, client, complain)
    with contextlib.ExitStack() as stack:
        console = console_of(args, stack)
        if args.gdb:
            session.symbols(console, sys.stdout)
        elif console is None:
            raise WrongCallError("no console: name its file, or pipe it in")
        else:
            session.decode(console, sys.stdout)
    return exit_status(session.problems[0]) if session.problems else DONE


def console_of(args: argparse.Namespace, stack: contextlib.ExitStack) -> TextIO | None:
    """The file, or what is piped in, unless a device is asked for symbols alone."""
    if args.console is None:
        if sys.stdin.isatty() or (args.gdb and args.url):
            return None
        return stack.enter_context(opened(sys.stdin.fileno()))
    try:
        return stack.enter_context(opened(args.console))
    except OSError as error:
        raise WrongCallError(f"cannot read the console {args.console}: {error.strerror}") from error


def opened(file: int | Path) -> TextIO:
    """A console may have any bytes."""
    return open(file, encoding="utf-8", errors="replace", closefd=isinstance(file, Path))


def common_options() -> argparse.ArgumentParser:
    """Options that may stand on either side of the command: only what is given has a value."""
    options = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    options.add_argument("--url", help=f"the device (default: ${URL_VARIABLE})")
    options.add_argument(
        "--manifest",
        type=Path,
        metavar="FILE",
        help=f"of the firmware's build, names module and key (default: {MANIFEST})",
    )
    options.add_argument(
        "--key-file", type=Path, metavar="FILE", help="the firmware's key instead of the manifest's"
    )
    options.add_argument("--timeout", type=float, metavar="SECONDS", help="longest silence")
    return options


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[common_options()],
    )
    parser.set_defaults(
        url=os.environ.get(URL_VARIABLE), manifest=None, key_file=None, timeout=TIMEOUT
    )
    options = common_options()  # set_defaults() has given the others values
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, what in (
        ("status", "state of the server and of the module"),
        ("pending", "whether an update waits for a reload"),
        ("reload", "load the newest module of the flash partition"),
        ("confirm", "keep the module that runs: no crash makes the device start another"),
        ("rollback", "give up the module that runs, and load the one before it"),
        ("retry", "let the next load take the newest again that was given up or gave way"),
    ):
        commands.add_parser(name, help=what, parents=[options])
    for name, what in (
        ("upload", "write a module to the flash partition"),
        ("upload-and-reload", "write a module to the flash partition and load it"),
    ):
        upload = commands.add_parser(name, help=what, parents=[options])
        upload.add_argument("module", nargs="?", help="the ELF (default: the manifest's module)")
    for name, what in (
        ("build-and-reload", "build the module, send it, and look whether it is confirmed"),
        ("watch", "the same after each save of a source or header of the module"),
    ):
        commands.add_parser(name, help=what, parents=[options])
    decoding = commands.add_parser(
        "decode", help="name the addresses in a console's panics", parents=[options]
    )
    decoding.add_argument("console", nargs="?", type=Path, help="a file (default: standard input)")
    decoding.add_argument(
        "-B", "--build-dir", type=Path, metavar="DIR", help="of the firmware (default: build)"
    )
    decoding.add_argument(
        "--module",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a further ELF with symbols that may have been loaded",
    )
    decoding.add_argument(
        "--gdb", action="store_true", help="print the symbols of the module as a command of gdb"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    args = parse_arguments(arguments)
    try:
        if args.command == "decode":
            return decode(args)
        if args.command == "build-and-reload":
            cycle_of(args).reload()
        elif args.command == "watch":
            cycle_of(args).watch()
        else:
            print(json.dumps(run(args), indent=2))
    except KeyboardInterrupt:
        return DONE
    except ERRORS as error:
        complain(explain(error, args))
        return exit_status(error)
    return DONE


def explain(error: Exception, args: argparse.Namespace) -> str:
    unsigned = isinstance(error, DeviceError) and error.name == "HOTRELOAD_ERR_AUTH_HEADER"
    if unsigned and not args.key_file:
        return f"{error}; name the manifest of its firmware's build with --manifest"
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
