"""The identity of a firmware: the same for the same firmware, another one for any other."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

import hotreload_module
from hotreload_build.errors import ModuleError
from hotreload_build.identity import read, stamp
from hotreload_build.variant import build_module

from .conftest import Compiler, Project

VARIABLE = "const unsigned char hotreload_firmware_identity[16] = {0};"
DESCRIPTION = "const char esp_app_desc[64] = {text};"
FLOOR = "const unsigned hotreload_build_floor = {number};"
KEY = "const unsigned char hotreload_auth_key[32] = {{{byte}}};"
SOURCE = """
int counter = 1;
const int limit = 100;
int zeros[10];
static int helper(int x) { return x + 1; }
int add(int a, int b) { return helper(a) + b; }
int main(void) { return add(counter, limit); }
"""


@pytest.fixture
def identity_of(compiler: Compiler) -> Callable[..., bytes]:
    """Link sources as a firmware and stamp it."""

    def build(*sources: str, options: tuple[str, ...] = ()) -> bytes:
        files = [compiler.write(f"{i}.c", text) for i, text in enumerate(sources)]
        firmware = compiler.folder / "firmware.elf"
        link = ("-nostdlib", "-mlongcalls", "-Wl,-Ttext=0x60001000", "-Wl,-e,main")
        compiler.run("gcc", *link, "-Os", "-g", *options, *files, "-o", firmware)
        identity = stamp(firmware)
        assert read(firmware) == identity
        return identity

    return build


def test_the_same_firmware_has_the_same_identity(identity_of: Callable[..., bytes]) -> None:
    first = identity_of(SOURCE, VARIABLE)
    assert len(first) == 16
    assert identity_of(SOURCE, VARIABLE) == first


def test_stamping_again_changes_nothing(project: Project) -> None:
    content = project.firmware.read_bytes()
    assert stamp(project.firmware) == read(project.firmware)
    assert project.firmware.read_bytes() == content


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("limit = 100", "limit = 101"),
        ("counter = 1", "counter = 2"),
        ("return x + 1", "return x + 2"),
        ("int zeros[10]", "int zeros[11]"),
        ("int zeros[10]", "int nulls[10]"),
        ("int zeros[10]", "static int zeros[10] __attribute__((used))"),
    ],
    ids=["constant", "variable", "static function", "size", "name", "no longer there"],
)
def test_a_changed_firmware_has_another(
    identity_of: Callable[..., bytes], old: str, new: str
) -> None:
    assert old in SOURCE
    assert identity_of(SOURCE.replace(old, new), VARIABLE) != identity_of(SOURCE, VARIABLE)


def test_a_moved_symbol_makes_another(identity_of: Callable[..., bytes]) -> None:
    names = ("first", "second")
    zeros = "".join(f"int {name}[4];" for name in names)
    swapped = zeros.replace("first", "X").replace("second", "first").replace("X", "second")
    options = ("-fno-toplevel-reorder",)
    one = identity_of(SOURCE + zeros, VARIABLE, options=options)
    assert identity_of(SOURCE + swapped, VARIABLE, options=options) != one


def test_debug_information_and_paths_of_sources_do_not_count(
    compiler: Compiler, identity_of: Callable[..., bytes]
) -> None:
    one = identity_of(SOURCE, VARIABLE)
    assert identity_of("\n\n// a comment\n" + SOURCE, VARIABLE, options=("-g0",)) == one
    elsewhere = Compiler(compiler.prefix, compiler.folder / "elsewhere")
    file = elsewhere.write("0.c", SOURCE)
    assert identity_of(f'#include "{file}"\n', VARIABLE) == one


@pytest.mark.parametrize("place", ["before", "behind"])
def test_what_differs_between_builds_is_left_out(
    identity_of: Callable[..., bytes], place: str
) -> None:
    """The description of the application, the secret for uploads, and the lowest build number."""

    def build(text: str, byte: int) -> bytes:
        extra = [DESCRIPTION.format(text=f'"{text}"'), KEY.format(byte=byte)]
        extra.append(FLOOR.format(number=byte))
        parts = [*extra, SOURCE] if place == "before" else [SOURCE, *extra]
        return identity_of(*parts, VARIABLE)

    assert build("1.0 Jan 1 1970", 1) == build("1.0-dirty Nov 22 2026", 255)


def test_the_key_itself_is_not_changed(compiler: Compiler, project: Project) -> None:
    key = compiler.write("key.c", KEY.format(byte="1, 2, 3") + VARIABLE + SOURCE)
    firmware = compiler.folder / "keyed.elf"
    compiler.run("gcc", "-nostdlib", "-Wl,-e,main", key, "-o", firmware)
    before = firmware.read_bytes()
    identity = stamp(firmware)
    after = firmware.read_bytes()
    assert after.count(identity) == 1
    assert after.replace(identity, bytes(16)) == before


def test_a_firmware_without_the_component_is_refused(compiler: Compiler) -> None:
    source = compiler.write("bare.c", SOURCE)
    firmware = compiler.folder / "bare.elf"
    compiler.run("gcc", "-nostdlib", "-Wl,-e,main", source, "-o", firmware)
    with pytest.raises(ModuleError, match=r"bare\.elf has no variable hotreload_firmware_identity"):
        stamp(firmware)


def test_a_firmware_that_was_not_stamped_is_told(
    compiler: Compiler, capsys: pytest.CaptureFixture[str]
) -> None:
    source = compiler.write("plain.c", SOURCE + VARIABLE)
    firmware = compiler.folder / "plain.elf"
    exports = compiler.write("exports.txt", "")
    compiler.run("gcc", "-nostdlib", "-Wl,-e,main", source, "-o", firmware)
    output = compiler.folder / "symbols.ld"
    arguments = ["symbols", "--firmware", firmware, "--exports", exports, "--output", output]
    assert hotreload_module.main([str(argument) for argument in arguments]) == 1
    assert "plain.elf has no identity yet: stamp it" in capsys.readouterr().err
    assert not output.exists()
    assert hotreload_module.main(["identity", "--firmware", str(firmware)]) == 0
    assert hotreload_module.main([str(argument) for argument in arguments]) == 0


def notes(module: Path) -> list[bytes]:
    """Each segment of notes."""
    elf = ELFFile(io.BytesIO(module.read_bytes()))
    return [segment.data() for segment in elf.iter_segments(type="PT_NOTE")]


def test_module_has_the_identity_of_its_firmware(project: Project) -> None:
    """As an ELF note, which other tools can read, too; also in the file that is not stripped."""
    source = project.source("int f(int x) { return x + 5; }")
    module = build_module(project.manifest, [source], project.compiler.folder / "m.so")
    for path in (module.path, module.unstripped):
        note = struct.pack("<III12s", 10, 16, 1, b"hotreload") + read(project.firmware)
        room = struct.pack("<III12s", 10, 36, 2, b"hotreload") + bytes(36)  # of build and MAC
        assert notes(path) == [note + room]
    assert "hotreload_identity" not in project.compiler.run("nm", "-D", module.unstripped)
