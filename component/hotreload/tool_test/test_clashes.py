"""Exports that would take the place of other functions of the firmware are refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from hotreload_build.archive import members_that_define
from hotreload_build.clashes import check_clashes
from hotreload_build.errors import ModuleError
from hotreload_build.interface import read_interface, source_path
from hotreload_build.stubs import assembly

from .conftest import Compiler
from .test_program import run

MODULE = "int answer(void) { return 42; } int helper(int x) { return 2 * x; }"
MAIN = "int answer(void); int main(void) { return answer(); } const char hotreload_symbol_table[8];"


class Firmware:
    """A firmware with the stubs of MODULE, linked with a map and what a test adds."""

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        module = compiler.compile(MODULE, name="greeter.c")
        self.sources = {name: path.name for name, path in read_interface([module]).objects.items()}
        self.stubs = compiler.compile(
            assembly(sorted(self.sources), dict.fromkeys(self.sources, "/project/greeter.c")),
            name="hotreload_stubs.S",
        )

    def archive(self, name: str, **members: str) -> Path:
        objects = [
            self.compiler.compile(text, name=f"{member}.c") for member, text in members.items()
        ]
        path = self.compiler.folder / name
        self.compiler.run("ar", "qc", path, *objects)
        return path

    def link(self, *inputs: str | Path) -> Path:
        stubs = self.compiler.folder / "libgreeter.a"
        self.compiler.run("ar", "qc", stubs, self.stubs)
        elf = self.compiler.folder / "firmware.elf"
        main = self.compiler.compile(MAIN, name="main.c")
        self.compiler.run(
            *("gcc", "-nostdlib", "-Wl,-e,main", f"-Wl,-Map={elf.with_suffix('.map')}", main),
            *("-Wl,--start-group", stubs, *inputs, "-Wl,--end-group", "-o", elf),
        )
        return elf

    def check(self, *inputs: str | Path, sources: Mapping[str, str] | None = None) -> None:
        elf = self.link(*inputs)
        check_clashes(
            elf.with_suffix(".map"),
            self.compiler.folder,
            sources or {"answer": "greeter.c", "helper": "greeter.c"},
            f"{self.compiler.prefix}gcc",
        )


@pytest.fixture
def firmware(compiler: Compiler) -> Firmware:
    return Firmware(compiler)


def test_a_firmware_without_such_names_is_fine(firmware: Firmware) -> None:
    firmware.check(firmware.archive("libc.a", string="int strange(void) { return 0; }"))


def test_a_function_of_an_archive_that_nobody_pulled_is_named(firmware: Firmware) -> None:
    library = firmware.archive(
        "libc.a",
        string="int strange(void) { return 0; }",
        a_member_of_a_long_name="int helper(int x) { return x; }",
    )
    with pytest.raises(ModuleError) as caught:
        firmware.check(library)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(
        "'helper' of greeter.c would take the place of the one in "
        "libc.a(a_member_of_a_long_name.c.obj), in the whole firmware: make it static or rename it"
    )


def test_every_clash_has_its_line_and_every_place_is_in_it(firmware: Firmware) -> None:
    one = firmware.archive("libone.a", one="int helper(int x) { return x; }")
    two = firmware.archive(
        "libtwo.a", two="int helper(int x) { return x; } int answer(void) { return 1; }"
    )
    with pytest.raises(ModuleError) as caught:
        firmware.check(one, two)
    answer, helper = str(caught.value).splitlines()
    assert answer.startswith("'answer' of greeter.c") and "libtwo.a(two.c.obj)" in answer
    assert helper.startswith("'helper' of greeter.c")
    assert "libone.a(one.c.obj), libtwo.a(two.c.obj)" in helper


def test_a_weak_function_is_named(firmware: Firmware) -> None:
    """In an archive, and in an object that is linked in any case."""
    weak = "__attribute__((weak)) int helper(int x) { return x; } int used(void) { return 0; }"
    with pytest.raises(ModuleError, match=r"'helper' .* libapp\.a\(hooks\.c\.obj\)"):
        firmware.check(firmware.archive("libapp.a", hooks=weak), "-Wl,-u,used")
    object_file = firmware.compiler.compile(weak, name="startup.c")
    with pytest.raises(ModuleError, match=r"'helper' .* startup\.c\.obj"):
        firmware.check(object_file)


@pytest.mark.parametrize(
    "script",
    ["PROVIDE ( helper = 0x40001234 );", "PROVIDE(helper = other);\nother = 0x40001234;"],
)
def test_a_function_of_the_rom_is_named(firmware: Firmware, script: str) -> None:
    rom = firmware.compiler.write("rom.ld", script)
    with pytest.raises(ModuleError, match=r"'helper' of greeter\.c .* a linker script \(helper = "):
        firmware.check(rom)


def test_names_that_the_module_does_not_export_are_free(firmware: Firmware) -> None:
    library = firmware.archive("libc.a", string="int helper(int x) { return x; }")
    firmware.check(library, sources={"answer": "greeter.c"})


def test_cxx_names_are_readable(firmware: Firmware) -> None:
    library = firmware.archive("libc.a", sound="int _ZN5sound5levelEi(int x) { return x; }")
    with pytest.raises(ModuleError, match=r"^'sound::level\(int\)' of sound\.cpp would take"):
        firmware.check(library, sources={"_ZN5sound5levelEi": "sound.cpp"})


def test_duplicates_are_told_with_the_source_of_the_module(firmware: Firmware) -> None:
    """By the linker itself, where it sees both."""
    other = firmware.compiler.compile("int answer(void) { return 7; }", name="app.c")
    with pytest.raises(AssertionError) as caught:
        firmware.link(other)
    told = str(caught.value)
    assert "multiple definition of `answer'" in told
    assert "greeter.c:1:" in told
    assert "hotreload_stubs.S" not in told.replace("hotreload_stubs.S.obj", "")


def test_stubs_do_not_change_with_the_lines_of_the_module(compiler: Compiler) -> None:
    assert assembly(["f"], {"f": 'a "b".c'}).count('#line 1 "a \\"b\\".c"\n') == 1
    compiler.compile(assembly(["f"], {"f": 'a "b".c'}), name="stubs.S")


def test_a_missing_map_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModuleError, match=r"^cannot read the linker's map .*: link the firmware"):
        check_clashes(tmp_path / "none.map", tmp_path, {"f": "f.c"}, "")


def test_what_is_no_archive_defines_nothing(tmp_path: Path) -> None:
    for name, content in (("script", b"GROUP ( -lc )\n"), ("empty", b"!<arch>\n"), ("none", b"")):
        path = tmp_path / name
        path.write_bytes(content)
        assert list(members_that_define(path, ["f"])) == []


def test_the_source_of_an_object_is_found(tmp_path: Path) -> None:
    source = tmp_path / "sub" / "greeter.c"
    source.parent.mkdir()
    source.write_text("")
    object_file = Path("esp-idf/greeter/CMakeFiles/hotreload_objects.dir/sub/greeter.c.obj")
    assert source_path(object_file, tmp_path) == str(source)
    assert source_path(Path("elsewhere/greeter.c.obj"), tmp_path) == "greeter.c"


# EXPORTS


def stubs(compiler: Compiler, objects: list[Path], *names: str) -> tuple[int, str, str]:
    folder = compiler.folder / "gen"
    done = run(
        *("stubs", "--component", "greeter", "--header", "greeter_util.h"),
        *("--output-dir", folder, "--compiler", f"{compiler.prefix}gcc"),
        *(f"--export={name}" for name in names),
        *objects,
    )
    exports = folder / "exports.txt"
    return done.returncode, done.stderr, exports.read_text() if exports.exists() else ""


def test_only_what_is_listed_is_exported(compiler: Compiler) -> None:
    module = compiler.compile(f"{MODULE} int level = 3;", name="greeter.c")
    assert stubs(compiler, [module], "answer") == (0, "", "answer\n")
    # a new helper changes nothing of the firmware
    files = {p: p.read_bytes() for p in (compiler.folder / "gen").iterdir()}
    again = compiler.compile(f"{MODULE} int more(void) {{ return 1; }}", name="greeter.c")
    assert stubs(compiler, [again], "answer") == (0, "", "answer\n")
    assert {p: p.read_bytes() for p in (compiler.folder / "gen").iterdir()} == files


def test_cxx_functions_are_listed_as_people_write_them(compiler: Compiler) -> None:
    module = compiler.compile(
        "namespace sound { int level(int a) { return a; } int up(int a) { return a; }"
        " int up(char a) { return a; } }",
        name="sound.cpp",
    )
    assert stubs(compiler, [module], "sound::level")[2] == "_ZN5sound5levelEi\n"
    assert stubs(compiler, [module], "sound::up(char)")[2] == "_ZN5sound2upEc\n"
    status, told, _ = stubs(compiler, [module], "sound::up")
    assert status == 1
    assert told == (
        "hotreload: error: EXPORTS of hotreload_setup() has 'sound::up', which are 2 functions: "
        "give the parameters as well, or the names that the linker has for them: _ZN5sound2upEc, "
        "_ZN5sound2upEi\n"
    )


def test_a_listed_function_that_is_none_is_told_with_the_nearest(compiler: Compiler) -> None:
    module = compiler.compile(f"static int hidden(void) {{ return 1; }} {MODULE}", name="greeter.c")
    status, told, _ = stubs(compiler, [module], "anwser")
    assert status == 1
    assert told.startswith("hotreload: error: EXPORTS of hotreload_setup() has 'anwser', but no ")
    assert told.endswith("; is 'answer' meant?\n")
    assert len(told.splitlines()) == 1


def test_an_assembler_label_that_is_no_function_is_a_warning(compiler: Compiler) -> None:
    label = "\n".join([".text", ".align 4", ".global fast", "fast: entry a1, 32", "retw.n", ""])
    objects = [
        compiler.compile(label.replace("retw.n", "retw"), name="fast.S"),
        compiler.compile(MODULE, name="greeter.c"),
    ]
    status, told, exports = stubs(compiler, objects)
    assert (status, exports) == (0, "answer\nhelper\n")
    assert told == (
        "hotreload: warning: 'fast' of fast.S is not exported, because the assembler does not know "
        "that it is a function: say `.type fast, @function`, or make it local\n"
    )
