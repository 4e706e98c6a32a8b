"""ci/mutate: its mutants, what counts as killed, its sample, and what people have written down."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from ci.mutation.campaign import Campaign
from ci.mutation.changed import changed_lines, start_of
from ci.mutation.distinct import Distinct
from ci.mutation.host_programs import SOURCES
from ci.mutation.kept import Equivalent, Kind, critical, equivalents
from ci.mutation.mutants import Mutant, Source
from ci.mutation.python_tests import PythonSources, digest, passes_checks
from ci.mutation.report import kind_of, summary, table
from ci.mutation.results import ACCIDENT, KILLED, SURVIVED, Outcome, Result, Results
from ci.mutation.sample import interval, stratified

ROOT = Path(__file__).resolve().parents[2]

C = """\
/* about a + b */
static int table[] = {1, 2};

static int more(int a)
{
    return a + 1; /* not a - 1 */
}

int less(int a,
         int b)
{
    if (a < b) {
        return a;
    }
    return b;
}
"""


@pytest.fixture
def source(tmp_path: Path) -> Source:
    (tmp_path / "x.c").write_text(C)
    return Source(tmp_path, "x.c")


def mutant(file: str = "x.c", function: str = "f", line: int = 1, name: str = "") -> Mutant:
    return Mutant(file, function, line, "a != ESP_OK", "a > ESP_OK", name or f"{file}{line}")


# mutants


def test_mutants_are_of_code_and_know_their_function(source: Source) -> None:
    made = source.mutants()
    lines = C.splitlines()
    assert {m.function for m in made if m.line == 6} == {"more"}
    assert {m.function for m in made if 9 <= m.line <= 15} == {"less"}
    assert {m.function for m in made if m.line == 2} == {""}
    assert {m.after.strip() for m in made if m.line == 6} >= {"return a - 1;", "return a + 0;"}
    assert not [m for m in made if m.line == 1]
    for each in made:
        assert each.before.strip() in lines[each.line - 1]
        changed = source.text(each).splitlines()
        assert changed != source.text().splitlines()
        assert changed[: each.line - 1] == source.text().splitlines()[: each.line - 1]


def test_a_mutant_is_the_same_as_long_as_its_function_is(tmp_path: Path, source: Source) -> None:
    before = {m.id for m in source.mutants() if m.function == "less"}
    (tmp_path / "y").mkdir()
    (tmp_path / "y" / "x.c").write_text(C.replace("a + 1", "a + 10").replace("/* about", "\n/*"))
    after = Source(tmp_path / "y", "x.c").mutants()
    assert {m.id for m in after if m.function == "less"} == before
    assert not {m.id for m in after if m.function == "more"} & {m.id for m in source.mutants()}


def test_functions_of_python(tmp_path: Path) -> None:
    text = "def f():\n    def g():\n        return 1\n    return g\n\nclass A:\n    def h(self):\n"
    (tmp_path / "x.py").write_text(f"{text}        return 2\n")
    found = {f.name: f.lines for f in Source(tmp_path, "x.py").functions}
    assert found == {"f": range(1, 5), "f.g": range(2, 4), "A.h": range(7, 9)}


def test_of_mutants_that_compile_to_the_same_one_is_tried(tmp_path: Path) -> None:
    made = [mutant(name=name) for name in "abcde"]
    code = dict(zip("abcde", ["", "1", "2", "1", "2"], strict=True))
    asked: list[str] = []

    def digests(mutants: list[Mutant]) -> list[str]:
        asked.extend(m.id for m in mutants)
        return [code[m.id] for m in mutants]

    for _ in range(2):  # the second time from its file
        distinct = Distinct(made, tmp_path / "distinct.jsonl")
        assert [m.id for m in reversed(made) if distinct.is_one(m, digests)] == ["c", "b"]
    assert sorted(asked) == [*"abcde"]


def test_what_does_not_compile_costs_no_other(tmp_path: Path) -> None:
    made = [mutant(name=name) for name in "abc"]
    asked: list[str] = []

    def digests(mutants: list[Mutant]) -> list[str]:
        asked.extend(m.id for m in mutants)
        return ["" for _ in mutants]

    assert not Distinct(made, tmp_path / "distinct.jsonl").is_one(made[2], digests)
    assert asked == ["c"]


@pytest.mark.parametrize(
    ("after", "is_same"),
    [
        ('def f(a: int) -> int:\n    """Other."""\n    return a + 1\n', True),
        ("def f(a: str) -> None:\n\n    return a + 1\n", True),
        ("def f(a: int) -> int:\n    return a + 2\n", False),
        ("def f(a: int) -> int:\n    return a - 1\n", False),
        ("def f(b: int) -> int:\n    return b + 1\n", False),
    ],
)
def test_code_of_python(after: str, is_same: bool) -> None:
    before = 'def f(a: int) -> int:\n    """More."""\n    return a + 1\n'
    assert digest(before) != ""
    assert (digest(before) == digest(after)) == is_same
    assert digest("def f(:\n") == ""
    assert passes_checks(before)
    assert not passes_checks("def f():\n    return a\n")


def test_tests_of_a_module_are_those_that_import_it(tmp_path: Path) -> None:
    """Or else what imports it in turn."""
    files = {
        "harness/p/__init__.py": "",
        "harness/p/low.py": "def f(): pass",
        "harness/p/high.py": "from p.low import f",
        "harness/p/near.py": "from .low import f",
        "harness/p/alone.py": "",
        "harness/tests/test_high.py": "from p.high import f",
        "harness/tests/test_near.py": "import p.near",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    sources = PythonSources(tmp_path, tmp_path)
    both = ["harness/tests/test_high.py", "harness/tests/test_near.py"]
    assert sources.tests("harness/p/high.py") == both[:1]
    assert sources.tests("harness/p/low.py") == both
    assert sources.tests("harness/p/alone.py") == []


# runs


class Worker:
    def __init__(self) -> None:
        self.tried: list[str] = []
        self.first: list[list[str]] = []
        self.closed = False

    def digests(self, mutants: list[Mutant]) -> list[str]:
        return [m.id for m in mutants]

    def try_mutant(self, mutant: Mutant, first: list[str]) -> Outcome:
        self.tried.append(mutant.id)
        self.first.append(first)
        return Outcome(KILLED if mutant.line % 2 else SURVIVED, f"test_{mutant.line % 3}[x]")

    def close(self) -> None:
        self.closed = True


def run(tmp_path: Path, state: str, **fields: object) -> tuple[Campaign, Worker]:
    queue = [mutant(line=line) for line in range(6)]
    results = Results.load(tmp_path / "results.jsonl")
    distinct = Distinct(queue, tmp_path / "distinct.jsonl")
    campaign = Campaign(queue, distinct, results, state, **fields)  # type: ignore[arg-type]
    worker = Worker()
    campaign.run(lambda name: worker, 1, float("inf"), lambda line: None)
    return campaign, worker


def test_a_run_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    first, worker = run(tmp_path, "state", at_most=2)
    assert (len(worker.tried), worker.closed) == (2, True)
    assert len(first.tried) + len(first.untried) == 6
    second, worker = run(tmp_path, "state")
    assert worker.tried == ["x.c2", "x.c3", "x.c4", "x.c5"]
    assert (len(second.tried), second.untried) == (6, [])
    assert run(tmp_path, "state")[1].tried == []


def test_with_other_tests_survivors_are_tried_again(tmp_path: Path) -> None:
    run(tmp_path, "state")
    assert run(tmp_path, "state", again=True)[1].tried == ["x.c0", "x.c2", "x.c4"]
    assert run(tmp_path, "other")[1].tried == ["x.c0", "x.c2", "x.c4"]


def test_what_has_killed_in_a_function_comes_first(tmp_path: Path) -> None:
    assert run(tmp_path, "state")[1].first[-1] == ["test_1", "test_0"]


TESTS = """
import subprocess, sys
def test_good(): pass
def test_bad(): assert 1 == 2, "a promise"
def test_accident(): {}["name"]
def test_slow():
    import time
    time.sleep(60)
