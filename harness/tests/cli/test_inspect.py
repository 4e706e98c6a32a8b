"""What is told of a module is what the linker and the build say of it."""

from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from .conftest import CXX_MODULE, Build, Hotreload

TYPES = {1: "32", 3: "GLOB_DAT", 4: "JMP_SLOT", 5: "RELATIVE", 6: "PLT"}
#: the fields are what programs rely on
FIELDS = {
    *("module", "size", "hash", "firmware", "build", "has_mac", "with_symbols", "segments"),
    *("limits", "exports", "imports", "relocations", "constructors", "destructors"),
}


def of_sections(path: Path) -> dict[str, Any]:
    """The same facts from the section headers, which a device does not get."""
    with path.open("rb") as file:
        elf = ELFFile(file)
        texts = [s for s in elf.iter_sections() if s["sh_flags"] & 4]
        relocations: dict[tuple[str, str], int] = {}
        for entry in elf.get_section_by_name(".rela.dyn").iter_relocations():  # type: ignore[union-attr]
            in_text = any(
                s["sh_addr"] <= entry["r_offset"] < s["sh_addr"] + s["sh_size"] for s in texts
            )
            key = TYPES[entry["r_info_type"]], "text" if in_text else "data"
            relocations[key] = relocations.get(key, 0) + 1
        symbols = list(elf.get_section_by_name(".symtab").iter_symbols())  # type: ignore[union-attr]
        exports = {
            s.name: s["st_size"]
            for s in symbols
            if s["st_info"]["type"] == "STT_FUNC" and s["st_info"]["bind"] != "STB_LOCAL"
        }
        imports = {
            s.name: s["st_value"]
            for s in symbols
            if s["st_shndx"] == "SHN_ABS" and s["st_info"]["bind"] == "STB_GLOBAL"
        }
    return {"relocations": relocations, "exports": exports, "imports": imports}


@pytest.mark.parametrize("stripped", [True, False], ids=["sent", "linked"])
def test_facts_are_those_of_the_linker(build: Build, hotreload: Hotreload, stripped: bool) -> None:
    told = hotreload("inspect", build.module if stripped else build.linked, "--json").json
    expected = of_sections(build.linked)
    assert set(told) == FIELDS
    assert {e["symbol"]: e["size"] for e in told["exports"]} == expected["exports"]
    assert {e["symbol"]: e["address"] for e in told["imports"]} == expected["imports"]
    found = {(entry["type"], entry["place"]): entry["count"] for entry in told["relocations"]}
    assert found == expected["relocations"]
    assert told["size"] == build.module.stat().st_size
    assert told["constructors"] == ["begin"]
    assert told["destructors"] == []
    assert told["with_symbols"] == str(build.linked)
    assert [limit["size"] for limit in told["limits"]] == [0x10000 - 128, 32768]
    assert (told["build"], told["has_mac"]) == (0, False)
    assert [segment["kind"] for segment in told["segments"]] == ["text", "data"]


def test_names_of_cxx_are_shown_as_people_write_them(
    build: Build, hotreload: Hotreload, tmp_path: Path
) -> None:
    module = build.variant(CXX_MODULE, tmp_path)
    shown = hotreload("inspect", module).out
    assert "Greeter::greet(int)  " in shown
    assert "_ZN" not in shown


def test_people_get_the_same(build: Build, hotreload: Hotreload) -> None:
    shown = hotreload("inspect", build.module).out
    assert "2 exports\n" in shown
    assert "  counted  " in shown
    assert "  firmware_add  0x60" in shown
    assert "% of the 32768 bytes that the server takes" in shown
    assert "constructors: begin\n" in shown
