"""Which part of the harness may import which, and which folder of the component: as documented."""

import ast
import importlib.util
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HARNESS = ROOT / "harness"
PACKAGE = "pytest_embedded_hotreload"
PAGE = (ROOT / "docs" / "how-it-works.md").read_text()
#: of the component's tools: what compiles and links modules
BUILD_TOOL = "hotreload_build"


def rows(heading: str) -> list[list[str]]:
    """The cells of a table of the page."""
    table = PAGE.partition(f"\n| {heading}")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table]


def code(cell: str) -> list[str]:
    """What is in backquotes."""
    return re.findall(r"`([^`]+)`", cell)


LAYERS = [code(modules) for _, modules in rows("layer |")]


def modules() -> dict[str, Path]:
    """The modules of the package, without its name, and their files."""
    files = [
        file
        for file in (HARNESS / PACKAGE).rglob("*.py")
        if not {"idf", "repository"} & {*file.relative_to(HARNESS).parts}
    ]
    parts = {file: file.relative_to(HARNESS / PACKAGE).with_suffix("").parts for file in files}
    return {".".join(part for part in parts[file] if part != "__init__"): file for file in files}


MODULES = modules()


def imported(nodes: Iterator[ast.AST]) -> Iterator[str]:
    """The names that these import, from packages and modules."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own(names: Iterator[str]) -> set[str]:
    """The modules of the package among these."""
    found = set()
    for name in names:
        root, _, module = name.partition(".")
        while root == PACKAGE and module and module not in MODULES:
            module = module.rpartition(".")[0]
        if root == PACKAGE and module:
            found.add(module)
    return found


TREES = {module: ast.parse(file.read_text()) for module, file in MODULES.items()}


def layer(module: str) -> int:
    """The place of a module, by the longest name in the table that it has or lies in."""
    named = [(name, number) for number, names in enumerate(LAYERS) for name in names]
    fitting = [(n, number) for n, number in named if f"{module}.".startswith(f"{n}.")]
    assert fitting, f"{module} has no layer: name it in docs/how-it-works.md"
    return max(fitting, key=lambda one: len(one[0]))[1]


def test_no_module_imports_from_a_layer_above() -> None:
    wrong = [
        f"{module} imports {other}"
        for module, tree in TREES.items()
        for other in own(imported(ast.walk(tree)))
        if module and layer(other) > layer(module)
    ]
    assert wrong == []


def test_no_module_imports_itself() -> None:
    """Nor does one by way of others, while it is imported."""
    graph = {module: own(imported(iter(tree.body))) - {module} for module, tree in TREES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        raise AssertionError(" -> ".join(circle.args[1])) from None


def test_each_name_of_the_table_is_a_module() -> None:
    assert [name for names in LAYERS for name in names if name not in MODULES] == []


def test_the_harness_imports_nothing_of_the_tests() -> None:
    named = {
        (module, name.partition(".")[0])
        for module, tree in TREES.items()
        for name in imported(ast.walk(tree))
    }
    assert {one for one in named if one[1] in ("ci", "component", "scenarios", "tests")} == set()


def test_the_oracle_shares_nothing_with_what_builds() -> None:
    seen: set[str] = set()
    ahead = ["oracle"]
    while ahead:
        module = ahead.pop()
        if module not in seen:
            seen.add(module)
            ahead += own(imported(ast.walk(TREES[module])))
    builders = next(names for names in LAYERS if "modules" in names)
    assert len(seen) > 3
    assert seen & {*builders} == set()
    used = {name.partition(".")[0] for m in seen for name in imported(ast.walk(TREES[m]))}
    assert BUILD_TOOL not in used


def test_the_component_keeps_the_rules_of_the_page() -> None:
    """They are tested there; here they are compared with what is told."""
    file = ROOT / "component" / "hotreload" / "doc_test" / "test_architecture.py"
    spec = importlib.util.spec_from_file_location("component_architecture", file)
    assert spec and spec.loader
    kept = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kept)
    told = {code(folder)[0]: {*code(others)} for folder, _, others in rows("folder | is | may")}
    assert {**told, "": kept.ALLOWED[""]} == {
        folder: others - {folder} for folder, others in kept.ALLOWED.items()
    }
