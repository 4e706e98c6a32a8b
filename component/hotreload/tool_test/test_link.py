"""Building a module: what binds to what, what is refused and how that is told."""

from __future__ import annotations

import hashlib
import hmac
import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from hotreload_build.errors import ModuleError
from hotreload_build.identity import read
from hotreload_build.image import strip
from hotreload_build.link import Module, link_module
from hotreload_build.manifest import Manifest, Partition
from hotreload_build.slot import flash_image
from hotreload_build.variant import build_module

from .conftest import Compiler, Project, section

SHN_ABS = "SHN_ABS"
# what a firmware has that the module's atexit() uses
HEAP = (
    "void *malloc(unsigned size) { return (void *)size; } void free(void *block) { (void)block; }"
)


def build(project: Project, source: str, name: str = "variant.c", **options: object) -> Module:
    path = project.source(source, name)
    return build_module(project.manifest, [path], path.with_suffix(".so"), **options)  # type: ignore[arg-type]


def dynamic_symbols(path: Path) -> dict[str, tuple[int, object]]:
    """Name -> value and section, of the unstripped module."""
    with path.open("rb") as file:
        table = section(ELFFile(file), ".dynsym")
        return {s.name: (s["st_value"], s["st_shndx"]) for s in table.iter_symbols() if s.name}


def firmware_address(project: Project, name: str) -> int:
    for line in project.compiler.run("nm", project.firmware).splitlines():
        if line.split()[-1] == name:
            return int(line.split()[0], 16)
    raise AssertionError(f"{name} is not in the firmware")


def test_firmware_functions_are_absolute_symbols(project: Project) -> None:
    module = build(project, "int firmware_add(int, int); int f(int x) {return firmware_add(x, 2);}")
    symbols = dynamic_symbols(module.unstripped)
    assert symbols["firmware_add"] == (firmware_address(project, "firmware_add"), SHN_ABS)
    assert module.exports == ("f",)


def test_what_the_module_does_not_use_is_not_in_its_symbol_table(project: Project) -> None:
    module = build(project, "int f(int x) { return x + 2; }")
    assert set(dynamic_symbols(module.unstripped)) == {"f"}


def test_a_call_to_an_own_export_stays_in_the_module(project: Project) -> None:
    module = build(project, "int f(int x) { return x; } int (*g(void))(int) { return f; }")
    value, home = dynamic_symbols(module.unstripped)["f"]
    assert home != SHN_ABS
    assert value != firmware_address(project, "f")
    with module.unstripped.open("rb") as file:
        relocations = section(ELFFile(file), ".rela.dyn").iter_relocations()
        assert {relocation["r_info_sym"] for relocation in relocations} == {0}  # bound already


def test_what_both_have_is_the_modules(project: Project) -> None:
    source = "int firmware_add(int a, int b) { return a - b; } int f(int x) {return x;}"
    assert dynamic_symbols(build(project, source).unstripped)["firmware_add"][1] != SHN_ABS


def test_a_weak_reference_takes_the_firmwares_function(project: Project) -> None:
    source = (
        "__attribute__((weak)) int firmware_add(int, int);"
        "__attribute__((weak)) int nowhere(int);"
        "int f(int x) { return firmware_add ? firmware_add(x, 1) : nowhere ? nowhere(x) : 0; }"
    )
    symbols = dynamic_symbols(build(project, source).unstripped)
    assert symbols["firmware_add"] == (firmware_address(project, "firmware_add"), SHN_ABS)
    assert symbols["nowhere"] == (0, "SHN_UNDEF")


def test_a_module_with_an_undefined_weak_function_can_be_linked_whole(project: Project) -> None:
    source = "__attribute__((weak)) int no(int); int f(int x) { return no ? no(x) : 0; }"
    module = build(project, source, link_options=("-Wl,--no-gc-sections",))
    assert dynamic_symbols(module.unstripped)["no"] == (0, "SHN_UNDEF")


