"""Code that builds and cannot work is refused in one line, from objects and as a variant."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hotreload_build.errors import ModuleError
from hotreload_build.interface import read_interface
from hotreload_build.variant import build_module

from .conftest import Compiler, Project

NESTED = """
static int __attribute__((noinline)) apply(int (*f)(int), int x) { return f(x); }
int f(int x) { volatile int bias = 40; int add(int y) { return y + bias; } return apply(add, x); }
"""
EXCEPTION = 'extern "C" int f(int x) { if (x) throw x; return x; }'
RTC = '__attribute__((section(".rtc.data.0"))) int starts; int f(int x) { return starts += x; }'
NOINIT = '__attribute__((section(".noinit.1"))) int kept; int f(int x) { return kept += x; }'
EXTERNAL = '__attribute__((section(".ext_ram.bss.1"))) int far; int f(int x) { return far += x; }'
NO_ENTRY = ".text\n.align 4\n.global f\n.type f, @function\nf: movi a2, 3\nret\n"
OLD_SET = """
static const int one __attribute__((used, section("my_set"))) = 40;
extern const int first[] __asm__(".startof.my_set");
int f(int x) { return first[0] + x; }
"""

CASES = {
    "nested function": ("c", NESTED, "nested function 'add' of .* static function and give it"),
    "exception": ("cpp", EXCEPTION, "exceptions of .* cannot be thrown .* return an error instead"),
    "RTC memory": ("c", RTC, "'starts' of .* is to be in RTC memory .* keep it in the firmware"),
    "memory that outlives": ("c", NOINIT, "'kept' of .* outlives a restart"),
    "external RAM": ("c", EXTERNAL, "'far' of .* is to be in external RAM"),
    "no ENTRY": ("S", NO_ENTRY, "function 'f' of .* does not begin with ENTRY, .*: begin it with"),
    "start of a section": ("c", OLD_SET, r"'\.startof\.my_set' .*: use '__start_my_set' and"),
}
# what a firmware has that lets them link
HELPERS = """
void __xtensa_sync_caches(void) {}
void *__cxa_allocate_exception(unsigned s) { return (void *)s; } void __cxa_throw(void) {}
int _ZTIi;
int _Unwind_Resume(void) { return 0; }
int __gxx_personality_v0(void) { return 0; }
"""


@pytest.mark.parametrize("case", CASES)
def test_objects_are_refused_with_their_source(compiler: Compiler, case: str) -> None:
    suffix, source, told = CASES[case]
    object_file = compiler.compile(source, "-fexceptions", name=f"greeter.{suffix}")
    with pytest.raises(ModuleError, match=told) as caught:
        read_interface([object_file], compiler=f"{compiler.prefix}gcc")
    assert len(str(caught.value).splitlines()) == 1
    assert f"greeter.{suffix}" in str(caught.value)


@pytest.mark.parametrize("case", CASES)
def test_variants_are_refused(make_project: Callable[..., Project], case: str) -> None:
    suffix, source, told = CASES[case]
    project = make_project(extra=HELPERS)
    path = project.source(source, f"variant.{suffix}")
    with pytest.raises(ModuleError, match=told) as caught:
        build_module(
            project.manifest, [path], path.with_suffix(".so"), compile_options=["-fexceptions"]
        )
    assert len(str(caught.value).splitlines()) == 1
    assert not path.with_suffix(".so").exists()


@pytest.mark.parametrize("case", ["nested function", "exception"])
def test_the_reason_is_told_also_where_the_firmware_lacks_the_helper(
    project: Project, case: str
) -> None:
    suffix, source, told = CASES[case]
    path = project.source(source, f"variant.{suffix}")
    reason = told.split(" of .*")[-1].split(" .* ")[-1].split(r" \(")[0]
    with pytest.raises(ModuleError, match=reason.split(", when")[0]) as caught:
        build_module(
            project.manifest, [path], path.with_suffix(".so"), compile_options=["-fexceptions"]
        )
    assert len(str(caught.value).splitlines()) == 1


GUARDED = """
struct Port { int number; Port(int x) : number(x + 1) {} };
extern "C" int f(int x) { static Port port(x); return port.number; }
"""
VIRTUAL = """
struct Shape { virtual int area() const; };
int Shape::area() const { return 4; }
extern "C" int f(int x) { return Shape().area() + x; }
"""


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (GUARDED, r"^a static object of a function, used by 'f', .* -fno-threadsafe-statics"),
        (VIRTUAL, r"^type information of C\+\+, used by .* compile with -fno-rtti$"),
    ],
    ids=["guard", "type information"],
)
def test_what_only_the_cxx_library_has_is_explained(
    project: Project, source: str, told: str
) -> None:
    """Where the firmware has it, both link."""
    path = project.source(source, "variant.cpp")
    with pytest.raises(ModuleError, match=told) as caught:
        build_module(project.manifest, [path], path.with_suffix(".so"))
    assert len(str(caught.value).splitlines()) == 1


def test_a_module_of_hidden_functions_does_not_crash_the_linker(project: Project) -> None:
    path = project.source(
        "extern int firmware_counter; int f(int x) {return firmware_counter + x;}"
    )
    with pytest.raises(ModuleError, match=r"^module 'reloadable' exports no function: .* hidden$"):
        build_module(
            project.manifest,
            [path],
            path.with_suffix(".so"),
            compile_options=["-fvisibility=hidden"],
        )


def test_a_nested_function_that_is_called_by_name_is_fine(project: Project) -> None:
    source = "int f(int x) { int add(int y) { return y + x; } return add(x) + add(2); }"
    path = project.source(source)
    assert build_module(project.manifest, [path], path.with_suffix(".so")).exports == ("f",)


def test_code_for_internal_ram_is_fine(project: Project) -> None:
    """IRAM_ATTR: all code of a module is there."""
    source = (
        '__attribute__((section(".iram1.0"))) int fast(int x) { return x * 12345678 + 1; }'
        "int f(int x) { return fast(x) * 87654321; }"
    )
    path = project.source(source)
    assert build_module(project.manifest, [path], path.with_suffix(".so")).exports == ("f", "fast")


def test_missing_cxx_functions_have_readable_names(make_project: Callable[..., Project]) -> None:
    project = make_project()
    manifest = project.manifest._replace(exports=("_ZN5sound5levelEi", "f"))
    path = project.source("int g(int x) { return x; }")
    (warning,) = build_module(manifest, [path], path.with_suffix(".so")).warnings
    assert warning.endswith(": sound::level(int), f")
