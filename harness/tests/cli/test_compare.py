"""Of what two sources declare differently exactly that is told, and nothing of what they share.

The pairs of sources are generated: each case changes one thing of a struct, an enumeration or a
function, so that it is known beforehand what has to be told.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pytest_embedded_hotreload.cli.elf.compare import Difference
from pytest_embedded_hotreload.cli.elf.dwarf import Debug
from pytest_embedded_hotreload.cli.elf.fit import compared

from .conftest import run

WIDTHS = ("int8_t", "uint8_t", "int16_t", "uint16_t", "int32_t", "uint32_t", "int64_t")
COUNT = 8  # cases of each kind


@dataclass
class Struct:
    """A struct of a case: its members by name, with their types as the source has them."""

    members: dict[str, str]

    def text(self, name: str) -> str:
        lines = (spell(kind, member) for member, kind in self.members.items())
        return f"struct {name} {{ {' '.join(f'{line};' for line in lines)} }};"


def spell(kind: str, name: str) -> str:
    """A declaration; an array or a bit field has what belongs behind the name in its type."""
    base, _, behind = kind.partition("@")
    return f"{base} {name}{behind}"


@dataclass
class Case:
    """One pair: the text of each side, what uses it in the module, and what is to be told of it.

    `expected` are the kind and the name of the one difference, and words of its one detail.
    """

    ours: str
    theirs: str
    body: str  # an exported function of the module
    call: str  # how the firmware calls it
    expected: tuple[str, str, list[str]] | None
    notes: list[str] = field(default_factory=list)


Change = Callable[[random.Random, str], Case]


def struct_of(chance: random.Random) -> Struct:
    return Struct({f"m{i}": chance.choice(WIDTHS) for i in range(chance.randint(2, 6))})


def by_pointer(
    name: str, ours: Struct, theirs: Struct, told: list[str], chance: random.Random
) -> Case:
    """A struct that a function takes by a pointer, directly or in another struct, or gets whole."""
    how = chance.choice(("direct", "nested", "embedded", "returned"))
    outer = {
        "nested": f"struct {name}_outer {{ int a; struct {name} *inner; int b; }};",
        "embedded": f"struct {name}_outer {{ int a; struct {name} inner; int b; }};",
    }.get(how, "")
    first = next(iter(ours.members))
    argument = f"struct {name}{'_outer' if outer else ''} *p"
    access = {"nested": "p->inner->", "embedded": "p->inner."}.get(how, "p->")
    body = f"int {name}_use({argument}) {{ return (int){access}{first}; }}"
    if how == "returned":
        body = f"struct {name} *{name}_use(void) {{ static struct {name} s; return &s; }}"
        prototype, call = f"struct {name} *{name}_use(void);", f"use({name}_use());"
    else:
        prototype, call = f"int {name}_use({argument});", f"use((void *){name}_use((void *)0));"
    if how != "returned":
        call = f"(void){name}_use((void *)0);"
    sides = [f"{side.text(name)} {outer} {prototype}" for side in (ours, theirs)]
    expected = ("struct", name, told) if told else None
    return Case(sides[0], sides[1], body, call, expected, [how])


def field_added(chance: random.Random, name: str) -> Case:
    ours = struct_of(chance)
    members = list(ours.members.items())
    members.insert(chance.randint(1, len(members)), ("fresh", chance.choice(WIDTHS)))
    theirs = Struct(dict(members))
    sides = [ours, theirs]
    side = "firmware"
    if chance.random() < 0.5:
        sides.reverse()
        side = "module"
    return by_pointer(name, sides[0], sides[1], [f"member 'fresh' is in the {side} only"], chance)


def type_changed(chance: random.Random, name: str) -> Case:
    ours = struct_of(chance)
    member = chance.choice(list(ours.members))
    kind = chance.choice([kind for kind in WIDTHS if kind != ours.members[member]])
    theirs = Struct({**ours.members, member: kind})
    told = [f"member '{member}' is", f"{ours.members[member]} in the module", f"{kind} in the firm"]
    return by_pointer(name, ours, theirs, told, chance)


def order_swapped(chance: random.Random, name: str) -> Case:
    ours = struct_of(chance)
    members = list(ours.members.items())
    at = chance.randrange(len(members) - 1)
    members[at], members[at + 1] = members[at + 1], members[at]
    return by_pointer(name, ours, Struct(dict(members)), ["the order is"], chance)


def length_changed(chance: random.Random, name: str) -> Case:
    ours = struct_of(chance)
    ours.members["list"] = "int16_t@[4]"
    theirs = Struct({**ours.members, "list": "int16_t@[5]"})
    return by_pointer(name, ours, theirs, ["member 'list' is", "[5]"], chance)


def bits_changed(chance: random.Random, name: str) -> Case:
    ours = struct_of(chance)
    ours.members.update(low="unsigned@ : 3", high="unsigned@ : 5")
    theirs = Struct({**ours.members, "low": "unsigned@ : 4"})
    return by_pointer(name, ours, theirs, ["member 'low' has 3 bits in the module, 4 bits"], chance)


def moved(chance: random.Random, name: str) -> Case:
    """The members are the same: only where they are is another."""
    ours = Struct({"a": "int8_t", "b": "int32_t"})
    case = by_pointer(name, ours, ours, [], chance)
    marked = ours.text(name).replace("};", "} __attribute__((packed));")
    case.theirs = case.theirs.replace(ours.text(name), marked)
    case.expected = ("struct", name, ["member 'b' is at byte 4 in the module, 1 in the firmware"])
    return case


def enumeration_changed(chance: random.Random, name: str) -> Case:
    texts = [
        f"enum {name} {{ {name.upper()}_A, {name.upper()}_B{value} }}; int {name}_use(enum {name});"
        for value in ("", " = 9")
    ]
    body = f"int {name}_use(enum {name} e) {{ return e == {name.upper()}_B; }}"
    told = [f"{name.upper()}_B is 1 in the module, 9 in the firmware"]
    return Case(texts[0], texts[1], body, f"(void){name}_use(0);", ("enum", name, told))


def enumeration_widened(chance: random.Random, name: str) -> Case:
    texts = [
        f"enum {mark} {name} {{ {name.upper()}_A }}; int {name}_use(enum {name} *);"
        for mark in ("", "__attribute__((packed))")
    ]
    body = f"int {name}_use(enum {name} *e) {{ return *e; }}"
    told = ["it has 4 bytes in the module, 1 in the firmware"]
    return Case(texts[0], texts[1], body, f"(void){name}_use((void *)0);", ("enum", name, told))


def argument_added(chance: random.Random, name: str) -> Case:
    kinds = [chance.choice(WIDTHS) for _ in range(chance.randint(1, 5))]
    ours = f"int {name}({', '.join(kinds)});"
    theirs = f"int {name}({', '.join([*kinds, 'int'])});"
    arguments = ", ".join(f"{kind} a{i}" for i, kind in enumerate(kinds))
    body = f"int {name}({arguments}) {{ return (int)a0; }}"
    call = f"(void){name}({', '.join('1' for _ in range(len(kinds) + 1))});"
    told = [f"it takes {len(kinds)} arguments in the module, {len(kinds) + 1} in the firmware"]
    return Case(ours, theirs, body, call, ("function", name, told))


def argument_changed(chance: random.Random, name: str) -> Case:
    kinds = [chance.choice(WIDTHS) for _ in range(chance.randint(1, 5))]
    at = chance.randrange(len(kinds))
    others = list(kinds)
    others[at] = chance.choice([kind for kind in WIDTHS if kind != kinds[at]])
    arguments = ", ".join(f"{kind} a{i}" for i, kind in enumerate(kinds))
    body = f"int {name}({arguments}) {{ return (int)a0; }}"
    call = f"(void){name}({', '.join('1' for _ in kinds)});"
    told = [f"argument {at + 1} is {kinds[at]} in the module, {others[at]} in the firmware"]
    declarations = [f"int {name}({', '.join(side)});" for side in (kinds, others)]
    return Case(declarations[0], declarations[1], body, call, ("function", name, told))


def result_changed(chance: random.Random, name: str) -> Case:
    kind, other = chance.sample(WIDTHS, 2)
    body = f"{kind} {name}(void) {{ return 1; }}"
    told = [f"the result is {kind} in the module, {other} in the firmware"]
    sides = [f"{result} {name}(void);" for result in (kind, other)]
    return Case(sides[0], sides[1], body, f"(void){name}();", ("function", name, told))


def became_variadic(chance: random.Random, name: str) -> Case:
    body = f"int {name}(int a, ...) {{ return a; }}"
    told = ["it takes further arguments in the module only"]
    sides = [f"int {name}(int a, ...);", f"int {name}(int a);"]
    return Case(sides[0], sides[1], body, f"(void){name}(1);", ("function", name, told))


def typedef_changed(chance: random.Random, name: str) -> Case:
    """The name of the type is the same, and something else behind it."""
    sides = [f"typedef {kind} {name}_t; int {name}({name}_t *);" for kind in ("short", "long")]
    body = f"int {name}({name}_t *a) {{ return (int)*a; }}"
    told = ["argument 1 is", "short int of 2 bytes", "long int of 4 bytes"]
    return Case(sides[0], sides[1], body, f"(void){name}((void *)0);", ("function", name, told))


def callback_changed(chance: random.Random, name: str) -> Case:
    sides = [f"int {name}(int (*callback)({kind}));" for kind in ("int", "int64_t")]
    body = f"int {name}(int (*callback)(int)) {{ return callback(1); }}"
    told = ["argument 1 is int (*)(int) in the module, int (*)(int64_t) in the firmware"]
    return Case(sides[0], sides[1], body, f"(void){name}((void *)0);", ("function", name, told))


def nothing(chance: random.Random, name: str) -> Case:
    ours = struct_of(chance)
    ours.members.update(list="int16_t@[3]", low="unsigned@ : 3", self=f"struct {name} *")
    return by_pointer(name, ours, ours, [], chance)


def spelt_differently(chance: random.Random, name: str) -> Case:
    """Other words for the same: names of parameters, typedefs, qualifiers."""
    sides = [
        f"typedef int {name}_t; int {name}({name}_t a, const char *b);",
        f"int {name}(int other, char const *text);",
    ]
    body = f"int {name}({name}_t a, const char *b) {{ return a + *b; }}"
    return Case(sides[0], sides[1], body, f'(void){name}(1, "");', None)


CHANGES: list[Change] = [
    *(field_added, type_changed, order_swapped, length_changed, bits_changed, moved),
    *(enumeration_changed, enumeration_widened, argument_added, argument_changed),
    *(result_changed, became_variadic, typedef_changed, callback_changed),
    *(nothing, spelt_differently),
]


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    """By name; each run has others, and pytest-randomly tells its seed."""
    chance = random.Random(random.random())
    names = {f"{change.__name__}_{n}": change for change in CHANGES for n in range(COUNT)}
    return {name: change(chance, name) for name, change in names.items()}


@pytest.fixture(scope="module", params=["4", "5"])
def told(
    request: pytest.FixtureRequest,
    prefix: str,
    cases: dict[str, Case],
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Difference]:
    """What is told of all cases together, for a version of the debug information."""
    folder = tmp_path_factory.mktemp("pair")
    module = "\n".join(f"{case.ours}\n{case.body}" for case in cases.values())
    calls = "\n".join(case.call for case in cases.values())
    declarations = "\n".join(case.theirs for case in cases.values())
    firmware = f"{declarations}\nvoid use(void *p) {{ (void)p; }}\nvoid all(void) {{ {calls} }}\n"
    elves = []
    for name, text in (("module", module), ("firmware", firmware)):
        source, elf = folder / f"{name}.c", folder / f"{name}.elf"
        source.write_text(f"#include <stdint.h>\n{text}")
        run(
            *(f"{prefix}gcc", "-Og", f"-gdwarf-{request.param}", "-nostdlib", "-mlongcalls"),
            *("-Wl,-e,0", "-Wl,--unresolved-symbols=ignore-all", source, "-o", elf),
        )
        elves.append(Debug(elf))
    exports = {word for case in cases.values() for word in _functions(case)}
    return compared(elves[0], elves[1], exports, set())


def _functions(case: Case) -> list[str]:
    head = case.body.partition("(")[0]
    return [head.split()[-1].lstrip("*")]


def test_exactly_the_difference_is_told(told: list[Difference], cases: dict[str, Case]) -> None:
    wrong = []
    for name, case in cases.items():
        about = [d for d in told if d.name in (name, f"{name}_use", f"{name}_outer")]
        expected = [] if case.expected is None else [case.expected[:2]]
        words = case.expected[2] if case.expected else []
        fits = [(d.kind, d.name) for d in about] == expected and (
            not about
            or (len(about[0].details) == 1 and all(word in about[0].details[0] for word in words))
        )
        if not fits:
            wrong.append(f"{name}: {case}\n  told: {about}")
    assert not wrong, "\n".join(wrong)


def test_both_declarations_are_shown_with_their_places(
    told: list[Difference], cases: dict[str, Case]
) -> None:
    assert told
    for difference in told:
        for side, file in ((difference.module, "module.c"), (difference.firmware, "firmware.c")):
            lines = Path(side.file).read_text().splitlines()
            assert Path(side.file).name == file
            assert difference.name in lines[side.line - 1]
            assert difference.name in side.text


def test_who_uses_a_struct_is_told(told: list[Difference], cases: dict[str, Case]) -> None:
    structs = [d for d in told if d.kind == "struct"]
    assert structs
    for difference in structs:
        assert difference.reached == (f"{difference.name}_use",)