@pytest.mark.parametrize("literals", ["-mno-text-section-literals", "-mtext-section-literals"])
@pytest.mark.parametrize("optimization", ["-O0", "-Os", "-O2"])
def test_an_undefined_function_is_named_with_its_callers(
    project: Project, optimization: str, literals: str
) -> None:
    source = (
        "int strchrnul_x(int); int __attribute__((noinline)) greet(int x) { return strchrnul_x(x);}"
        "int f(int x) { return greet(x) + strchrnul_x(x + 1); }"
    )
    with pytest.raises(ModuleError) as caught:
        build(project, source, compile_options=(optimization, literals))
    (line,) = str(caught.value).splitlines()
    assert "'strchrnul_x' is undefined, used by " in line
    assert "'greet'" in line
    assert line.endswith(
        ": define it, or let the firmware have it (REQUIRES of the component that holds it)"
    )


def test_every_undefined_name_gets_its_line(project: Project) -> None:
    source = "int no_a(void), no_b(void); extern int no_c; int f(void) {return no_a()+no_b()+no_c;}"
    with pytest.raises(ModuleError) as caught:
        build(project, source)
    told = str(caught.value)
    assert all(f"'{name}' is undefined, used by 'f'" in told for name in ("no_a", "no_b", "no_c"))


def test_an_undefined_name_in_a_table_is_told_with_the_table(project: Project) -> None:
    source = "int no_a(int); int (*const handlers[])(int) = {no_a}; int f(int x) {return x;}"
    with pytest.raises(ModuleError, match=r"'no_a' is undefined, used by .*/variant\.c:1: "):
        build(project, source)
    with pytest.raises(ModuleError, match="'no_a' is undefined, used by 'handlers'"):
        build(project, source, compile_options=("-g0",))


def test_an_export_that_the_module_lacks_does_not_bind_to_its_stub(project: Project) -> None:
    with pytest.raises(ModuleError, match="'f' is undefined, used by 'g'"):
        build(project, "int f(int); int g(int x) { return f(x); }")


def test_an_undefined_cxx_function_has_its_readable_name(project: Project) -> None:
    source = 'namespace sound { int level(int); } extern "C" int f(int x) {return sound::level(x);}'
    with pytest.raises(ModuleError, match=r"'sound::level\(int\)' is undefined, used by 'f'"):
        build(project, source, "variant.cpp")


CONSTRUCTORS = """
static int ready;
__attribute__((constructor)) static void set_up(void) { ready = 1; }
__attribute__((destructor)) static void tear_down(void) { ready = 0; }
__attribute__((constructor(300))) static void second(void) { ready = 2; }
__attribute__((constructor(200))) static void first(void) { ready = 3; }
__attribute__((destructor(300))) static void first_of_the_end(void) { ready = 4; }
__attribute__((destructor(200))) static void last_of_the_end(void) { ready = 5; }
int f(int x) { return ready + x; }
"""


def functions(module: Module, section_name: str) -> list[str]:
    """The names of the functions in a table of the module."""
    with module.unstripped.open("rb") as file:
        elf = ELFFile(file)
        names = {s["st_value"]: s.name for s in section(elf, ".symtab").iter_symbols() if s.name}
        words = struct.iter_unpack("<I", section(elf, section_name).data())
        return [names[word] for (word,) in words]


def test_constructors_are_in_the_order_of_their_priorities(project: Project) -> None:
    """Destructors are run from the last one to the first."""
    module = build(project, CONSTRUCTORS)
    assert functions(module, ".init_array") == ["first", "second", "set_up"]
    assert functions(module, ".fini_array") == [
        *("last_of_the_end", "first_of_the_end", "tear_down"),
    ]
    assert "constructors 3, destructors 3, 1 exports" in module.summary


def test_exit_functions_stay_in_the_module(make_project: Callable[..., Project]) -> None:
    """Those of the firmware would call them when the module is gone, or never."""
    project = make_project(extra=HEAP + "int atexit(void (*f)(void)) { return f != 0; }", exit=True)
    source = CONSTRUCTORS + "int atexit(void (*)(void)); int g(void) { return atexit(tear_down); }"
    module = build(project, source)
    assert module.exports == ("f", "g")
    assert functions(module, ".fini_array")[-1] == "run_registered"
    symbols = project.compiler.run("nm", module.unstripped)
    assert re.search(r"^1\w+ t atexit$", symbols, re.MULTILINE)


