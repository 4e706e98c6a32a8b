"""hotreload_module.py as a program: what the build system runs and what a user sees of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .conftest import TOOLS, Compiler, Project

PROGRAM = TOOLS / "hotreload_module.py"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", PROGRAM, *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)


def run_stubs(compiler: Compiler, source: str) -> subprocess.CompletedProcess[str]:
    return run(
        *("stubs", "--component", "reloadable", "--header", "reloadable_util.h"),
        *("--output-dir", compiler.folder / "gen", compiler.compile(source, name="reloadable.c")),
    )


def test_stubs_are_written_and_left_alone_when_nothing_changed(compiler: Compiler) -> None:
    source = "int put(int); int g(int x) { return put(x); } int f(int x) { return x; }"
    result = run_stubs(compiler, source)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    folder = compiler.folder / "gen"
    assert (folder / "exports.txt").read_text() == "f\ng\n"
    assert (folder / "firmware_link_options.txt").read_text() == "-Wl,--undefined=put\n"
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert len(before) == 6
    run_stubs(compiler, source.replace("return x;", "return x + 1;"))
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_an_exported_variable_is_a_warning(compiler: Compiler) -> None:
    result = run_stubs(compiler, "int level = 3; int f(int x) { return level + x; }")
    assert result.returncode == 0
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith(
        "hotreload: warning: variable 'level' of reloadable.c is exported, but only functions"
    )


def test_a_module_without_functions_is_an_error(compiler: Compiler) -> None:
    result = run_stubs(compiler, "static int f(int x) { return x; } int (*const g)(int) = f;")
    assert result.returncode == 1
    assert result.stderr.startswith("hotreload: error: module 'reloadable' exports no function")
    assert not (compiler.folder / "gen").exists()


def test_a_variant_is_built_from_the_manifest(project: Project) -> None:
    manifest = project.compiler.folder / "module_manifest.json"
    project.manifest.save(manifest)
    output = project.compiler.folder / "variant.so"
    source = project.source("int f(int x) { return x + LEVEL; }")
    result = run("build", "--manifest", manifest, "--output", output, "--option=-DLEVEL=4", source)
    assert (result.returncode, result.stderr) == (0, "")
    assert output.read_bytes()[:4] == b"\x7fELF"


def test_errors_are_told_without_a_traceback(project: Project) -> None:
    manifest = project.compiler.folder / "module_manifest.json"
    project.manifest.save(manifest)
    output = project.compiler.folder / "variant.so"
    source = project.source("int f(int x) { return missing(x) }\n", "wrong.c")
    result = run("build", "--manifest", manifest, "--output", output, source)
    assert result.returncode == 1
    lines = result.stderr.splitlines()
    assert lines[0] == "hotreload: error: module 'reloadable' does not compile or link"
    assert "wrong.c:1:" in result.stderr
    assert "Traceback" not in result.stderr
    assert not output.exists()
