"""Facts about a finished module that the loader relies on."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from hotreload_build.image import PT_HOTRELOAD_META
from hotreload_build.variant import build_module

from .conftest import Project, section

PF_X, PF_W, PF_R = 1, 2, 4
RTLD, GLOB_DAT, JMP_SLOT, RELATIVE = 2, 3, 4, 5
META_TAGS = ("DT_HASH", "DT_STRTAB", "DT_SYMTAB", "DT_RELA", "DT_JMPREL")

# every kind of section: literals, switch tables, strings, constants, relocated constants, data,
# small and common data, zero data; functions of the firmware, own ones, weak ones
SOURCE = """
extern int firmware_counter;
int firmware_add(int, int);
__attribute__((weak)) int nowhere(int);
static const char *const names[] = {"alpha", "beta"};
static const double table[] = {1.5, 2.5};
static int counter = 5;
static long long zeros[8];
int tentative __attribute__((common));
static int __attribute__((noinline)) one(int x) { return x + 1; }
static int __attribute__((noinline)) two(int x) { return x * 2; }
static int (*const calls[])(int) = {one, two};
static int __attribute__((noinline)) never(int x) { return x; }
static int (*volatile use_never)(int) __attribute__((unused));
int f(int x) { return firmware_add(x, firmware_counter) + counter++ + calls[x & 1](x); }
const char *name(int i) { return names[i]; }
double constant(int i) { return table[i]; }
long long *state(void) { tentative++; return &zeros[3]; }
int weak(int x) { return nowhere ? nowhere(x) : -1; }
int many(int x) {
    switch (x) { case 0: return f(1); case 1: return 17; case 2: return counter; case 3: return 3;
    case 4: return one(4); case 5: return 55; case 6: return two(6); case 7: return 123456;
    default: return -1; }
}
"""


class Finished:
    """A stripped module and what its linker knew about it."""

    def __init__(self, path: Path, unstripped: Path) -> None:
        self.data = path.read_bytes()
        with path.open("rb") as file:
            elf = ELFFile(file)
            self.header = elf.header
            self.segments = [dict(segment.header) for segment in elf.iter_segments()]
            dynamic = next(s for s in elf.iter_segments() if s["p_type"] == "PT_DYNAMIC")
            self.dynamic_size = dynamic["p_filesz"]
            self.dynamic_at = dynamic["p_offset"]
        with unstripped.open("rb") as file:
            elf = ELFFile(file)
            self.sections = {s.name: dict(s.header) for s in elf.iter_sections() if s.name}
            tags = section(elf, ".dynamic").iter_tags()
            self.tags = {tag.entry.d_tag: tag.entry.d_val for tag in tags}
            self.functions = {
                s.name: s["st_value"]
                for s in section(elf, ".dynsym").iter_symbols()
                if s["st_info"]["type"] == "STT_FUNC" and s["st_shndx"] != "SHN_UNDEF"
            }
            self.relocations = [
                (r["r_offset"], r["r_info_type"], r["r_addend"])
                for name in (".rela.dyn", ".rela.plt")
                if elf.get_section_by_name(name)
                for r in section(elf, name).iter_relocations()
            ]

    def segment(self, p_type: object, flags: int) -> dict[str, int]:
        found = [s for s in self.segments if s["p_type"] == p_type and s["p_flags"] == flags]
        assert len(found) == 1, self.segments
        return found[0]

    @property
    def text(self) -> dict[str, int]:
        return self.segment("PT_LOAD", PF_R | PF_X)

    @property
    def writable(self) -> dict[str, int]:
        return self.segment("PT_LOAD", PF_R | PF_W)

    @property
    def meta(self) -> dict[str, int]:
        return self.segment(PT_HOTRELOAD_META, PF_R)


def inside(segment: dict[str, int], address: int, size: int = 0) -> bool:
    start = segment["p_vaddr"]
    return start <= address and address + size <= start + segment["p_memsz"]


VARIANTS = [
    ("-Os",),
    ("-O0",),
    ("-O2", "-mtext-section-literals"),
    ("-Os", "-mno-longcalls"),
    ("-O2", "-fno-function-sections", "-fno-data-sections"),
    ("-Og", "-g3", "-fno-jump-tables"),
]


@pytest.fixture(params=VARIANTS, ids=lambda options: " ".join(options))
def finished(project: Project, request: pytest.FixtureRequest) -> Finished:
    module = build_module(
        project.manifest,
        [project.source(SOURCE)],
        project.compiler.folder / "module.so",
        compile_options=request.param,
    )
    assert module.output == ""
    return Finished(module.path, module.unstripped)


def test_it_is_a_shared_object_without_section_headers(finished: Finished) -> None:
    assert finished.header["e_type"] == "ET_DYN"
    assert finished.header["e_machine"] == "EM_XTENSA"
    assert finished.header["e_shnum"] == finished.header["e_shoff"] == 0
    end = max(s["p_offset"] + s["p_filesz"] for s in finished.segments)
    assert len(finished.data) == end


def test_three_segments_far_apart(finished: Finished) -> None:
    kinds = [s["p_type"] for s in finished.segments]
    assert kinds == [PT_HOTRELOAD_META, "PT_LOAD", "PT_LOAD", "PT_NOTE", "PT_DYNAMIC"]
    spans = [finished.meta, finished.text, finished.writable]
    for lower, upper in itertools.pairwise(spans):
        assert upper["p_vaddr"] - (lower["p_vaddr"] + lower["p_memsz"]) > 0x100000
    assert all(s["p_vaddr"] % 16 == 0 for s in spans)


def test_what_decides_early_is_at_the_start_of_the_file(finished: Finished) -> None:
    """A device refuses another firmware's module by the first bytes that arrive."""
    header = finished.header
    headers_end = header["e_ehsize"] + header["e_phnum"] * header["e_phentsize"]
    assert header["e_phoff"] == header["e_ehsize"]
    (note,) = [s for s in finished.segments if s["p_type"] == "PT_NOTE"]
    assert note["p_offset"] == headers_end
    assert note["p_offset"] + note["p_filesz"] <= 512
    for segment in (finished.text, finished.writable):
        assert segment["p_offset"] >= finished.meta["p_offset"] + finished.meta["p_filesz"]


