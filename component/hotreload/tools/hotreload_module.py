#!/usr/bin/env python3
"""Build the reloadable module of a firmware.

Called by the CMake function `hotreload_setup()`, the last three when the firmware is linked::

    key       nothing, or a key              -> the key of CONFIG_HOTRELOAD_AUTH, its source file
    stubs     objects of the module          -> stubs, symbol table, link options of the firmware
    manifest  flags and names from CMake     -> module_manifest.json
    identity  ELF and map of the firmware    -> the same with its identity in it
    symbols   ELF of the firmware            -> addresses that the module is linked against
    link      manifest and objects           -> the module, and what is flashed of it

`build` makes a variant of the module from other sources, with the manifest alone.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hotreload_build.errors import ModuleError

if TYPE_CHECKING:
    from hotreload_build.link import Module

EXPORTS_FILE = "exports.txt"
SOURCES_FILE = "export_sources.txt"  # beside that: each export, and the source that it is in
WRAPPED_FILE = "firmware_wraps.txt"  # the names of --wrap in the firmware's link


class Run(NamedTuple):
    """How a run has ended, and what it has to say."""

    status: int = 0
    errors: str = ""
    output: str = ""


# each command imports what it needs, when it runs: that is the greater part of its time


def run_stubs(args: argparse.Namespace) -> Run:
    from hotreload_build.files import write_if_changed
    from hotreload_build.interface import read_interface, source_name, source_path
    from hotreload_build.linkflags import kept_symbols, wrapped_symbols
    from hotreload_build.names import demangled
    from hotreload_build.stubs import assembly, link_options, table

    interface = read_interface(args.objects, args.exports, args.compiler)
    if not interface.functions:
        raise ModuleError(
            f"module '{args.component}' exports no function: the firmware could not call it; "
            "at least one function must be neither static nor hidden"
        )
    readable = demangled(args.compiler, (name for name, _ in interface.variables))
    warnings = [
        f"variable '{readable[name]}' of {source} is exported, but only functions of a module "
        "can be reached from the firmware: make it static, or give it to the firmware by a "
        "function"
        for name, source in interface.variables
    ] + [
        f"'{name}' of {source} is not exported, because the assembler does not know that it "
        f"is a function: say `.type {name}, @function`, or make it local"
        for name, source in interface.untyped
    ]
    folder: Path = args.output_dir
    sources = {name: source_path(path, args.source_dir) for name, path in interface.objects.items()}
    write_if_changed(folder / "hotreload_stubs.S", assembly(interface.functions, sources))
    write_if_changed(folder / "hotreload_table.c", table(interface.functions, args.header))
    write_if_changed(folder / EXPORTS_FILE, "".join(f"{name}\n" for name in interface.functions))
    named = ((name, source_name(interface.objects[name])) for name in interface.functions)
    write_if_changed(folder / SOURCES_FILE, "".join(f"{name} {source}\n" for name, source in named))
    options = folder / "firmware_link_options.txt"
    wrapped = wrapped_symbols(args.build_dir, options) if args.build_dir else ()
    write_if_changed(folder / WRAPPED_FILE, "".join(f"{name}\n" for name in wrapped))
    write_if_changed(options, link_options(kept_symbols(interface.needed, wrapped)))
    return Run(errors=warned(warnings))


def run_identity(args: argparse.Namespace) -> Run:
    from hotreload_build.clashes import check_clashes
    from hotreload_build.identity import stamp

    if args.export_sources:
        lines = args.export_sources.read_text(encoding="utf-8").splitlines()
        sources = dict(line.split(" ", 1) for line in lines)
        check_clashes(
            args.map or args.firmware.with_suffix(".map"),
            args.firmware.parent,
            sources,
            args.compiler,
        )
    stamp(args.firmware)
    return Run()


def run_symbols(args: argparse.Namespace) -> Run:
    from hotreload_build.files import write_if_changed
    from hotreload_build.firmware import symbol_script
    from hotreload_build.identity import link_script, read

    script = symbol_script(args.firmware, read_exports(args.exports))
    write_if_changed(args.output, script + link_script(read(args.firmware)))
    return Run()


def run_manifest(args: argparse.Namespace) -> Run:
    from hotreload_build.commands import read_commands
    from hotreload_build.manifest import Manifest, Partition

    commands = read_commands(args.compile_commands, args.objects)

    partition = None
    if args.partition:
        label, offset, size = args.partition
        partition = Partition(label, int(offset, 0), int(size, 0))
    Manifest(
        component=args.component,
        sources=tuple(args.source),
        languages=commands.languages,
        linker_script=args.linker_script,
        firmware_elf=args.firmware,
        firmware_symbols=args.symbols,
        exports=read_exports(args.exports),
        output=args.module,
        partition=partition,
        auth_key=args.auth_key,
        exports_only=args.exports_only,
        own_flags=commands.sources,
        max_size=args.max_size,
        build_number=args.build_number,
        build_floor=args.build_floor,
        exit_library=args.exit_library,
        wrapped=read_exports(args.exports.with_name(WRAPPED_FILE)),
    ).save(args.output)
    return Run()


def run_link(args: argparse.Namespace) -> Run:
    from hotreload_build.link import link_module
    from hotreload_build.manifest import Manifest

    manifest = Manifest.load(args.manifest)
    output, unstripped, flash = Path(manifest.output), args.unstripped, args.flash
    return report(link_module(manifest, args.objects, output, unstripped=unstripped, flash=flash))


def run_build(args: argparse.Namespace) -> Run:
    from hotreload_build.manifest import Manifest
    from hotreload_build.variant import build_module

    manifest = Manifest.load(args.manifest)
    return report(build_module(manifest, args.sources, args.output, compile_options=args.option))


def run_key(args: argparse.Namespace) -> Run:
    from hotreload_build.authkey import make_key, write_source

    make_key(args.key)
    if args.source is not None:
        write_source(args.source, args.key)
    return Run()


def run_page(args: argparse.Namespace) -> Run:
    from hotreload_build.page import write_source

    write_source(args.html, args.source)
    return Run()


def build_number(text: str) -> int:
    from hotreload_build.mac import LARGEST

    if not text.isdecimal() or int(text) > LARGEST:
        raise argparse.ArgumentTypeError(
            f"BUILD_NUMBER of hotreload_setup() is '{text}': give a number up to {LARGEST}"
        )
    return int(text)


def read_exports(path: Path) -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8").split())


def report(module: Module) -> Run:
    errors = module.output + warned(module.warnings)
    return Run(errors=errors, output=f"hotreload: {module.summary}\n")


def warned(warnings: Sequence[str]) -> str:
    return "".join(f"hotreload: warning: {text}\n" for text in warnings)


@functools.lru_cache  # a process may do many runs
def argument_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)

    stubs = commands.add_parser("stubs", help="stubs and symbol table from the module's objects")
    stubs.add_argument("--component", required=True)
    stubs.add_argument("--header", required=True, help="the header that declares the table")
    stubs.add_argument("--output-dir", type=Path, required=True)
    stubs.add_argument("--source-dir", type=Path, default=Path(), help="of the component")
    stubs.add_argument("--build-dir", type=Path, help="of CMake, to see how the firmware is linked")
    stubs.add_argument("--compiler", default="", help="the one that made the objects")
    stubs.add_argument(
        "--export",
        action="append",
        dest="exports",
        metavar="NAME",
        help="export this function and no other but those named so",
    )
    stubs.add_argument("objects", type=Path, nargs="+")
    stubs.set_defaults(run=run_stubs)

    identity = commands.add_parser("identity", help="write its identity into the firmware")
    identity.add_argument("--firmware", type=Path, required=True)
    identity.add_argument("--map", type=Path, help="of its link, by default beside it")
    identity.add_argument(
        "--export-sources", type=Path, help="refuse these functions if the firmware has others"
    )
    identity.add_argument("--compiler", default="")
    identity.set_defaults(run=run_identity)

    symbols = commands.add_parser("symbols", help="linker script with the firmware's addresses")
    symbols.add_argument("--firmware", type=Path, required=True)
    symbols.add_argument("--exports", type=Path, required=True)
    symbols.add_argument("--output", type=Path, required=True)
    symbols.set_defaults(run=run_symbols)

    manifest = commands.add_parser("manifest", help="what building a module takes, as JSON")
    manifest.add_argument("--component", required=True)
    manifest.add_argument("--source", action="append", required=True)
    manifest.add_argument("--compile-commands", type=Path, required=True, help="CMake's list")
    manifest.add_argument("--objects", required=True, help="CMake's target of the module's objects")
    manifest.add_argument("--linker-script", required=True)
    manifest.add_argument("--firmware", required=True)
    manifest.add_argument("--symbols", required=True)
    manifest.add_argument("--exports", type=Path, required=True)
    manifest.add_argument("--exports-only", action="store_true", help="the module exports no other")
    manifest.add_argument("--exit-library", help="compiled from module/hotreload_exit.c")
    manifest.add_argument("--max-size", type=int, help="of an ELF, for the server")
    manifest.add_argument("--partition", nargs=3, metavar=("LABEL", "OFFSET", "SIZE"))
    manifest.add_argument("--module", required=True, help="the stripped module")
    manifest.add_argument("--auth-key", metavar="FILE", help="the key of the firmware")
    manifest.add_argument("--build-number", type=build_number, default=0, help="of the module")
    manifest.add_argument("--build-floor", type=int, default=0, help="what the firmware takes")
    manifest.add_argument("--output", type=Path, required=True)
    manifest.set_defaults(run=run_manifest)

    link = commands.add_parser("link", help="the module, from its objects")
    link.add_argument("--manifest", type=Path, required=True)
    link.add_argument("--unstripped", type=Path, required=True)
    link.add_argument("--flash", type=Path, required=True, help="the module with its record")
    link.add_argument("objects", type=Path, nargs="+")
    link.set_defaults(run=run_link)

    page = commands.add_parser("page", help="put the server's page into the firmware")
    page.add_argument("--html", type=Path, required=True)
    page.add_argument("--source", type=Path, required=True, help="the file to write, in C")
    page.set_defaults(run=run_page)

    key = commands.add_parser("key", help="the key of the firmware, unless there is one")
    key.add_argument("--key", type=Path, required=True, help="the key, for clients")
    key.add_argument("--source", type=Path, help="the key, for the firmware")
    key.set_defaults(run=run_key)

    build = commands.add_parser("build", help="a variant of the module, from sources")
    build.add_argument("--manifest", type=Path, required=True)
    build.add_argument("--output", type=Path, required=True)
    build.add_argument(
        "--option", action="append", default=[], help="for the compiler, as in --option=-DX"
    )
    build.add_argument("sources", type=Path, nargs="+")
    build.set_defaults(run=run_build)

    return parser


def execute(arguments: list[str] | None = None) -> Run:
    """Do what the arguments say, by default those of the program; prints nothing."""
    args = argument_parser().parse_args(arguments)
    try:
        run: Run = args.run(args)
    except ModuleError as error:
        lines = [f"hotreload: error: {line}" for line in error.summary.splitlines()]
        if error.output:
            lines.append(error.output.rstrip())
        return Run(1, errors="".join(f"{line}\n" for line in lines))
    return run


def main(arguments: list[str] | None = None) -> int:
    run = execute(arguments)
    sys.stderr.write(run.errors)
    sys.stdout.write(run.output)
    return run.status


if __name__ == "__main__":
    sys.exit(main())