def test_a_module_without_exit_functions_has_nothing_of_them(
    make_project: Callable[..., Project],
) -> None:
    project = make_project(extra=HEAP, exit=True)
    source = "int f(int x) { return x; }"
    sizes = []
    for exit_library in (None, project.manifest.exit_library):
        manifest = project.manifest._replace(exit_library=exit_library)
        sizes.append(build(replace(project, manifest=manifest), source).path.read_bytes())
    assert sizes[0] == sizes[1]


def test_objects_of_cxx_are_made_and_destroyed(make_project: Callable[..., Project]) -> None:
    source = """
    extern "C" int firmware_add(int, int);
    struct Port { int number; Port(int n) : number(n) {} ~Port() { firmware_add(number, 0); } };
    static Port port(firmware_add(1, 2));
    extern "C" int f(int x) { static Port local(x); return port.number + local.number; }
    """
    for option, destructors in (("-fuse-cxa-atexit", 1), ("-fno-use-cxa-atexit", 2)):
        project = make_project(extra=HEAP, exit=True)
        path = project.source(source, "variant.cpp")
        module = build_module(
            project.manifest,
            [path],
            path.with_suffix(".so"),
            compile_options=[option, "-fno-threadsafe-statics", "-fno-exceptions"],
        )
        assert f"constructors 1, destructors {destructors}," in module.summary


def test_function_that_executables_run_first_is_refused(project: Project) -> None:
    source = (
        "static void early(void) {} "
        '__attribute__((section(".preinit_array"), used)) static void (*p)(void) = early;'
        "int f(int x) { return x; }"
    )
    with pytest.raises(ModuleError, match=r"a \.preinit_array, for early: make it a constructor"):
        build(project, source)


def test_function_with_the_name_that_linkers_run_is_refused(project: Project) -> None:
    with pytest.raises(ModuleError, match=r"^function '_init' of the module .* or rename it$"):
        build(project, "void _init(void) {} int f(int x) { return x; }")


def test_thread_local_variables_are_refused(make_project: Callable[..., Project]) -> None:
    source = "__thread int depth = 3; int f(int x) { return depth += x; }"
    with pytest.raises(ModuleError, match=r"thread-local variables .* used by 'f'"):
        build(make_project(), source)
    helper = "int depth; void *__emutls_get_address(void *control) { return (void)control, &depth;}"
    with pytest.raises(ModuleError, match=r"thread-local variables .*: depth;"):
        build(make_project(extra=helper), source)


def test_a_module_without_functions_is_refused(project: Project) -> None:
    source = "static int hidden(int x) { return x; } int (*const table)(int) = hidden;"
    with pytest.raises(ModuleError, match="'reloadable' exports no function"):
        build(project, source)


def test_a_missing_export_is_a_warning(project: Project) -> None:
    module = build(project, "int other(int x) { return x; }")
    assert module.exports == ("other",)
    assert len(module.warnings) == 1
    assert "lacks functions that the firmware calls" in module.warnings[0]
    assert module.warnings[0].endswith(": f")


def test_a_module_larger_than_its_partition_is_refused(project: Project) -> None:
    """Each of the two slots has whole erase blocks."""
    manifest = project.manifest._replace(partition=Partition("hotreload", 0, 3 * 4096))
    source = project.source("int f(int x) { return x; } const char big[4000] = {1};")
    output = project.compiler.folder / "big.so"
    with pytest.raises(ModuleError, match=r"has \d+ bytes, partition 'hotreload' takes 3968: enl"):
        build_module(manifest, [source], output)
    assert not output.exists()


def test_a_module_larger_than_the_server_takes_is_refused(project: Project) -> None:
    manifest = project.manifest._replace(
        partition=Partition("hotreload", 0, 1 << 20), max_size=2000
    )
    source = project.source("int f(int x) { return x; } const char big[4000] = {1};")
    with pytest.raises(
        ModuleError, match=r"the server takes 2000: raise CONFIG_HOTRELOAD_MAX_ELF_SIZE$"
    ):
        build_module(manifest, [source], project.compiler.folder / "big.so")