def test_each_section_is_in_its_segment(finished: Finished) -> None:
    homes = {
        finished.text["p_vaddr"]: {".text"},
        finished.writable["p_vaddr"]: {".rodata", ".data.rel.ro", ".data", ".bss"},
        finished.meta["p_vaddr"]: {
            *(".hash", ".dynsym", ".dynstr", ".rela.dyn", ".rela.plt"),
            *(".got", ".got.loc", ".dynamic", ".note.hotreload"),
        },
    }
    alloc = {n: s for n, s in finished.sections.items() if s["sh_flags"] & 2 and s["sh_size"]}
    for segment in (finished.text, finished.writable, finished.meta):
        found = {name for name, s in alloc.items() if inside(segment, s["sh_addr"], s["sh_size"])}
        assert found <= homes[segment["p_vaddr"]]
        for name in found:
            del alloc[name]
    assert not alloc


def test_file_and_memory_sizes(finished: Finished) -> None:
    assert finished.text["p_filesz"] == finished.text["p_memsz"]
    assert finished.meta["p_filesz"] == finished.meta["p_memsz"]
    zero = finished.writable["p_memsz"] - finished.writable["p_filesz"]
    assert zero >= 8 * 8 + 4  # zeros and tentative


def test_dynamic_table_points_into_the_metadata(finished: Finished) -> None:
    for tag in META_TAGS:
        assert inside(finished.meta, finished.tags[tag]), tag
    assert finished.tags["DT_RELAENT"] == 12
    assert finished.tags["DT_SYMENT"] == 16
    assert inside(finished.meta, finished.tags["DT_RELA"], finished.tags["DT_RELASZ"])
    assert inside(finished.meta, finished.tags["DT_JMPREL"], finished.tags["DT_PLTRELSZ"])
    assert inside(finished.meta, finished.tags["DT_STRTAB"], finished.tags["DT_STRSZ"])
    assert "DT_INIT_ARRAY" not in finished.tags
    assert "DT_TEXTREL" not in finished.tags


