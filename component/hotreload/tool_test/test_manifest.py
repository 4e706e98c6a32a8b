"""Manifest and flags: what CMake says about compiling, and how it is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hotreload_build.commands import read_commands
from hotreload_build.errors import ModuleError
from hotreload_build.manifest import Manifest, Partition, Toolset

COMMAND = (
    r"""/opt/a\ compiler/gcc -mlongcalls '-DNAME="quoted, value"' -D OLD_STYLE=1 """
    "'-I/include/a b' -isystem /include/system -include 'a header.h' -std=gnu17 -Os -Os -o "
    "esp-idf/x/CMakeFiles/{target}.dir/{file}.obj -c {folder}/{file}"
)


def write_commands(folder: Path, *more: tuple[str, str, str]) -> Path:
    """CMake's list: sources of another target, those of each language, and `more`."""
    sources = [
        ("main", "main.c", "-Og"),
        ("hotreload_flags", "any.c", "-Os -Os"),
        ("hotreload_flags", "any.cpp", "-fno-rtti"),
        *more,
    ]
    entries = [
        {
            "directory": str(folder),
            "command": COMMAND.format(target=target, file=file, folder=folder).replace(
                "-Os -Os", flags
            ),
            "file": str(folder / file),
        }
        for target, file, flags in sources
    ]
    path = folder / "compile_commands.json"
    path.write_text(json.dumps(entries))
    return path


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
    commands = read_commands(write_commands(tmp_path), "objects")
    assert commands.languages["C"] == Toolset(
        compiler="/opt/a compiler/gcc",
        flags=(
            *("-mlongcalls", "-isystem", "/include/system", "-include", "a header.h"),
            *("-std=gnu17", "-Os", "-Os"),
        ),
        includes=("/include/a b",),
        defines=('NAME="quoted, value"', "OLD_STYLE=1"),
    )
    assert commands.languages["CXX"].flags[-1] == "-fno-rtti"
    assert commands.sources == {}


def test_properties_of_one_source_are_its_own(tmp_path: Path) -> None:
    sources = [("objects", "plain.c", "-Os -Os"), ("objects", "special.c", "-O0")]
    commands = read_commands(write_commands(tmp_path, *sources), "objects")
    assert list(commands.sources) == [str(tmp_path / "special.c")]
    whole = manifest()._replace(languages=commands.languages, own_flags=commands.sources)
    assert whole.toolset(tmp_path / "special.c").flags[-1] == "-O0"
    assert whole.toolset(tmp_path / "plain.c").flags[-1] == "-Os"
    path = tmp_path / "module_manifest.json"
    whole.save(path)
    assert Manifest.load(path) == whole


def test_a_launcher_of_the_compiler_is_left_out(tmp_path: Path) -> None:
    path = write_commands(tmp_path)
    path.write_text(path.read_text().replace('"/opt/a', '"/usr/bin/ccache /opt/a'))
    assert read_commands(path, "objects").languages["C"].compiler == "/opt/a compiler/gcc"


def test_a_missing_list_of_commands_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModuleError, match=r"^cannot read how CMake compiles, .*EXPORT_COMPILE"):
        read_commands(tmp_path / "none.json", "objects")


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
