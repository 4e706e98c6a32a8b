"""The linker script with the firmware's addresses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hotreload_build.errors import ModuleError
from hotreload_build.firmware import symbol_script

from .conftest import Compiler, Project


def test_functions_and_data_are_provided_at_their_addresses(project: Project) -> None:
    script = symbol_script(project.firmware, ())
    for line in project.compiler.run("nm", "--defined-only", project.firmware).splitlines():
        address, kind, name = line.split()
        if kind in "TDBR":
            assert f"PROVIDE({name} = 0x{address});" in script


def test_stubs_of_the_exports_are_left_out(project: Project) -> None:
    assert "PROVIDE(f = " in symbol_script(project.firmware, ())
    script = symbol_script(project.firmware, ("f",))
    assert "PROVIDE(f = " not in script
    assert "PROVIDE(firmware_add = " in script


def test_local_symbols_are_left_out(make_project: Callable[..., Project]) -> None:
    extra = "static int secret; int *give(void) { return &secret; }"
    script = symbol_script(make_project(extra=extra).firmware, ())
    assert "PROVIDE(give = " in script
    assert "secret" not in script


def test_symbols_of_linker_scripts_and_assembly_are_provided(compiler: Compiler) -> None:
    source = compiler.write("main.S", ".global start\n.text\nstart: nop\n")
    firmware = compiler.folder / "rom.elf"
    compiler.run(
        *("gcc", "-nostdlib", "-Wl,--defsym=rom_copy=0x4000c2c8", "-Wl,-e,start"),
        *(source, "-o", firmware),
    )
    script = symbol_script(firmware, ())
    assert "PROVIDE(rom_copy = 0x4000c2c8);" in script
    assert "PROVIDE(start = " in script


def test_odd_names_are_quoted(compiler: Compiler) -> None:
    source = compiler.write("main.S", '.global "odd-name", start\n.text\nstart:\n"odd-name": nop\n')
    firmware = compiler.folder / "odd.elf"
    compiler.run("gcc", "-nostdlib", "-Wl,-e,start", source, "-o", firmware)
    assert 'PROVIDE("odd-name" = ' in symbol_script(firmware, ())


def test_a_stripped_firmware_is_refused(project: Project) -> None:
    project.compiler.run("strip", project.firmware)
    with pytest.raises(ModuleError, match=r"firmware\.elf has no symbol table"):
        symbol_script(project.firmware, ())


def test_a_missing_firmware_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModuleError, match=r"cannot read .*none\.elf: No such file"):
        symbol_script(tmp_path / "none.elf", ())
