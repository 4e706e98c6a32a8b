"""The compiler, the C library and libgcc do on the board what the host's do on the host."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.parametrize("program", ["arithmetic", "atomics", "jumps", "library"])
def test_the_board_computes_what_the_host_does(
    program: str, on_board: Callable[[str], str], on_host: Callable[[str], str]
) -> None:
    assert on_board(program) == on_host(program)


def test_assembler_and_disassembler_know_the_windowed_core(
    tool: Callable[..., str], tmp_path: Path
) -> None:
    source, compiled = tmp_path / "call.s", tmp_path / "call.o"
    source.write_text("entry a1, 32\nquos a2, a3, a4\nloop a2, 1f\nnop\n1: retw\n")
    tool("as", source, "-o", compiled)
    listing = tool("objdump", "-d", compiled)
    assert all(word in listing for word in ("entry", "quos", "loop", "retw"))


def test_compiled_functions_use_the_windowed_abi(tool: Callable[..., str], tmp_path: Path) -> None:
    source = tmp_path / "function.c"
    source.write_text("int add(int a, int b) { return a + b; }\n")
    assembly = tool("gcc", "-O2", "-S", source, "-o", "-")
    assert "entry\tsp" in assembly
    assert "retw" in assembly


def test_integer_types_are_those_of_esp_idf(tool: Callable[..., str], tmp_path: Path) -> None:
    source = tmp_path / "types.c"
    source.write_text(
        "#include <inttypes.h>\n#include <stdio.h>\n#include <time.h>\n"
        '_Static_assert(_Generic((uint32_t)0, unsigned long: 1, default: 0), "uint32_t");\n'
        '_Static_assert(_Generic(UINT32_MAX, unsigned long: 1, default: 0), "UINT32_MAX");\n'
        '_Static_assert(_Generic(INT32_C(1), long: 1, default: 0), "INT32_C");\n'
        '_Static_assert(sizeof(time_t) == 8, "time_t");\n'
        "void show(uint32_t a, int32_t b, size_t c)\n"
        '{ printf("%lu %" PRIu32 " %ld %" PRIX32 " %zu", a, a, b, a, c); }\n'
    )
    tool("gcc", "-Wall", "-Wextra", "-Werror", "-c", source, "-o", tmp_path / "types.o")


def test_headers_come_from_the_compiler_and_newlib_alone(
    tool: Callable[..., str], sdk: Path, tmp_path: Path
) -> None:
    source = tmp_path / "all.c"
    headers = (
        "assert ctype errno float inttypes limits math setjmp signal stdarg stdatomic stdbool "
        "stddef stdint stdio stdlib string time unistd wchar sys/time sys/types sys/queue sys/reent"
    )
    source.write_text("".join(f"#include <{name}.h>\n" for name in headers.split()))
    rule = tool("gcc", "-M", source).replace("\\\n", " ").split(": ")[1]
    folders = {Path(word) for word in rule.split() if word != str(source)}
    compiler = Path(tool("gcc", "-print-file-name=include").strip()).parent
    strangers = [
        header
        for header in folders
        if not header.resolve().is_relative_to((sdk / "xtensa-sim-elf" / "include").resolve())
        and not header.resolve().is_relative_to(compiler.resolve())
    ]
    assert strangers == []


# what a firmware has to provide for any of libc
OF_THE_FIRMWARE = re.compile(
    r"__getreent|__lock___\w+|__retarget_lock_\w+|_?(m|c|re)alloc(_r)?|_?free(_r)?|getentropy|_exit"
    r"|_(close|fcntl|fstat|getpid|gettimeofday|isatty|kill|link|lseek|mkdir|open|read|stat|times"
    r"|fstat64|lseek64|open64|stat64|rename|unlink|write)"
)


def test_libc_and_libgcc_ask_for_nothing_but_a_system(tool: Callable[..., str], sdk: Path) -> None:
    libraries = [sdk / "xtensa-sim-elf" / "lib" / name for name in ("libc.a", "libgcc.a")]
    undefined = symbols(tool("nm", "--undefined-only", *libraries))
    defined = symbols(tool("nm", "--defined-only", *libraries))
    missing = {name for name in undefined - defined if not OF_THE_FIRMWARE.fullmatch(name)}
    assert missing == set()


def symbols(listing: str) -> set[str]:
    return {line.split()[-1] for line in listing.splitlines() if len(line.split()) in (2, 3)}


def test_libraries_leave_to_the_firmware_what_is_the_firmware_s(
    tool: Callable[..., str], sdk: Path
) -> None:
    libc = sdk / "xtensa-sim-elf" / "lib" / "libc.a"
    defined = symbols(tool("nm", "--defined-only", libc))
    for name in ("malloc", "_malloc_r", "free", "__getreent", "__retarget_lock_acquire", "_sbrk"):
        assert name not in defined
    assert {"printf", "_svfprintf_r", "strtod", "gmtime_r", "setjmp", "qsort"} <= defined


def test_a_program_in_cpp_compiles(tool: Callable[..., str], tmp_path: Path) -> None:
    source = tmp_path / "class.cpp"
    source.write_text(
        "#include <stdint.h>\n"
        "struct Base { virtual uint32_t value() const = 0; };\n"
        "struct Derived : Base { uint32_t value() const override { return 5; } };\n"
        "uint32_t call(const Base &object) { return object.value(); }\n"
        "uint32_t five() { Derived object; return call(object); }\n"
    )
    tool("g++", "-fno-exceptions", "-fno-rtti", "-Wall", "-c", source, "-o", tmp_path / "class.o")