def test_relocations_are_of_four_kinds_and_write_to_loaded_segments(finished: Finished) -> None:
    assert {kind for _, kind, _ in finished.relocations} <= {RTLD, GLOB_DAT, JMP_SLOT, RELATIVE}
    for offset, _, _ in finished.relocations:
        assert inside(finished.text, offset, 4) or inside(finished.writable, offset, 4)


def test_relative_values_are_in_a_segment_or_in_the_firmware(finished: Finished) -> None:
    for offset, kind, addend in finished.relocations:
        if kind != RELATIVE:
            continue
        assert addend == 0
        segment = finished.text if inside(finished.text, offset, 4) else finished.writable
        at = segment["p_offset"] + offset - segment["p_vaddr"]
        (value,) = struct.unpack_from("<I", finished.data, at)
        own = inside(finished.text, value) or inside(finished.writable, value)
        assert own or value >= 0x60000000


def test_exported_functions_are_aligned_and_begin_with_entry(finished: Finished) -> None:
    assert set(finished.functions) == {"f", "name", "constant", "state", "weak", "many"}
    for address in finished.functions.values():
        assert address % 4 == 0
        at = finished.text["p_offset"] + address - finished.text["p_vaddr"]
        assert finished.data[at] == 0x36  # ENTRY: op0 6, n 3, m 0
        assert finished.data[at + 1] & 0xF == 1  # of a1


def test_a_module_without_data_has_no_data_segment(project: Project) -> None:
    source = project.source("int f(int x) { return x + 1; }")
    module = build_module(project.manifest, [source], project.compiler.folder / "small.so")
    finished = Finished(module.path, module.unstripped)
    kinds = [s["p_type"] for s in finished.segments]
    assert kinds == [PT_HOTRELOAD_META, "PT_LOAD", "PT_NULL", "PT_NOTE", "PT_DYNAMIC"]
    assert len(finished.data) < 700


def test_unused_functions_are_left_out(project: Project) -> None:
    source = (
        '__attribute__((visibility("hidden"))) int unused(int x) { return x * 77; }'
        "int f(int x) { return x; }"
    )
    module = build_module(
        project.manifest, [project.source(source)], project.compiler.folder / "gc.so"
    )
    assert "unused" not in project.compiler.run("nm", module.unstripped)


def test_alignment_of_data_is_kept(project: Project) -> None:
    source = "__attribute__((aligned(64))) char wide[64] = {1}; int f(int x) { return wide[x]; }"
    module = build_module(
        project.manifest, [project.source(source)], project.compiler.folder / "wide.so"
    )
    finished = Finished(module.path, module.unstripped)
    assert finished.writable["p_align"] >= 64


def test_large_modules_reach_their_literals(project: Project) -> None:
    # L32R reaches back 256 KB: literals have to be spread among the functions
    functions = "".join(
        f"""
        .section .text.g{i}, "ax", @progbits
        .literal .Lvalue{i}, {0x12345678 + i}
        .align 4
        .global g{i}
        .type g{i}, @function
        g{i}: entry a1, 32
        l32r a2, .Lvalue{i}
        retw
        .space 10000
        """
        for i in range(40)
    )
    source = project.source(functions, "large.S")
    module = build_module(project.manifest, [source], project.compiler.folder / "large.so")
    assert len(module.exports) == 40
    finished = Finished(module.path, module.unstripped)
    assert finished.text["p_memsz"] > 256 * 1024