def test_each_module_is_summed_up_in_one_line(project: Project) -> None:
    manifest = project.manifest._replace(partition=Partition("hotreload", 0, 32768), max_size=99999)
    source = project.source(
        "int firmware_add(int, int); const int table[5] = {1}; int state[7] = {1}; int zero[100];"
        "int f(int x) { return firmware_add(table[x], state[x] + zero[x]); }"
    )
    module = build_module(manifest, [source], project.compiler.folder / "module.so")
    size = module.path.stat().st_size
    with module.unstripped.open("rb") as file:
        elf = ELFFile(file)
        text = section(elf, ".text")["sh_size"]
        relocations = section(elf, ".rela.dyn").num_relocations()
    assert module.summary == (
        f"module 'reloadable': text {text}, data 48, bss 400, 1 exports, {relocations} "
        f"relocations, {size} bytes of the 16256 that partition 'hotreload' takes"
    )
    smaller = build_module(manifest._replace(max_size=9000), [source], module.path)
    assert smaller.summary.endswith(f"{size} bytes of the 9000 that the server takes")


def test_errors_of_the_compiler_come_as_the_compiler_says_them(project: Project) -> None:
    with pytest.raises(ModuleError) as caught:
        build(project, "int f(int x) { return y; }\n", "wrong.c")
    assert caught.value.summary == "module 'reloadable' does not compile or link"
    assert "wrong.c:1:" in caught.value.output
    assert "'y' undeclared" in caught.value.output


def test_warnings_of_the_compiler_are_kept(project: Project) -> None:
    module = build(project, "int f(int x) { int y; return x; }", compile_options=("-Wall",))
    assert "unused variable 'y'" in module.output


def test_a_missing_compiler_is_one_line(project: Project) -> None:
    toolset = project.manifest.languages["C"]._replace(compiler="/nowhere/gcc")
    manifest = project.manifest._replace(languages={"C": toolset})
    with pytest.raises(ModuleError, match=r"^cannot run /nowhere/gcc: No such file"):
        build_module(manifest, [project.source("int f;")], project.compiler.folder / "x.so")


def test_a_missing_source_is_one_line(project: Project) -> None:
    with pytest.raises(ModuleError, match=r"^no such source: none\.c$"):
        build_module(project.manifest, [Path("none.c")], project.compiler.folder / "x.so")


def test_c_and_cxx_sources_make_one_module(project: Project) -> None:
    sources = [
        project.source("int twice(int); int f(int x) { return twice(x) + D; }", "one.c"),
        project.source('extern "C" int twice(int x) { return 2 * x; }', "two.cpp"),
    ]
    flags = (*project.manifest.languages["C"].flags, "-std=gnu17")
    cxx_flags = (*project.manifest.languages["C"].flags, "-std=gnu++20", "-fno-rtti")
    toolset = project.manifest.languages["C"]
    languages = {
        "C": toolset._replace(flags=(*flags, "-Werror")),
        "CXX": toolset._replace(flags=(*cxx_flags, "-Werror")),
    }
    manifest = project.manifest._replace(languages=languages)
    module = build_module(manifest, sources, project.compiler.folder / "mixed.so")
    assert module.exports == ("f", "twice")
    assert module.output == ""


def test_objects_and_sources_give_the_same_module(project: Project) -> None:
    source = project.source("int f(int x) { return x * 3 + D; }")
    from_source = build_module(project.manifest, [source], project.compiler.folder / "a.so")
    toolset = project.manifest.languages["C"]
    object_file = project.compiler.folder / "variant.c.obj"
    project.compiler.run("gcc", *toolset.arguments(), "-c", source, "-o", object_file)
    from_object = link_module(
        project.manifest,
        [object_file],
        project.compiler.folder / "b.so",
        unstripped=project.compiler.folder / "b.unstripped.so",
        flash=project.compiler.folder / "b_flash.bin",
    )
    module = from_source.path.read_bytes()
    assert from_object.path.read_bytes() == module
    flashed = (project.compiler.folder / "b_flash.bin").read_bytes()
    assert flashed == flash_image(module, read(project.firmware))


def test_a_build_is_reproducible(project: Project) -> None:
    source = project.source("static int n; int f(int x) { return n += x; } int g(void) {return n;}")
    images = set()
    for folder in ("one", "two"):
        output = project.compiler.folder / folder / "module.so"
        images.add(build_module(project.manifest, [source], output).path.read_bytes())
    assert len(images) == 1


