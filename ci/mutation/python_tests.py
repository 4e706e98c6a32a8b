"""Tries mutants of Python with the tests that import the module, in a copy of the sources."""

import ast
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import CodeType

from ci.mutation.host import Served
from ci.mutation.mutants import Mutant, Source
from ci.mutation.results import SURVIVED, Outcome

#: for all tests of a mutant
SECONDS = 120
#: whose mutants are made: what builds modules, what tests compare with, what talks to devices
FILES = (
    "component/hotreload/tools/hotreload_build/*.py",
    "component/hotreload/tools/hotreload_client/*.py",
    "harness/pytest_embedded_hotreload/oracle.py",
    "harness/pytest_embedded_hotreload/trace.py",
    "harness/pytest_embedded_hotreload/placement.py",
    "harness/pytest_embedded_hotreload/client.py",
    "harness/pytest_embedded_hotreload/board/pool.py",
)
#: where packages begin
PATHS = ("component/hotreload/tools", "harness")
TESTS = ("component/hotreload/tool_test", "harness/tests")
OPTIONS = [
    *("-p", "no:randomly", "-p", "no:cacheprovider", "-n0", "-m", "not nightly and not faults"),
    *("-o", "tmp_path_retention_policy=none", "--timeout=20"),
    # of what the server has imported
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
]


@dataclass
class PythonSources:
    """The modules, and the tests that import them."""

    root: Path
    folder: Path
    _sources: dict[str, Source] = field(default_factory=dict)

    def files(self) -> list[str]:
        """The modules."""
        found = [path for pattern in FILES for path in sorted(self.root.glob(pattern))]
        return [str(path.relative_to(self.root)) for path in found]

    def source(self, file: str) -> Source:
        """One of them."""
        return self._sources.setdefault(file, Source(self.root, file))

    @cached_property
    def state(self) -> str:
        """The modules and the tests."""
        found = hashlib.sha256()
        for top in (*PATHS, *TESTS):
            for path in sorted((self.root / top).rglob("*.py")):
                found.update(path.read_bytes())
        return found.hexdigest()[:12]

    def prepare(self) -> None:
        """Nothing."""

    def worker(self, name: str) -> "PythonWorker":
        """One that tries mutants."""
        return PythonWorker(self, name)

    @cached_property
    def _imports(self) -> dict[str, set[str]]:
        """By test file the names that it imports."""
        paths = [path for top in TESTS for path in sorted((self.root / top).rglob("test_*.py"))]
        return {str(path.relative_to(self.root)): _imported(path) for path in paths}

    @cached_property
    def _users(self) -> dict[str, set[str]]:
        """By module those that import it, one after the other."""
        paths = [path for top in PATHS for path in (self.root / top).rglob("*.py")]
        files = {path: str(path.relative_to(self.root)) for path in paths}
        names = {
            _module(file): _imported(path, _module(str(Path(file).parent / "__init__.py")))
            for path, file in files.items()
            if not file.startswith(TESTS)
        }
        users: dict[str, set[str]] = {}
        for module in names:
            users[module] = {other for other, imported in names.items() if module in imported}
        return users

    def tests(self, file: str) -> list[str]:
        """Those that import a module; or else those that import one that imports it, and so on."""
        modules = {_module(file)}
        while modules:
            found = [test for test, names in self._imports.items() if names & modules]
            if found:
                return found
            more = {user for module in modules for user in self._users.get(module, ())} - modules
            if not more:
                break
            modules |= more
        return []


def _module(file: str) -> str:
    top = next(path for path in PATHS if file.startswith(f"{path}/"))
    name = file.removeprefix(f"{top}/").removesuffix(".py").removesuffix("/__init__")
    return name.replace("/", ".")


def _imported(path: Path, package: str = "") -> set[str]:
    """Modules, and names of modules; `package` is where relative ones begin."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = [package if node.level else "", node.module or ""]
            module = ".".join(part for part in parts if part)
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return found


class _Plain(ast.NodeTransformer):
    """Without documentation and annotations, which nothing here looks at."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        match node:
            case ast.arg():
                node.annotation = None
            case ast.FunctionDef():
                node.returns = None
        match node:
            case ast.FunctionDef(body=[ast.Expr(value=ast.Constant(value=str())), *rest]) if rest:
                node.body = rest
            case ast.ClassDef(body=[ast.Expr(value=ast.Constant(value=str())), *rest]) if rest:
                node.body = rest
        return node


def digest(text: str) -> str:
    """Of the code, without documentation, annotations and places; "": it does not compile."""
    try:
        tree = ast.fix_missing_locations(_Plain().visit(ast.parse(text)))
        return repr(_content(compile(tree, "", "exec")))
    except (SyntaxError, ValueError):
        return ""


def passes_checks(text: str) -> bool:
    """Whether ruff finds all names defined and used; ci/test runs it before any test."""
    command = [sys.executable, "-m", "ruff", "check", "--quiet", "--isolated", "--select=F", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True).returncode == 0


def _content(code: CodeType) -> tuple[object, ...]:
    constants = [_content(c) if isinstance(c, CodeType) else (type(c), c) for c in code.co_consts]
    return code.co_code, constants, code.co_names, code.co_varnames, code.co_exceptiontable


class PythonWorker:
    """Has a copy of the sources of its own."""

    def __init__(self, sources: PythonSources, name: str) -> None:
        self.sources = sources
        self.folder = sources.folder / "workers" / f"python-{name}"
        self._copy()
        self._served = Served(sources.root, {})

    def _copy(self) -> None:
        root = self.sources.root
        listed = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z"], capture_output=True, text=True, check=True
        )
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "build").mkdir(parents=True)
        for name in listed.stdout.split("\0"):
            if name and (root / name).is_file():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(root / name, self.folder / name)

    def digests(self, mutants: list[Mutant]) -> Iterator[str]:
        """Of the code of mutants of one file; "": does not compile, or to the same."""
        source = self.sources.source(mutants[0].file)
        same = digest(source.text())
        for mutant in mutants:
            text = source.text(mutant)
            found = digest(text)
            yield "" if found == same or not found or not passes_checks(text) else found

    def try_mutant(self, mutant: Mutant, first: list[str]) -> Outcome:
        """Run the tests of its module."""
        tests = self.sources.tests(mutant.file)
        if not tests:
            return Outcome(SURVIVED, message="no test imports it")
        source = self.sources.source(mutant.file)
        (self.folder / mutant.file).write_text(source.text(mutant), encoding="utf-8")
        outcome = self._served.run(
            folder=str(self.folder),
            environment={"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": os.pathsep.join(PATHS)},
            path=[str(self.folder)],
            options=[*OPTIONS, f"--basetemp={self.folder / 'build' / 'tmp'}"],
            tests=[*(t for t in first if t.partition("::")[0] in tests), *tests],
            seconds=SECONDS,
        )
        (self.folder / mutant.file).write_text(source.text(), encoding="utf-8")
        return outcome

    def close(self) -> None:
        """End what was begun."""
        self._served.close()