def test_ends_the_process():
    import os
    os._exit(3)
"""


@pytest.mark.parametrize(
    ("tests", "kind", "told"),
    [
        (["good"], SURVIVED, ""),
        (["bad"], KILLED, "a promise"),
        (["accident"], ACCIDENT, "KeyError: 'name'"),
        (["accident", "bad"], KILLED, "a promise"),
        (["slow", "bad"], ACCIDENT, "Timeout"),
        (["ends_the_process"], ACCIDENT, "time-out"),
        (["no_such"], ACCIDENT, ""),
    ],
)
def test_what_counts_as_killed(tmp_path: Path, tests: list[str], kind: str, told: str) -> None:
    (tmp_path / "test_x.py").write_text(TESTS)
    options = ["-c", "/dev/null", "--rootdir=.", "-p", "pytest_timeout", "--timeout=1"]
    request = {
        "folder": str(tmp_path),
        "environment": {},
        "path": [],
        "options": [*options, "-p", "no:cacheprovider"],
        "tests": [f"test_x.py::test_{name}" for name in tests],
        "seconds": 30,
    }
    done = subprocess.run(
        [sys.executable, "-m", "ci.mutation.server"],
        input=json.dumps(request) + "\n",
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PATH": "/usr/bin"},
    )
    outcome = Outcome(**json.loads(done.stdout))
    assert (outcome.kind, told in outcome.message) == (kind, True), done


# the sample


def test_each_beginning_of_the_order_has_a_like_share_of_each_file() -> None:
    files = {
        file: [mutant(file, line=line) for line in range(count)]
        for file, count in {"a": 100, "b": 300, "c": 10}.items()
    }
    order = stratified(files, 1)
    for length in (41, 82, 205):
        counts = Counter(m.file for m in order[:length])
        for file, mutants in files.items():
            assert abs(counts[file] - length * len(mutants) / 410) <= 2, (length, file)
    assert sorted(m.id for m in order) == sorted(m.id for made in files.values() for m in made)
    assert stratified(files, 1) == order != stratified(files, 2)


@pytest.mark.parametrize(
    ("hits", "tries", "low", "high"),
    # Wilson's formula, computed by hand
    [(0, 0, 0, 1), (10, 10, 0.7225, 1), (0, 10, 0, 0.2775), (95, 100, 0.8882, 0.9785)],
)
def test_interval(hits: int, tries: int, low: float, high: float) -> None:
    assert interval(hits, tries) == pytest.approx((low, high), abs=2e-4)


def test_summary_and_table() -> None:
    outcomes = [KILLED] * 8 + [ACCIDENT, SURVIVED, SURVIVED]
    results = [
        Result(mutant(line=i, function=f"f{i % 2}"), Outcome(kind), "")
        for i, kind in enumerate(outcomes)
    ]
    known: list[Equivalent | Kind] = [
        Equivalent("why", "x.c", "f0", "a != ESP_OK", "a > ESP_OK"),
    ]
    said = summary(results, known)
    assert said.startswith("8 of 10 killed: 80.0% (95 % interval 49.0% to 94.3%)")
    assert "1 noticed by accident, 1 survive; 1 more are equivalent" in said
    assert "| **x.c** | 8 | 1 | 1 | 1 |" in table(results, known)
    assert "| `f0` | 4 | 1 | 1 | 0 |" in table(results, known)


# what is written down


def test_equivalents_are_about_mutants_that_there_are() -> None:
    files = {
        file
        for each in equivalents()
        for file in ([each.file] if isinstance(each, Equivalent) else each.files)
    }
    made = [m for file in files for m in Source(ROOT, file).mutants()]
    idle = [each for each in equivalents() if not any(each.is_about(m) for m in made)]
    assert idle == []


def test_a_kind_is_one_change() -> None:
    kind = Kind("why", ["x.c"], "!= ESP_OK", "> ESP_OK")
    two = "if (a != ESP_OK && b != ESP_OK)"
    for after, is_one in {
        "if (a > ESP_OK && b != ESP_OK)": True,
        "if (a != ESP_OK && b > ESP_OK)": True,
        "if (a > ESP_OK && b > ESP_OK)": False,
        "if (a < ESP_OK && b != ESP_OK)": False,
    }.items():
        assert kind.is_about(Mutant("x.c", "f", 1, two, after, "")) == is_one, after
    assert not kind.is_about(Mutant("y.c", "f", 1, two, "if (a > ESP_OK && b != ESP_OK)", ""))


def test_an_equivalent_that_is_killed_counts_as_killed() -> None:
    known = [Equivalent("why", "x.c", "f", "a != ESP_OK", "*")]
    assert kind_of(Result(mutant(), Outcome(KILLED), ""), known) == KILLED
    assert kind_of(Result(mutant(), Outcome(SURVIVED), ""), known) == "equivalent"


def test_critical_functions_exist() -> None:
    missing = [
        f"{file}: {name}"
        for file, names in critical().items()
        for name in names
        if name not in {"*", *(function.name for function in Source(ROOT, file).functions)}
    ]
    assert missing == [], "ci/mutation/critical.toml"


def test_functions_of_the_component_are_all_found() -> None:
    """What is defined in the first column is one, and ends with a brace there."""
    for path in (ROOT / SOURCES).rglob("*.c"):
        source = Source(ROOT, str(path.relative_to(ROOT)))
        ends = [i for i, line in enumerate(source.lines, 1) if line.rstrip() == "}"]
        assert [function.lines.stop - 1 for function in source.functions] == ends, path.name


# changes


def test_lines_of_a_change(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        command = ["git", "-c", "user.name=n", "-c", "user.email=e", *arguments]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    for name in "xyz":
        (tmp_path / name).write_text("1\n2\n3\n")
    git("add", ".")
    git("commit", "-qm", "first")
    git("switch", "-qc", "change")
    (tmp_path / "x").write_text("1\n2b\n3\n4\n")
    git("commit", "-qam", "second")
    (tmp_path / "y").write_text("2\n3\n3b\n")
    assert changed_lines(tmp_path, start_of(tmp_path)) == {"x": {2, 4}, "y": {3}}
