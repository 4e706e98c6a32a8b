"""ci/mutate, see its --help."""

import argparse
import sys
import time
from pathlib import Path

from ci.mutation.campaign import Campaign
from ci.mutation.changed import changed_lines, start_of
from ci.mutation.distinct import Distinct
from ci.mutation.host import Host
from ci.mutation.host_programs import SOURCES
from ci.mutation.kept import critical, equivalents
from ci.mutation.mutants import Mutant
from ci.mutation.python_tests import PythonSources
from ci.mutation.report import EQUIVALENT, kind_of, places, summary, table, to_treat
from ci.mutation.results import KILLED, Results
from ci.mutation.sample import stratified

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "mutation"


def options(arguments: list[str]) -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(prog="ci/mutate")
    parser.add_argument("files", nargs="*", help="parts of names of files; all unless given")
    parser.add_argument("--critical", action="store_true")
    parser.add_argument("--changed", action="store_true")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--at-most", type=int, metavar="COUNT")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-n", type=int, default=2, metavar="JOBS")
    parser.add_argument("--python", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--keep-counts", action="store_true")
    return parser.parse_args(arguments)


def is_chosen(mutant: Mutant, lines: dict[str, set[int]] | None, functions: bool) -> bool:
    """Whether it belongs to what was asked for."""
    if lines is not None:
        return mutant.line in lines.get(mutant.file, ())
    names = critical().get(mutant.file, ())
    return not functions or "*" in names or mutant.function in names


def main() -> int:
    """The exit status: 1 when not all are killed of functions that are critical."""
    given = options(sys.argv[1:])
    end = time.monotonic() + 60 * given.minutes
    subject = PythonSources(ROOT, FOLDER) if given.python else Host(ROOT, FOLDER, given.keep_counts)
    lines = changed_lines(ROOT, start_of(ROOT)) if given.changed else None
    if lines is not None and not any(file.startswith(str(SOURCES)) for file in lines):
        print("ci/mutate: the change has no line of the component's C")
        return 0
    made = {file: subject.source(file).mutants() for file in subject.files()}
    chosen = {
        file: [m for m in mutants if is_chosen(m, lines, given.critical)]
        for file, mutants in made.items()
        if not given.files or any(part in file for part in given.files)
    }
    queue = stratified({file: mutants for file, mutants in chosen.items() if mutants}, given.seed)
    if not queue:
        print("ci/mutate: no line of what host tests are made of is concerned")
        return 0
    subject.prepare()
    campaign = Campaign(
        queue,
        Distinct((m for mutants in made.values() for m in mutants), FOLDER / "distinct.jsonl"),
        Results.load(FOLDER / "results.jsonl"),
        subject.state,
        given.at_most,
        given.again,
    )

    campaign.run(subject.worker, given.n, end, lambda line: print(line, flush=True))
    known = equivalents()
    (FOLDER / "report.md").write_text(table(campaign.tried, known) + "\n")
    print(to_treat(campaign.tried, known))
    if campaign.untried:
        print("not tried, with all mutants as they are made:")
        print(places(campaign.untried))
    print(f"ci/mutate: seed {given.seed}: {summary(campaign.tried, known)}")
    kinds = {kind_of(result, known) for result in campaign.tried}
    return 1 if given.critical and kinds - {KILLED, EQUIVALENT} else 0


if __name__ == "__main__":
    sys.exit(main())