def test_spaces_in_paths(compiler: Compiler, make_project: Callable[..., Project]) -> None:
    project = make_project()
    folder = compiler.folder / "a folder" / "with spaces"
    folder.mkdir(parents=True)
    symbols = folder / "firmware symbols.ld"
    symbols.write_bytes(Path(project.manifest.firmware_symbols).read_bytes())
    script = folder / "module script.ld"
    script.write_bytes(Path(project.manifest.linker_script).read_bytes())
    manifest = project.manifest._replace(firmware_symbols=str(symbols), linker_script=str(script))
    manifest.save(folder / "module manifest.json")
    source = folder / "a variant.c"
    source.write_text("int firmware_add(int, int); int f(int x) { return firmware_add(x, 3); }")
    module = build_module(
        Manifest.load(folder / "module manifest.json"), [source], folder / "a variant.so"
    )
    assert module.path.is_file()


def test_extra_options_reach_compiler_and_linker(project: Project) -> None:
    source = project.source(
        "int firmware_add(int, int); int f(int x) {return firmware_add(x, MORE);}"
    )
    output = project.compiler.folder / "more.so"

    def sections(options: Sequence[str]) -> set[str]:
        module = build_module(
            project.manifest, [source], output, compile_options=["-DMORE=5"], link_options=options
        )
        with module.unstripped.open("rb") as file:
            return {found.name for found in ELFFile(file).iter_sections()}

    assert ".rela.text" not in sections([])
    assert ".rela.text" in sections(["-Wl,--emit-relocs"])


# who has built it

SECRET = bytes(range(32))


def mac_note(data: bytes) -> tuple[bytes, int, bytes]:
    """The module with zeros in place of its MAC, its build number, and the MAC."""
    owner = struct.pack("<III12s", 10, 36, 2, b"hotreload")
    at = data.index(owner) + len(owner)
    (number,) = struct.unpack_from("<I", data, at)
    return data[: at + 4] + bytes(32) + data[at + 36 :], number, data[at + 4 : at + 36]


def keyed(project: Project, **fields: object) -> Project:
    key = project.compiler.write("auth_key", SECRET.hex())
    manifest = project.manifest._replace(auth_key=str(key), **fields)  # type: ignore[arg-type]
    return replace(project, manifest=manifest)


@pytest.mark.parametrize("number", [0, 1, 2**32 - 1])
def test_a_module_carries_its_number_and_mac(project: Project, number: int) -> None:
    """As hr_image_mac.h of the component asks for, written down a second time."""
    data = build(
        keyed(project, build_number=number), "int f(int x) { return x; }"
    ).path.read_bytes()
    zeroed, found, mac = mac_note(data)
    text = f"hotreload-module-1\n{hashlib.sha256(zeroed).hexdigest()}\n"
    assert (found, mac) == (number, hmac.new(SECRET, text.encode(), "sha256").digest())


def test_a_module_with_its_symbols_strips_to_what_the_device_gets(project: Project) -> None:
    module = build(keyed(project, build_number=3), "int f(int x) { return x; }")
    assert strip(module.unstripped.read_bytes()) == module.path.read_bytes()


def test_without_a_key_there_is_a_number_only(project: Project) -> None:
    numbered = replace(project, manifest=project.manifest._replace(build_number=5))
    data = build(numbered, "int f(int x) { return x; }").path.read_bytes()
    assert mac_note(data) == (data, 5, bytes(32))


def test_a_number_below_the_floor_is_said_by_the_build(project: Project) -> None:
    with pytest.raises(
        ModuleError,
        match="module 'reloadable' is build 4, its firmware takes 5 and later ones: raise "
        "BUILD_NUMBER",
    ):
        build(keyed(project, build_number=4, build_floor=5), "int f(int x) { return x; }")
    build(keyed(project, build_number=5, build_floor=5), "int f(int x) { return x; }")


def test_a_key_needs_room_for_a_mac(project: Project) -> None:
    script = project.compiler.write("own.ld", "SECTIONS { .text : { *(.literal* .text*) } }")
    with pytest.raises(ModuleError, match="has no note for the MAC that its firmware asks for"):
        build(keyed(project), "int f(int x) { return x; }", linker_script=script)
