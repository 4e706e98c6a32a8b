"""What is read from a module's objects: exports, mistakes, needs."""

from __future__ import annotations

import pytest

from hotreload_build.errors import ModuleError
from hotreload_build.interface import read_interface

from .conftest import Compiler

EXPORTS = """
int plain(void) { return 1; }
static int __attribute__((noinline, used)) local(void) { return 2; }
__attribute__((visibility("hidden"))) int hidden(void) { return 3; }
__attribute__((visibility("protected"))) int guarded(void) { return 4; }
__attribute__((weak)) int weak_one(void) { return 5; }
int declared_only(void);
int caller(void) { return local() + declared_only(); }
"""


def test_exports_are_the_visible_functions_by_name(compiler: Compiler) -> None:
    interface = read_interface([compiler.compile(EXPORTS)])
    assert interface.functions == ("caller", "guarded", "plain", "weak_one")


def test_exports_do_not_depend_on_the_order_of_objects(compiler: Compiler) -> None:
    one = compiler.compile("int b(void) { return 1; }", name="one.c")
    two = compiler.compile("int a(void) { return 2; }", name="two.c")
    assert read_interface([one, two]) == read_interface([two, one])
    assert read_interface([one, two]).functions == ("a", "b")


def test_exported_variables_are_told_with_their_source(compiler: Compiler) -> None:
    source = "int counter = 5; static int fine; const char *names[2]; int f(void) { return fine; }"
    interface = read_interface([compiler.compile(source, name="state.c")])
    assert interface.variables == (("counter", "state.c"), ("names", "state.c"))


def test_needed_is_what_no_object_of_the_module_defines(compiler: Compiler) -> None:
    one = compiler.compile("int there(void); int f(void) { return there(); }", name="one.c")
    two = compiler.compile(
        "int log_it(int); __attribute__((weak)) int maybe(void);"
        "int there(void) { return log_it(1) + (maybe ? maybe() : 0); }",
        name="two.c",
    )
    assert read_interface([one, two]).needed == ("log_it",)


def test_helpers_of_the_compiler_are_needed(compiler: Compiler) -> None:
    source = "long long f(long long a, long long b) { return a / b; }"
    assert read_interface([compiler.compile(source)]).needed == ("__divdi3",)


def test_cxx_names_are_exported_as_the_assembler_has_them(compiler: Compiler) -> None:
    source = (
        'namespace sound { int level(int a, const char *) { return a; } }\nextern "C" int c_api('
        "void) { return 1; }"
    )
    interface = read_interface([compiler.compile(source, name="sound.cpp")])
    assert interface.functions == ("_ZN5sound5levelEiPKc", "c_api")


def test_inline_functions_and_templates_stay_in_the_module(compiler: Compiler) -> None:
    source = """
    struct Shape { virtual int area() const { return side * side; } int side = 2; };
    template <typename T> T twice(T x) { return x + x; }
    int use(int n) { Shape *shape = new (&n) Shape; return shape->area() + twice(n); }
    """
    source = "inline void *operator new(__SIZE_TYPE__, void *p) { return p; }" + source
    object_file = compiler.compile(source, "-O0", name="shape.cpp")
    interface = read_interface([object_file])
    assert interface.functions == ("_Z3usei",)
    assert interface.variables == ()


def test_thread_local_variables_are_refused_by_name(compiler: Compiler) -> None:
    source = "__thread int depth = 3; int f(void) { return ++depth; }"
    with pytest.raises(ModuleError, match=r"thread-local variables .*: depth;"):
        read_interface([compiler.compile(source)])


def test_an_object_for_another_machine_is_refused(compiler: Compiler) -> None:
    path = compiler.folder / "host.o"
    path.write_bytes(
        b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x01\x00\x3e\x00\x01\x00\x00\x00" + bytes(40)
    )
    with pytest.raises(ModuleError, match=r"host\.o is for machine 62, 64 bit: .* Xtensa only"):
        read_interface([path])


def test_a_file_that_is_no_object_is_refused(compiler: Compiler) -> None:
    path = compiler.write("text.o", "not an object\n")
    with pytest.raises(ModuleError, match=r"text\.o is not a usable ELF file"):
        read_interface([path])


def test_a_damaged_object_is_refused_or_read(compiler: Compiler) -> None:
    whole = compiler.compile("int limit; int f(void) { return limit; }").read_bytes()
    assert len(whole) > 1000
    path = compiler.folder / "damaged.o"
    cut_off = [whole[:size] for size in range(0, len(whole), 13)]
    changed = [whole[:at] + b"\xff\x7f" + whole[at + 2 :] for at in range(0, len(whole), 2)]
    refused = 0
    for data in (*cut_off, *changed):
        path.write_bytes(data)
        try:
            read_interface([path])
        except ModuleError as error:
            assert "\n" not in str(error)
            refused += 1
    assert refused > len(cut_off)
