"""The dynamic symbols of a module are in the order in which a firmware calls its functions."""

from __future__ import annotations

from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.hash import ELFHashSection

from hotreload_build.variant import build_module

from .conftest import Project, section

#: of a module's functions, as the linker does not happen to have them
FUNCTIONS = ["zebra", "apple", "Mango", "mango", "mango_2", "_fig", "plum"]
OBJECTS = ["zinc", "argon", "neon"]
SOURCE = """
int firmware_add(int, int);
{functions}
{objects}
char *table[] = {{{entries}}};
""".format(
    functions="\n".join(
        f"int {name}(int x) {{ return firmware_add(x, 1); }}" for name in FUNCTIONS
    ),
    objects="\n".join(f"extern char {name} __attribute__((weak));" for name in OBJECTS),
    entries=", ".join(f"&{name}" for name in OBJECTS),
)


def build(project: Project) -> Path:
    path = project.source(SOURCE, "order.c")
    return build_module(project.manifest, [path], path.with_suffix(".so")).unstripped


def test_functions_are_sorted_by_name(project: Project) -> None:
    with build(project).open("rb") as file:
        names = [s.name for s in section(ELFFile(file), ".dynsym").iter_symbols()]
    own = sorted([*FUNCTIONS, "table"], key=str.encode)
    assert names == ["", *own, *sorted(["firmware_add", *OBJECTS])]


def test_each_symbol_is_found_by_its_hash(project: Project) -> None:
    with build(project).open("rb") as file:
        elf = ELFFile(file)
        table = section(elf, ".hash")
        assert isinstance(table, ELFHashSection)
        for symbol in section(elf, ".dynsym").iter_symbols():
            found = table.get_symbol(symbol.name) if symbol.name else symbol
            assert found is not None, symbol.name
            assert (found.name, found.entry) == (symbol.name, symbol.entry)


def test_each_relocation_has_the_symbol_that_it_had(project: Project) -> None:
    with build(project).open("rb") as file:
        elf = ELFFile(file)
        symbols = section(elf, ".dynsym")
        (start,) = (s["st_value"] for s in symbols.iter_symbols() if s.name == "table")
        found = {
            r["r_offset"] - start: symbols.get_symbol(r["r_info_sym"]).name
            for r in section(elf, ".rela.dyn").iter_relocations()
            if r["r_info_sym"]
        }
    assert found == {4 * i: name for i, name in enumerate(OBJECTS)}
