"""What a run says: by file and function, and in one line."""

from collections import Counter
from collections.abc import Iterable

from ci.mutation.kept import Equivalent, Kind
from ci.mutation.mutants import Mutant
from ci.mutation.results import ACCIDENT, KILLED, SURVIVED, Result
from ci.mutation.sample import interval

EQUIVALENT = "equivalent"
KINDS = (KILLED, ACCIDENT, EQUIVALENT, SURVIVED)


def kind_of(result: Result, equivalents: Iterable[Equivalent | Kind]) -> str:
    """What a result counts as."""
    kind = result.outcome.kind
    is_equivalent = kind == SURVIVED and any(each.is_about(result.mutant) for each in equivalents)
    return EQUIVALENT if is_equivalent else kind


def summary(results: list[Result], equivalents: list[Equivalent | Kind]) -> str:
    """How many are killed, and of how many that speaks."""
    counts = Counter(kind_of(result, equivalents) for result in results)
    of = len(results) - counts[EQUIVALENT]
    low, high = interval(counts[KILLED], of)
    share = counts[KILLED] / of if of else 0
    return (
        f"{counts[KILLED]} of {of} killed: {share:.1%} (95 % interval {low:.1%} to {high:.1%}), "
        f"{counts[ACCIDENT]} noticed by accident, {counts[SURVIVED]} survive; "
        f"{counts[EQUIVALENT]} more are equivalent"
    )


def table(results: list[Result], equivalents: list[Equivalent | Kind]) -> str:
    """A row for each file and for each of its functions, in Markdown."""
    by_file: dict[str, Counter[str]] = {}
    by_function: dict[tuple[str, str], Counter[str]] = {}
    for result in results:
        kind = kind_of(result, equivalents)
        mutant = result.mutant
        by_file.setdefault(mutant.file, Counter())[kind] += 1
        by_function.setdefault((mutant.file, mutant.function), Counter())[kind] += 1
    rows = [f"| where | {' | '.join(KINDS)} |", f"|---|{'---|' * len(KINDS)}"]
    for file in sorted(by_file):
        rows.append(_row(f"**{file}**", by_file[file]))
        functions = sorted(pair for pair in by_function if pair[0] == file)
        rows += [_row(f"`{name or 'tables'}`", by_function[file, name]) for _, name in functions]
    return "\n".join(rows)


def _row(name: str, counts: Counter[str]) -> str:
    return f"| {name} | {' | '.join(str(counts[kind]) for kind in KINDS)} |"


def to_treat(results: list[Result], equivalents: list[Equivalent | Kind]) -> str:
    """What has survived, and what was noticed by accident."""
    lines = []
    for kind in (ACCIDENT, SURVIVED):
        found = [r for r in results if kind_of(r, equivalents) == kind]
        for result in sorted(found, key=lambda r: (r.mutant.file, r.mutant.line)):
            lines.append(f"{kind}: {result.mutant}")
            if kind == ACCIDENT:
                lines.append(f"    {result.outcome.test}: {result.outcome.message}")
    return "\n".join(lines)


def places(mutants: Iterable[Mutant]) -> str:
    """The functions that mutants are in, a line for each file."""
    found: dict[str, set[str]] = {}
    for mutant in mutants:
        found.setdefault(mutant.file, set()).add(mutant.function or "tables")
    return "\n".join(f"    {file}: {', '.join(sorted(found[file]))}" for file in sorted(found))
