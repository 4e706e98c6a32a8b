"""Which folder of src/ may include which, and that no headers include each other in a circle."""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[1] / "src"

#: what the files of a folder may include besides its own: folders, and single headers of others;
#: `""` is src/ itself, with the public API
ALLOWED = {
    "port": {"port"},
    "elf": {"elf", "port"},
    "arch": {"arch", "elf", "port", "module/hr_place.h"},
    "module": {"module", "elf", "arch", "port"},
    "flash": {"flash", "elf", "port"},
    "lifecycle": {"lifecycle", "flash", "module", "elf", "arch", "port"},
    "server": {"server", "lifecycle", "port", "module/hr_module.h"},
    "": {"lifecycle", "module", "port"},
}

_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
_SUFFIXES = {".c", ".h", ".S"}


def files() -> list[str]:
    found = [path for path in SOURCES.rglob("*") if path.suffix in _SUFFIXES]
    return sorted(path.relative_to(SOURCES).as_posix() for path in found)


def included(file: str) -> list[str]:
    """The headers of src/ that a file includes, as they are written."""
    names = _INCLUDE.findall((SOURCES / file).read_text(encoding="utf-8"))
    return [name for name in names if (SOURCES / name).is_file()]


def folder_of(file: str) -> str:
    return file.partition("/")[0] if "/" in file else ""


def test_every_folder_has_its_rule() -> None:
    assert {folder_of(file) for file in files()} == set(ALLOWED)


def test_own_headers_are_included_with_their_folder() -> None:
    headers = {Path(file).name for file in files() if file.endswith(".h")}
    wrong = [
        f"{file}: {name}"
        for file in files()
        for name in _INCLUDE.findall((SOURCES / file).read_text(encoding="utf-8"))
        if Path(name).name in headers and not (SOURCES / name).is_file()
    ]
    assert wrong == []


def test_includes_keep_the_rule() -> None:
    wrong = [
        f"{file} includes {name}"
        for file in files()
        for name in included(file)
        if folder_of(name) not in ALLOWED[folder_of(file)] and name not in ALLOWED[folder_of(file)]
    ]
    assert wrong == []


def test_no_header_includes_itself() -> None:
    """Nor does one by way of others: each can be read without knowing who uses it."""
    sorter = TopologicalSorter({file: included(file) for file in files()})
    try:
        sorter.prepare()
    except CycleError as circle:
        raise AssertionError(" -> ".join(circle.args[1])) from None


def test_every_header_has_its_source() -> None:
    """In its folder, or in one of an instruction set; but for those of types and macros only."""
    sources = {Path(file).stem for file in files() if not file.endswith(".h")}
    lonely = {file for file in files() if file.endswith(".h") and Path(file).stem not in sources}
    assert lonely == {"elf/hr_elf.h", "lifecycle/hr_lifecycle.h", "port/hr_idf.h"}
