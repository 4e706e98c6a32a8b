"""Small faults made by rule, none of which anybody has chosen: a line of a source, changed once."""

import ast
import contextlib
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from universalmutator.mutator import mutants_regexp

RULES = {
    ".c": ["universal.rules", "c_like.rules", "c.rules"],
    ".py": ["universal.rules", "python.rules"],
}
RULES[".h"] = RULES[".c"]

_C_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/', re.DOTALL)
_C_NAME = re.compile(r"(\w+)\s*\(")
_ATTRIBUTE = re.compile(r"__attribute__\s*\(\(.*?\)\)")


@dataclass(frozen=True)
class Function:
    """Where one is defined. Names come twice where the preprocessor takes one of two."""

    name: str  #: `Class.method` in Python
    lines: range


@dataclass(frozen=True)
class Mutant:
    """One line of a file with other text in its place."""

    file: str  #: in the repository
    function: str  #: `Class.method` in Python, "" outside of functions
    line: int  #: from 1
    before: str
    after: str  #: with all line ends but the last
    id: str  #: the same as long as the function has the same text

    def __str__(self) -> str:
        after = " ".join(self.after.split()) or "(nothing)"
        return f"{self.file}:{self.line} {self.function}: {self.before.strip()}  ->  {after}"


@dataclass(frozen=True)
class Source:
    """A file of which mutants are made; comments are blanks, since nothing is to be found there."""

    root: Path
    file: str

    @cached_property
    def lines(self) -> list[str]:
        """With their ends."""
        text = (self.root / self.file).read_text(encoding="utf-8")
        if not self.file.endswith(".py"):
            text = _C_COMMENT.sub(_blank, text)
        return text.splitlines(keepends=True)

    @cached_property
    def functions(self) -> list[Function]:
        """All that there are."""
        found = _python_functions if self.file.endswith(".py") else _c_functions
        return found(self.lines)

    def lines_around(self, line: int) -> range:
        """Of the function that a line is in; none outside of functions."""
        function = self._function_of_line.get(line)
        return function.lines if function else range(0)

    @cached_property
    def _function_of_line(self) -> dict[int, Function]:
        # an inner function comes behind the one that it is in
        return {line: function for function in self.functions for line in function.lines}

    def mutants(self) -> list[Mutant]:
        """All that the rules make, also such as do not compile or compile to the same."""
        rules = RULES[Path(self.file).suffix]
        with contextlib.redirect_stdout(io.StringIO()):
            made = mutants_regexp(self.lines, rules, ignorePatterns=[], ignoreStringOnly=True)
        return [self._mutant(line, text) for line, text, *_ in made]

    def _mutant(self, line: int, text: str) -> Mutant:
        before = self.lines[line - 1]
        function = self._function_of_line.get(line)
        body, place = before, 0
        if function:
            first = function.lines.start
            body = "".join(self.lines[first - 1 : function.lines.stop - 1])
            place = line - first
        name = function.name if function else ""
        key = "\0".join((self.file, name, body, str(place), text))
        digest = hashlib.sha256(key.encode()).hexdigest()[:16]
        return Mutant(self.file, name, line, before.rstrip("\n"), text.rstrip("\n"), digest)

    def text(self, mutant: Mutant | None = None) -> str:
        """The file with the mutant in it, or as it is: but for comments of C."""
        lines = [*self.lines]
        if mutant is not None:
            lines[mutant.line - 1] = f"{mutant.after}\n"
        return "".join(lines)


def _blank(match: re.Match[str]) -> str:
    text = match[0]
    return text if text.startswith('"') else re.sub(r"[^\n]", " ", text)


def _c_functions(lines: list[str]) -> list[Function]:
    """Each begins in the first column, and its braces are there too."""
    found = []
    begins = 0
    opened = False
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            opened = True
        elif line.startswith("}"):
            name = _C_NAME.search(_ATTRIBUTE.sub("", "".join(lines[begins - 1 : number])))
            if opened and name:
                found.append(Function(name[1], range(begins, number + 1)))
            opened = False
        elif re.match(r"\w", line):
            begins = number
    return found


def _python_functions(lines: list[str]) -> list[Function]:
    return list(_python_definitions(ast.parse("".join(lines)), ""))


def _python_definitions(node: ast.AST, within: str) -> Iterator[Function]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{within}{child.name}"
            if not isinstance(child, ast.ClassDef):
                yield Function(name, range(child.lineno, (child.end_lineno or child.lineno) + 1))
            yield from _python_definitions(child, f"{name}.")
        else:
            yield from _python_definitions(child, within)
