"""ci/mutate, see its --help."""

import argparse
import sys
from pathlib import Path

from ci.mutation.campaign import Campaign, Worker
from ci.mutation.changed import changed_lines
from ci.mutation.distinct import Distinct
from ci.mutation.host import Host, HostWorker
from ci.mutation.kept import critical, equivalents
from ci.mutation.mutants import Mutant
from ci.mutation.report import kind_of, places, summary, table, to_treat
from ci.mutation.results import KILLED, Results
from ci.mutation.sample import stratified

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "mutation"


def options(arguments: list[str]) -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(prog="ci/mutate")
    parser.add_argument("files", nargs="*", help="parts of names of files; all unless given")
    parser.add_argument("--critical", action="store_true")
    parser.add_argument("--changed", metavar="BASE")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--at-most", type=int, metavar="COUNT")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-n", type=int, default=2, metavar="JOBS")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--keep-counts", action="store_true")
    return parser.parse_args(arguments)


def is_chosen(mutant: Mutant, lines: dict[str, set[int]] | None, functions: bool) -> bool:
    """Whether it belongs to what was asked for."""
    if lines is not None:
        return mutant.line in lines.get(mutant.file, ())
    return not functions or mutant.function in critical().get(mutant.file, ())


def main() -> int:
    """The exit status: 1 when something has survived where nothing may."""
    given = options(sys.argv[1:])
    host = Host(ROOT, FOLDER, given.keep_counts)
    lines = changed_lines(ROOT, given.changed) if given.changed else None
    mutants = {}
    for file in host.files():
        if not given.files or any(part in file for part in given.files):
            made = host.source(file).mutants()
            mutants[file] = [m for m in made if is_chosen(m, lines, given.critical)]
    queue = stratified({file: made for file, made in mutants.items() if made}, given.seed)
    if not queue:
        print("ci/mutate: no line that host tests reach is concerned")
        return 0
    every = [m for file, made in mutants.items() if made for m in host.source(file).mutants()]
    distinct = Distinct(every, FOLDER / "distinct.jsonl")
    results = Results.load(FOLDER / "results.jsonl")
    campaign = Campaign(queue, distinct, results, host.state, given.at_most, given.again)
    host.prepare()

    def begin(name: str) -> Worker:
        return HostWorker(host, name)

    campaign.run(begin, given.n, given.minutes, lambda line: print(line, flush=True))
    known = equivalents()
    (FOLDER / "report.md").write_text(table(campaign.tried, known) + "\n")
    print(table(campaign.tried, known))
    print(to_treat(campaign.tried, known))
    print(f"ci/mutate: seed {given.seed}: {summary(campaign.tried, known)}")
    if campaign.untried:
        print(f"ci/mutate: not tried, with {len(campaign.untried)} mutants as they are made:")
        print(places(campaign.untried))
    bad = [r for r in campaign.tried if kind_of(r, known) != KILLED]
    return 1 if bad and (given.critical or given.changed) else 0


if __name__ == "__main__":
    sys.exit(main())
