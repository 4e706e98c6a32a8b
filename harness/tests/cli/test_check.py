"""Whether a module fits is told by the exit status, and each thing that does not by its name."""

import shutil
from pathlib import Path

import pytest

from hotreload_build.identity import read as read_identity

from .conftest import API, MODULE, Build, Hotreload

DOES_NOT_FIT, OTHER_FIRMWARE = 7, 5
FIELDS = {
    *("module", "firmware", "fits", "same_firmware", "lacking", "unknown", "differences"),
    "compared",
}
DIFFERENCE = {"kind", "name", "details", "module", "firmware", "reached"}


def variant(build: Build, folder: Path, old: str, new: str, *options: str) -> Path:
    """The module as it would be with another header."""
    assert old in API + MODULE
    text = MODULE.replace('#include "api.h"', API).replace(old, new)
    return build.variant(text, folder, *options)


@pytest.mark.parametrize("stripped", [True, False], ids=["sent", "linked"])
def test_a_module_of_this_firmware_fits(build: Build, hotreload: Hotreload, stripped: bool) -> None:
    module = build.module if stripped else build.linked
    told = hotreload("check", module, build.firmware, "--json")
    assert told.status == 0
    assert set(told.json) == FIELDS
    assert told.json["fits"]
    assert told.json["compared"]
    assert told.json["differences"] == []
    assert hotreload("check", module, build.firmware).out == "the module fits\n"


def test_another_layout_is_shown_from_both_sides(
    build: Build, hotreload: Hotreload, tmp_path: Path
) -> None:
    module = variant(build, tmp_path, "int16_t y;", "int32_t y;")
    told = hotreload("check", module, build.firmware, "--json")
    assert told.status == DOES_NOT_FIT
    (difference,) = told.json["differences"]
    assert set(difference) == DIFFERENCE
    assert (difference["kind"], difference["name"]) == ("struct", "point")
    assert difference["details"] == ["member 'y' is int32_t in the module, int16_t in the firmware"]
    assert difference["reached"] == ["point_sum"]
    assert Path(difference["firmware"]["file"]) == build.folder / "api.h"
    assert difference["firmware"]["line"] == 3
    assert Path(difference["module"]["file"]) == tmp_path / "variant.c"
    shown = hotreload("check", module, build.firmware).out
    for line in ("    int32_t y; /* 4 */", "    int16_t y; /* 4 */", f"{build.folder / 'api.h'}:3"):
        assert line in shown


def test_another_signature_of_an_imported_function_is_shown(
    build: Build, hotreload: Hotreload, tmp_path: Path
) -> None:
    old, new = "int firmware_add(int a, int b);", "int firmware_add(int a, int64_t b);"
    told = hotreload("check", variant(build, tmp_path, old, new), build.firmware)
    assert told.status == DOES_NOT_FIT
    assert "argument 2 is int64_t in the module, int in the firmware" in told.out
    assert "int firmware_add(int, int);" in told.out
    assert f"firmware, {build.folder / 'firmware.c'}:" in told.out


def test_another_type_of_an_imported_variable_is_shown(
    build: Build, hotreload: Hotreload, tmp_path: Path
) -> None:
    old, new = "extern int firmware_counter;", "extern short firmware_counter;"
    told = hotreload("check", variant(build, tmp_path, old, new), build.firmware, "--json")
    assert [(d["kind"], d["name"]) for d in told.json["differences"]] == [
        ("variable", "firmware_counter")
    ]


def test_functions_that_are_not_there_are_named(
    build: Build, hotreload: Hotreload, tmp_path: Path
) -> None:
    other = tmp_path / "other.elf"
    # the same name but for a letter: a firmware that has another function in its place
    text = build.firmware.read_bytes().replace(b"\0firmware_add\0", b"\0firmware_odd\0")
    other.write_bytes(text)
    module = variant(build, tmp_path, "int counted(int step) {", "int other(int step) {")
    told = hotreload("check", module, other, "--json")
    assert told.status == DOES_NOT_FIT
    assert told.json["lacking"] == ["counted"]
    assert told.json["unknown"] == ["firmware_add"]


def test_a_module_of_another_build_is_told_from_one_that_fits(
    build: Build, hotreload: Hotreload, tmp_path: Path
) -> None:
    other = tmp_path / "other.elf"
    identity = read_identity(build.firmware)
    other.write_bytes(build.firmware.read_bytes().replace(identity, bytes(range(16))))
    told = hotreload("check", build.module, other)
    assert told.status == OTHER_FIRMWARE
    assert told.out == "the module was linked against another build: a device refuses it\n"


def test_without_debug_information_nothing_is_compared_and_that_is_told(
    build: Build, hotreload: Hotreload, tmp_path: Path
) -> None:
    alone = tmp_path / "alone.so"
    shutil.copy(build.module, alone)
    told = hotreload("check", alone, build.firmware)
    assert told.status == 0
    assert f"were not compared: the module has no debug information: {alone}" in told.out
    assert not hotreload("check", alone, build.firmware, "--json").json["compared"]
