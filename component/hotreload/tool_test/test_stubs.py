"""The generated stubs and table, as text and as the assembler sees them."""

from __future__ import annotations

import struct

import pytest
from elftools.elf.elffile import ELFFile

from hotreload_build.stubs import assembly, link_options, table

from .conftest import Compiler, section

FUNCTIONS = ("alpha", "_ZN5sound5levelEiPKc", "abs", "has$dollar.dot")


def assemble(compiler: Compiler, *options: str) -> str:
    """The disassembly of the stubs, without addresses and encodings."""
    source = compiler.write("stubs.S", assembly(FUNCTIONS))
    compiler.run("gcc", *options, "-c", source, "-o", compiler.folder / "stubs.o")
    return compiler.run("objdump", "-d", "--no-show-raw-insn", compiler.folder / "stubs.o")


@pytest.mark.parametrize("literals", ["-mno-text-section-literals", "-mtext-section-literals"])
def test_a_windowed_stub_enters_the_function_behind_its_entry(
    compiler: Compiler, literals: str
) -> None:
    code = assemble(compiler, literals, "-mlongcalls")
    for name in FUNCTIONS:
        body = code[code.index(f"<{name}>:\n") :].split("\n\n")[0]
        names = [line.split("\t")[1].removesuffix(".n").strip() for line in body.splitlines()[1:]]
        while names[-1] in ("ill", "nop", "or", "..."):  # alignment
            names.pop()
        enter = ["entry", "l32r", "l32i", "l32i", "extui", "addi", "beqz"]
        assert names == [*enter, "slli", "sub", "movsp", "addi", "jx"]


def test_a_call0_stub_only_jumps(compiler: Compiler) -> None:
    code = assemble(compiler, "-mabi=call0")
    body = code[code.index("<alpha>:\n") :].split("\n\n")[0]
    names = [line.split("\t")[1].removesuffix(".n").strip() for line in body.splitlines()[1:]]
    assert names[:3] == ["l32r", "l32i", "jx"]
    assert "entry" not in code


def test_stubs_are_global_functions_with_a_size_and_aligned(compiler: Compiler) -> None:
    assemble(compiler)
    with (compiler.folder / "stubs.o").open("rb") as file:
        symbols = section(ELFFile(file), ".symtab")
        found = {s.name: s for s in symbols.iter_symbols() if s.name in FUNCTIONS}
    assert set(found) == set(FUNCTIONS)
    for symbol in found.values():
        assert symbol["st_info"] == {"bind": "STB_GLOBAL", "type": "STT_FUNC"}
        assert symbol["st_value"] % 4 == 0
        assert symbol["st_size"] > 0


def test_each_stub_reads_its_own_entry_of_the_table(compiler: Compiler) -> None:
    assemble(compiler)
    with (compiler.folder / "stubs.o").open("rb") as file:
        elf = ELFFile(file)
        symbols = section(elf, ".symtab")
        slots = {}
        names = [found.name for found in elf.iter_sections("SHT_RELA")]
        for name in names:
            for relocation in section(elf, name).iter_relocations():
                symbol = symbols.get_symbol(relocation["r_info_sym"])
                if symbol.name == "hotreload_symbol_table":
                    slots[name.removeprefix(".rela.literal.")] = relocation["r_addend"]
    assert slots == {name: 4 * index for index, name in enumerate(FUNCTIONS)}


def test_the_table_starts_at_the_unloaded_stub(compiler: Compiler) -> None:
    compiler.write("reloadable_util.h", "")
    source = compiler.write("table.c", table(FUNCTIONS, "reloadable_util.h"))
    output = compiler.folder / "table.o"
    compiler.run("gcc", "-Wall", "-Wextra", "-Werror", "-Os", "-c", source, "-o", output)
    with output.open("rb") as file:
        elf = ELFFile(file)
        symbols = section(elf, ".symtab")
        by_name = {symbol.name: symbol for symbol in symbols.iter_symbols()}

        def symbols_of(name: str) -> list[str]:
            home = elf.get_section(by_name[name]["st_shndx"])
            relocations = section(elf, f".rela{home.name}")
            start, size = by_name[name]["st_value"], by_name[name]["st_size"]
            return [
                symbols.get_symbol(relocation["r_info_sym"]).name
                for relocation in relocations.iter_relocations()
                if start <= relocation["r_offset"] < start + size
            ]

        count = elf.get_section(by_name["hotreload_symbol_count"]["st_shndx"])
        at = by_name["hotreload_symbol_count"]["st_value"]
        assert struct.unpack_from("<I", count.data(), at) == (len(FUNCTIONS),)
        assert symbols_of("hotreload_symbol_table") == ["hotreload_unloaded_stub"] * len(FUNCTIONS)
        assert symbols_of("hotreload_stub_addresses") == list(FUNCTIONS)
        assert by_name["hotreload_symbol_names"]["st_size"] == 4 * (len(FUNCTIONS) + 1)


def test_link_options_keep_what_the_module_needs() -> None:
    assert link_options(("strchr", "__divdi3")) == (
        "-Wl,--undefined=strchr\n-Wl,--undefined=__divdi3\n"
    )


def test_the_same_functions_give_the_same_text() -> None:
    assert assembly(FUNCTIONS) == assembly(list(FUNCTIONS))
    assert table(FUNCTIONS, "h.h") == table(list(FUNCTIONS), "h.h")
