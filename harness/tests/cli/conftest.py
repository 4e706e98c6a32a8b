"""A tiny firmware and its module, built once for all tests of the command; and the command."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hotreload_build.firmware import symbol_script
from hotreload_build.identity import link_script, stamp
from hotreload_build.interface import read_interface
from hotreload_build.manifest import Manifest, Partition, Toolset
from hotreload_build.stubs import assembly, table
from hotreload_build.variant import build_module
from pytest_embedded_hotreload.lanes import Lane
from pytest_embedded_hotreload.paths import COMPONENT, PACKAGE

FLAGS = ("-fPIC", "-ffunction-sections", "-fdata-sections", "-mlongcalls", "-Og", "-g")
API = """
#include <stdint.h>
struct point { int32_t x; int16_t y; };
int point_sum(const struct point *point);
int counted(int step);
extern int firmware_counter;
int firmware_add(int a, int b);
"""
FIRMWARE = """
#include "api.h"
int firmware_counter = 1;
const unsigned char hotreload_firmware_identity[16] = {0};
int firmware_add(int a, int b) { return a + b; }
void *memcpy(void *to, const void *from, unsigned size) { (void)from; (void)size; return to; }
uint32_t hotreload_unloaded_stub(void) { return 0; }
int main(void)
{
    struct point point = {firmware_counter, 2};
    return firmware_add(point_sum(&point), counted(3));
}
"""
MODULE = """
#include "api.h"
static int count = 5;
static __attribute__((constructor)) void begin(void) { count += 1; }
int point_sum(const struct point *point) { return firmware_add(point->x, point->y); }
int counted(int step) { count += step; return count + firmware_counter; }
"""
#: a function of C++, by its linker name
CXX_MODULE = """
#include "api.h"
int greet(int a) __asm__("_ZN7Greeter5greetEi");
int greet(int a) { return firmware_add(a, 1); }
"""


@dataclass(frozen=True)
class Build:
    """A build directory, as far as the command looks at it."""

    folder: Path
    prefix: str
    manifest: Manifest

    @property
    def firmware(self) -> Path:
        """With symbols and debug information."""
        return Path(self.manifest.firmware_elf)

    @property
    def module(self) -> Path:
        """What a device gets."""
        return Path(self.manifest.output)

    @property
    def linked(self) -> Path:
        """The module with symbols and debug information."""
        return self.folder / "hotreload" / "reloadable.so"

    def variant(self, text: str, folder: Path, *options: str) -> Path:
        """Another module for the firmware, with its symbols."""
        source = folder / "variant.c"
        source.write_text(text)
        linked = folder / "hotreload" / "variant.so"
        linked.parent.mkdir(exist_ok=True)
        build_module(
            self.manifest,
            [source],
            folder / "variant_stripped.so",
            unstripped=linked,
            compile_options=options,
        )
        return linked


def run(*command: str | Path) -> None:
    """Run a program, which has to succeed."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def prefix(lane: Lane) -> str:
    """Of the cross tools that the lane builds firmwares with."""
    lane.require_tools()
    for folder in lane.environment()["PATH"].split(os.pathsep):
        for gcc in sorted(Path(folder).glob("xtensa-*-elf-gcc")):
            if not gcc.name.startswith("xtensa-lx106"):  # of an ABI without register windows
                return str(gcc)[: -len("gcc")]
    pytest.fail("the lane's PATH has no Xtensa compiler", pytrace=False)


@pytest.fixture(scope="session")
def build(prefix: str, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Built the way `hotreload_setup()` does."""
    folder = tmp_path_factory.mktemp("build")
    (folder / "hotreload").mkdir()
    for name, text in (("api.h", API), ("firmware.c", FIRMWARE), ("module.c", MODULE)):
        (folder / name).write_text(text)
    (folder / "util.h").write_text("#include <stddef.h>\n#include <stdint.h>\n")
    run(f"{prefix}gcc", *FLAGS, f"-I{folder}", "-c", folder / "module.c", "-o", folder / "module.o")
    functions = read_interface([folder / "module.o"]).functions
    (folder / "stubs.S").write_text(assembly(functions))
    (folder / "table.c").write_text(table(functions, "util.h"))
    firmware = folder / "firmware.elf"
    sources = [folder / name for name in ("firmware.c", "stubs.S", "table.c")]
    run(
        f"{prefix}gcc",
        *("-nostdlib", "-mlongcalls", "-Og", "-g", f"-I{folder}"),
        *("-Wl,-Ttext=0x60001000", "-Wl,-e,main", "-o"),
        firmware,
        *sources,
    )
    symbols = folder / "hotreload" / "firmware_symbols.ld"
    symbols.write_text(symbol_script(firmware, functions) + link_script(stamp(firmware)))
    toolset = Toolset(f"{prefix}gcc", FLAGS, (str(folder),), ())
    manifest = Manifest(
        component="reloadable",
        sources=(str(folder / "module.c"),),
        languages={"C": toolset},
        linker_script=str(COMPONENT / "ld" / "hotreload_module.ld"),
        firmware_elf=str(firmware),
        firmware_symbols=str(symbols),
        exports=functions,
        output=str(folder / "reloadable_stripped.so"),
        partition=Partition("hotreload", 0x200000, 0x20000),
        max_size=32768,
    )
    manifest.save(folder / "hotreload" / "module_manifest.json")
    done = Build(folder, prefix, manifest)
    build_module(manifest, [folder / "module.c"], done.module, unstripped=done.linked)
    return done


@dataclass(frozen=True)
class Done:
    """How the command has ended, and what it has said."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on standard output."""
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one line that says what was wrong."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        return lines[0]


Hotreload = Callable[..., Done]


@pytest.fixture(scope="session")
def hotreload() -> Hotreload:
    """Runs the command in a process of its own."""

    def call(*arguments: str | Path, cwd: Path | None = None, stdin: str = "", **env: str) -> Done:
        inherited = {k: v for k, v in os.environ.items() if k != "HOTRELOAD_URL"}
        environment = {**inherited, "PYTHONPATH": str(PACKAGE.parent), "COLUMNS": "100", **env}
        done = subprocess.run(
            [
                sys.executable,
                "-P",
                "-m",
                "pytest_embedded_hotreload.cli.main",
                *map(str, arguments),
            ],
            cwd=cwd,
            env=environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert "Traceback" not in done.stderr + done.stdout, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    return call
