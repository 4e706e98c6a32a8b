"""Manifest and flags: what CMake says about compiling, and how it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from hotreload_build.errors import ModuleError
from hotreload_build.flags import read_flags
from hotreload_build.manifest import Manifest, Partition, Toolset

FLAGS = """\
language=C
compiler.C=/opt/a compiler/gcc
shell.C=-mlongcalls '-DIN_SHELL=two words'
compiler.CXX=/opt/a compiler/g++
shell.CXX=-fno-rtti
flag=-Os
flag=
flag=SHELL:-include "a header.h"
flag=-Og
flag=-Os
include=/include/a b
include=/include/c
include=/include/a b
define=NAME="quoted, value"
define=-DOLD_STYLE=1
define=NAME="quoted, value"
"""


def manifest() -> Manifest:
    toolset = Toolset("gcc", ("-Os",), ("/include",), ("A=1", 'B="x y"'))
    return Manifest(
        component="reloadable",
        sources=("a.c", "b.cpp"),
        languages={"C": toolset, "CXX": toolset},
        linker_script="module.ld",
        firmware_elf="basic.elf",
        firmware_symbols="firmware_symbols.ld",
        exports=("f", "g"),
        output="reloadable_stripped.so",
        partition=Partition("hotreload", 0x110000, 0x80000),
    )


def test_flags_are_read_as_the_compiler_gets_them(tmp_path: Path) -> None:
    path = tmp_path / "flags.C"
    path.write_text(FLAGS)
    assert read_flags(path) == Toolset(
        compiler="/opt/a compiler/gcc",
        flags=(
            *("-mlongcalls", "-DIN_SHELL=two words", "-Os"),
            *("-include", "a header.h", "-Og", "-Os"),
        ),
        includes=("/include/a b", "/include/c"),
        defines=('NAME="quoted, value"', "OLD_STYLE=1"),
    )


def test_flags_of_the_other_language_stay_out(tmp_path: Path) -> None:
    path = tmp_path / "flags.CXX"
    path.write_text(FLAGS.replace("language=C\n", "language=CXX\n"))
    toolset = read_flags(path)
    assert toolset.compiler == "/opt/a compiler/g++"
    assert toolset.flags[:2] == ("-fno-rtti", "-Os")


def test_a_manifest_survives_the_way_through_its_file(tmp_path: Path) -> None:
    path = tmp_path / "module_manifest.json"
    manifest().save(path)
    assert Manifest.load(path) == manifest()


def test_an_equal_manifest_keeps_its_time_stamp(tmp_path: Path) -> None:
    path = tmp_path / "module_manifest.json"
    manifest().save(path)
    before = path.stat().st_mtime_ns
    manifest().save(path)
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("not JSON", "is not a manifest: Expecting value"),
        ("[]", "is not a manifest of version 1"),
        ('{"version": 1}', "is not a manifest of version 1: 'partition'"),
        ('{"version": 99}', "it has version 99"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "module_manifest.json"
    path.write_text(content)
    with pytest.raises(ModuleError, match=told) as caught:
        Manifest.load(path)
    assert "\n" not in str(caught.value)


def test_a_missing_manifest_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModuleError, match=r"cannot read the manifest .*: No such file"):
        Manifest.load(tmp_path / "none.json")


def test_a_source_of_unknown_kind_is_one_line() -> None:
    with pytest.raises(ModuleError, match=r"^notes\.txt: not a source file of a known kind"):
        manifest().toolset(Path("notes.txt"))
