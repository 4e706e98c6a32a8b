"""What a reload would change is told function by function: no less, and nothing that only moved.

The pairs of modules are generated from functions and variables of known content.
"""

import random
from pathlib import Path

import pytest

from .conftest import Build, Hotreload

HEADER = '#include "api.h"\nint point_sum(const struct point *point) { return point->x; }\n'
COUNT = 10


class Source:
    """A module of functions that call one another, load constants and texts, and use variables."""

    def __init__(self, chance: random.Random) -> None:
        self.variables = {f"v{i}": chance.randint(1, 1 << 30) for i in range(COUNT)}
        self.functions = {f"f{i}": self._body(chance, i) for i in range(COUNT)}
        self.order = list(self.functions)

    def _body(self, chance: random.Random, number: int) -> list[str]:
        """Statements on `x`; a function calls only those before it."""
        statements = [
            f"x += {chance.randint(1 << 16, 1 << 30)};",
            f"x ^= v{chance.randrange(COUNT)};",
            f"x = firmware_add(x, {chance.randint(1, 99)});",
            f'x += keep("text {chance.randint(1, 1 << 30)}");',
            f"{{ static const short t[] = {{ {self._numbers(chance)} }}; x += t[x & 3]; }}",
            f"{{ static int n = {chance.randint(1, 1 << 30)}; x += n++; }}",
            f"switch (x & 7) {{ {self._arms(chance)} }}",
            "for (int i = 0; i < x; i++) { x -= i; }",
        ]
        if number:
            statements.append(f"x -= f{chance.randrange(number)}(x);")
            statements.append(f"pointer = f{chance.randrange(number)};")
        return chance.sample(statements, chance.randint(2, len(statements)))

    def _arms(self, chance: random.Random) -> str:
        return " ".join(f"case {i}: x += {chance.randint(200, 9999)}; break;" for i in range(7))

    def _numbers(self, chance: random.Random) -> str:
        return ", ".join(str(chance.randint(0, 9999)) for _ in range(4))

    def text(self) -> str:
        lines = [HEADER, "static int (*volatile pointer)(int);"]
        lines.append("__attribute__((noinline)) static int keep(const char *s) { return *s; }")
        lines += [f"volatile int {name} = {value};" for name, value in self.variables.items()]
        lines += [f"int {name}(int x);" for name in self.functions]
        for name in self.order:
            body = " ".join(self.functions[name])
            lines.append(f"__attribute__((noinline)) int {name}(int x) {{ {body} return x; }}")
        calls = " + ".join(f"{name}(step)" for name in self.functions)
        keep = " + ".join(self.variables)
        lines.append(f"int counted(int step) {{ return {calls} + {keep} + (int)pointer; }}")
        return "\n".join(lines)


def told(hotreload: Hotreload, old: Path, new: Path) -> set[tuple[str, str]]:
    done = hotreload("diff", old, new, "--json")
    assert done.status == 0, done.err
    return {(change["name"], change["how"]) for change in done.json["changes"]}


def built(build: Build, source: Source, folder: Path) -> Path:
    folder.mkdir()
    return build.variant(source.text(), folder, "-fno-ipa-icf", "-fno-ipa-cp", "-fno-ipa-ra")


@pytest.mark.parametrize("seed", range(4))
def test_changed_functions_and_variables_are_told_and_moved_ones_are_not(
    build: Build, hotreload: Hotreload, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(random.random())
    source = Source(chance)
    old = built(build, source, tmp_path / "old")

    chance.shuffle(source.order)
    functions = chance.sample(list(source.functions), 3)
    for name in functions:
        source.functions[name].insert(0, f"x += {chance.randint(1 << 16, 1 << 30)};")
    variables = chance.sample(list(source.variables), 3)
    for name in variables:
        source.variables[name] += 1
    new = built(build, source, tmp_path / "new")

    expected = {(name, "code") for name in functions} | {(name, "value") for name in variables}
    assert told(hotreload, old, new) == expected


def test_a_changed_text_is_a_change_of_the_function_that_uses_it(
    build: Build, hotreload: Hotreload, tmp_path: Path
) -> None:
    texts = []
    for name, greeting in (("old", "Hello"), ("new", "Howdy")):
        (tmp_path / name).mkdir()
        text = f'{HEADER}const char *greeting(void) {{ return "{greeting}"; }}\n'
        text += "int counted(int step) { return step; }\n"
        texts.append(build.variant(text, tmp_path / name))
    assert told(hotreload, *texts) == {("greeting", "code")}
    assert told(hotreload, texts[0], texts[0]) == set()


def test_what_comes_and_goes_is_told(build: Build, hotreload: Hotreload, tmp_path: Path) -> None:
    common = f"{HEADER}int counted(int step) {{ return step; }}\n"
    variants = []
    for name, text in (
        ("old", "int gone(int a) { return a + firmware_counter; } int small[2] = {1};"),
        ("new", "int come(int a) { return firmware_add(a, 2); } int small[3] = {1};"),
    ):
        (tmp_path / name).mkdir()
        variants.append(build.variant(common + text, tmp_path / name))
    done = hotreload("diff", *variants, "--json")
    changes = {(c["kind"], c["name"], c["how"], tuple(c["sizes"])) for c in done.json["changes"]}
    assert ("variable", "small", "size", (8, 12)) in changes
    assert {(kind, name, how) for kind, name, how, _ in changes} == {
        ("function", "gone", "removed"),
        ("function", "come", "added"),
        ("variable", "small", "size"),
    }
    assert done.json["exports"] == {"removed": ["gone"], "added": ["come"]}
    assert done.json["imports"] == {"removed": ["firmware_counter"], "added": ["firmware_add"]}
    shown = hotreload("diff", *variants).out.splitlines()
    assert "function come: added, " in shown[0]
    assert "variable small: size changed, 8 -> 12 bytes" in shown


def test_a_stripped_module_is_known_by_the_linked_one_beside_it(
    build: Build, hotreload: Hotreload, tmp_path: Path
) -> None:
    done = hotreload("diff", build.module, build.linked, "--json")
    assert done.json["changes"] == []
    alone = tmp_path / "alone.so"
    alone.write_bytes(build.module.read_bytes())
    lost = hotreload("diff", alone, build.linked)
    assert lost.status == 2
    assert "has no symbols" in lost.complaint
