"""Fixtures of the build tools' tests: a windowed Xtensa compiler and a tiny firmware.

`lane` is a fixture of the repository's harness: the toolchain that firmwares are built with.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

TOOLS = Path(__file__).resolve().parents[1] / "tools"
sys.path.insert(0, str(TOOLS))

from hotreload_build.firmware import symbol_script  # noqa: E402
from hotreload_build.identity import link_script, stamp  # noqa: E402
from hotreload_build.interface import read_interface  # noqa: E402
from hotreload_build.manifest import Manifest, Toolset  # noqa: E402
from hotreload_build.stubs import assembly, table  # noqa: E402

from .server import Server  # noqa: E402

COMPONENT = TOOLS.parent
EXIT_SOURCE = COMPONENT / "module" / "hotreload_exit.c"
# as much of FreeRTOS as that needs
FREERTOS = """
typedef int portMUX_TYPE;
#define portMUX_INITIALIZER_UNLOCKED 0
#define portENTER_CRITICAL(mux) (*(mux) = 1)
#define portEXIT_CRITICAL(mux) (*(mux) = 0)
"""
LINKER_SCRIPT = COMPONENT / "ld" / "hotreload_module.ld"

# what hotreload_setup() adds to the flags of a component, and what ESP-IDF compiles with
MODULE_FLAGS = ("-fPIC", "-ffunction-sections", "-fdata-sections", "-mlongcalls", "-Os", "-g")

FIRMWARE_SOURCE = """
#include <stdint.h>
int firmware_counter = 1;
const unsigned char hotreload_firmware_identity[16] = {0};
int firmware_add(int a, int b) { return a + b; }
void *memcpy(void *to, const void *from, unsigned size) { (void)from; (void)size; return to; }
uint32_t hotreload_unloaded_stub(void) { return 0; }
int main(void) { return firmware_add(firmware_counter, 1); }
"""


@dataclass(frozen=True)
class Compiler:
    """A compiler for the windowed ABI, with the folder that the test writes to."""

    prefix: str
    folder: Path

    def run(self, tool: str, *arguments: str | Path) -> str:
        command = [self.prefix + tool, *map(str, arguments)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def compile(self, source: str, *options: str, name: str = "module.c") -> Path:
        """Compile text as a module's source; the object is named as CMake names it."""
        path = self.write(name, source)
        output = path.with_name(path.name + ".obj")
        self.run("gcc", *MODULE_FLAGS, *options, "-c", path, "-o", output)
        return output


@dataclass(frozen=True)
class Project:
    """A firmware with stubs for a baseline module, and the manifest to build modules for it."""

    compiler: Compiler
    manifest: Manifest
    firmware: Path
    sources: dict[str, Path] = field(default_factory=dict)

    def source(self, text: str, name: str = "variant.c") -> Path:
        return self.compiler.write(name, text)


@pytest.fixture(scope="session")
def compiler_prefix(lane: Any) -> str:
    """Prefix of the cross tools that the lane builds firmwares with."""
    lane.require_tools()
    for folder in lane.environment()["PATH"].split(os.pathsep):
        for gcc in sorted(Path(folder).glob("xtensa-*-elf-gcc")):
            if not gcc.name.startswith("xtensa-lx106"):  # made for an ABI without register windows
                return str(gcc)[: -len("gcc")]
    pytest.fail("the lane's PATH has no Xtensa compiler", pytrace=False)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def compiler(compiler_prefix: str, tmp_path: Path) -> Compiler:
    return Compiler(compiler_prefix, tmp_path)


@pytest.fixture
def make_project(compiler: Compiler) -> Callable[..., Project]:
    """Build the tiny firmware for a baseline module, the way hotreload_setup() does."""

    def make(
        baseline: str = "int f(int x) { return x + 1; }", extra: str = "", exit: bool = False
    ) -> Project:
        functions = read_interface([compiler.compile(baseline, name="baseline.c")]).functions
        compiler.write("reloadable_util.h", "#include <stddef.h>\n#include <stdint.h>\n")
        stubs = compiler.write("stubs.S", assembly(functions))
        table_file = compiler.write("table.c", table(functions, "reloadable_util.h"))
        source = compiler.write("firmware.c", FIRMWARE_SOURCE + extra)
        firmware = compiler.folder / "firmware.elf"
        compiler.run(
            *("gcc", "-nostdlib", "-mlongcalls", "-Os", "-Wl,-Ttext=0x60001000", "-Wl,-e,main"),
            *(f"-I{compiler.folder}", source, stubs, table_file, "-o", firmware),
        )
        script = symbol_script(firmware, functions) + link_script(stamp(firmware))
        symbols = compiler.write("firmware_symbols.ld", script)
        if exit:
            compiler.write("freertos/FreeRTOS.h", FREERTOS)
            exit_text = EXIT_SOURCE.read_text(encoding="utf-8")
            exit_object = compiler.compile(
                exit_text, f"-I{compiler.folder}", "-Wall", "-Wextra", "-Werror", name="exit.c"
            )
            exit_library = compiler.folder / "libexit.a"
            compiler.run("ar", "rcs", exit_library, exit_object)
        toolset = Toolset(compiler.prefix + "gcc", MODULE_FLAGS, (str(compiler.folder),), ("D=7",))
        manifest = Manifest(
            component="reloadable",
            sources=("reloadable.c",),
            languages={"C": toolset, "CXX": toolset},
            linker_script=str(LINKER_SCRIPT),
            firmware_elf=str(firmware),
            firmware_symbols=str(symbols),
            exports=functions,
            output=str(compiler.folder / "reloadable_stripped.so"),
            partition=None,
            exit_library=str(exit_library) if exit else None,
        )
        return Project(compiler, manifest, firmware)

    return make


@pytest.fixture
def project(make_project: Callable[..., Project]) -> Project:
    return make_project()


def section(elf: ELFFile, name: str) -> Any:
    """A section of whatever class; pyelftools gives None for one that is not there."""
    found = elf.get_section_by_name(name)
    assert found is not None, f"no section {name}"
    return found
