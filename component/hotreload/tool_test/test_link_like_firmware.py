"""A module is linked as its firmware is: wrapped names, listed exports, tables of the linker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hotreload_build.linkflags import kept_symbols, wrapped_symbols
from hotreload_build.variant import build_module

from .conftest import Compiler, Project
from .test_link import build, dynamic_symbols, firmware_address

NINJA = """\
build bootloader.elf: LINK a.o
  LINK_FLAGS = -Wl,--wrap=not_ours

build a$ b/app.elf: CXX_EXECUTABLE_LINKER__app.2eelf_ main.obj | lib.a
  FLAGS = -mlongcalls
  LINK_FLAGS = -Wl,--wrap=one,--gc-sections -Wl,--wrap,two -Xlinker --wrap=three @/x/marker.txt $
  LINK_LIBRARIES = "a$ b/lib.a" -u keep -Wl,-wrap=four @more$ options.txt -Wl,--wrap=one
  POST_BUILD = cd && echo

build all: phony
"""


def test_wraps_are_read_from_ninjas_file(tmp_path: Path) -> None:
    (tmp_path / "build.ninja").write_text(NINJA.replace("marker.txt $\n", "marker.txt\n"))
    (tmp_path / "more options.txt").write_text("-Wl,--wrap=five '-Wl,-Map=a b.map'\n")
    ninja = (
        (tmp_path / "build.ninja").read_text().replace("@more$ options.txt", '"@more$ options.txt"')
    )
    (tmp_path / "build.ninja").write_text(ninja)
    found = wrapped_symbols(tmp_path, Path("/y/marker.txt"))
    assert found == ("five", "four", "one", "three", "two")


def test_wraps_are_read_from_makes_file(tmp_path: Path) -> None:
    file = tmp_path / "CMakeFiles" / "app.elf.dir" / "link.txt"
    file.parent.mkdir(parents=True)
    file.write_text("gcc -Wl,--wrap=one @/x/marker.txt -o app.elf 'a b/lib.a' -Wl,--wrap=two\n")
    assert wrapped_symbols(tmp_path, Path("/x/marker.txt")) == ("one", "two")


def test_no_link_has_no_wraps(tmp_path: Path) -> None:
    assert wrapped_symbols(tmp_path, Path("/x/marker.txt")) == ()


def test_the_firmware_keeps_what_a_wrapped_call_goes_to() -> None:
    needed = ("put", "read", "__real_read", "__real_other")
    assert kept_symbols(needed, ("read",)) == ("__real_other", "__wrap_read", "put", "read")
    assert kept_symbols(("read",), ("read",)) == ("__wrap_read",)


@pytest.fixture
def wrapping(make_project: Callable[..., Project]) -> Project:
    project = make_project(
        extra="int sensor(void) { return 1; } int __wrap_sensor(void) { return 42; }\n"
        "int (*const kept[])(void) = {sensor, __wrap_sensor};"
    )
    return Project(
        project.compiler, project.manifest._replace(wrapped=("sensor",)), project.firmware
    )


def test_a_wrapped_call_goes_to_the_wrapper(wrapping: Project) -> None:
    module = build(wrapping, "int sensor(void); int f(int x) { return sensor() + x; }")
    symbols = dynamic_symbols(module.unstripped)
    assert symbols["__wrap_sensor"][0] == firmware_address(wrapping, "__wrap_sensor")
    assert "sensor" not in symbols


def test_the_original_can_be_called_as_well(wrapping: Project) -> None:
    module = build(wrapping, "int __real_sensor(void); int f(int x) {return __real_sensor() + x;}")
    symbols = dynamic_symbols(module.unstripped)
    assert symbols["sensor"][0] == firmware_address(wrapping, "sensor")
    assert "__wrap_sensor" not in symbols


def test_a_symbol_of_the_command_line_is_the_firmwares(
    compiler: Compiler, project: Project
) -> None:
    """--defsym: the linker has put it into the firmware's symbols."""
    symbols = Path(project.manifest.firmware_symbols)
    address = firmware_address(project, "firmware_add")
    symbols.write_text(symbols.read_text() + f"PROVIDE(alias = {address});\n")
    module = build(project, "int alias(int, int); int f(int x) { return alias(x, 1); }")
    assert dynamic_symbols(module.unstripped)["alias"][0] == address


def test_only_listed_functions_leave_the_module(project: Project) -> None:
    manifest = project.manifest._replace(exports_only=True)
    source = project.source(
        "int firmware_add(int, int); extern int firmware_counter; int *const p = &firmware_counter;"
        "int helper(int x) { return firmware_add(x, *p); } int f(int x) { return helper(x); }"
    )
    module = build_module(manifest, [source], project.compiler.folder / "listed.so")
    assert module.exports == ("f",)
    assert set(dynamic_symbols(module.unstripped)) == {"f"}


TABLE = """
typedef struct {{ int value; }} entry_t;
#define ENTRY(name, v) {const} entry_t name __attribute__((used, section("my_entries"))) = {{v}};
ENTRY(one, 41) ENTRY(two, 2) ENTRY(three, 100)
extern const entry_t __start_my_entries[], __stop_my_entries[];
int f(int x)
{{
    int sum = x;
    for (const entry_t *e = __start_my_entries; e < __stop_my_entries; e++) sum += e->value;
    return sum;
}}
"""


@pytest.mark.parametrize("optimization", ["-O0", "-Os", "-O2"])
@pytest.mark.parametrize("const", ["static const", "static"])
def test_the_ends_of_a_table_are_two_addresses(
    project: Project, optimization: str, const: str
) -> None:
    module = build(project, TABLE.format(const=const), compile_options=(optimization,))
    assert literals(project, module.unstripped) >= table_of(project, module.unstripped)


def test_a_table_of_the_module_is_not_mixed_up_with_the_firmwares(
    make_project: Callable[..., Project],
) -> None:
    """Both have one of the same name."""
    project = make_project(extra=TABLE.format(const="const").replace("int f(", "int sum_up("))
    module = build(project, TABLE.format(const="static const"))
    start, stop = sorted(table_of(project, module.unstripped))
    assert stop - start == 12
    assert start != firmware_address(project, "__start_my_entries")
    assert literals(project, module.unstripped) >= {start, stop}


def test_the_firmwares_table_can_be_read(make_project: Callable[..., Project]) -> None:
    project = make_project(extra=TABLE.format(const="const").replace("int f(", "int sum_up("))
    source = (
        "extern const int __start_my_entries[], __stop_my_entries[];"
        "int f(int x) { return x + (__stop_my_entries - __start_my_entries); }"
    )
    module = build(project, source)
    names = ("__start_my_entries", "__stop_my_entries")
    wanted = {firmware_address(project, name) for name in names}
    assert len(wanted) == 2
    assert literals(project, module.unstripped) >= wanted


def table_of(project: Project, module: Path) -> set[int]:
    lines = [line.split() for line in project.compiler.run("nm", module).splitlines()]
    ends = {int(line[0], 16) for line in lines if line[-1].endswith("_my_entries")}
    assert len(ends) == 2
    return ends


def literals(project: Project, module: Path) -> set[int]:
    """All words of the text."""
    dump = project.compiler.folder / "text.bin"
    project.compiler.run("objcopy", "-O", "binary", "-j", ".text", module, dump)
    text = dump.read_bytes()
    return {int.from_bytes(text[at : at + 4], "little") for at in range(0, len(text) - 3, 4)}
