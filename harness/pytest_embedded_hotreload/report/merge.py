"""One report of several: `ci/merge`, whose --help describes it."""

import copy
import json
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from pytest_embedded_hotreload.errors import HarnessError
from pytest_embedded_hotreload.report.coverage import COVERAGE_FILE, Coverage
from pytest_embedded_hotreload.report.firmware import FOLDER
from pytest_embedded_hotreload.report.history import NEWEST, add_to_history
from pytest_embedded_hotreload.report.page import render_page
from pytest_embedded_hotreload.report.record import TestRecord
from pytest_embedded_hotreload.report.run import Run, measures
from pytest_embedded_hotreload.report.summary import promises, summary_lines, verdict

#: seconds of each test file, as `shards.py` reads them
DURATIONS = "durations.json"
#: a file that takes less does not move a cut
LEAST_SECONDS = 0.01

_SPLITS = re.compile(r" --splits[= ](\d+)")
_GROUP = re.compile(r" --group[= ](\d+)")


class MergeError(HarnessError):
    """Reports that do not belong together, or of which one is missing or broken."""


def merge_reports(folder: Path, parts: Sequence[Path]) -> list[str]:
    """Write the report of several to `folder`; what a person reads of it. Raises `MergeError`."""
    runs = [_read_run(part) for part in parts]
    _require_same(runs, parts)
    _require_whole(runs)
    records = _join(parts)
    suites = _merge_junit(parts)
    coverage = _merge_coverage(parts)
    run = _merge_runs(runs, records)
    folder.mkdir(parents=True, exist_ok=True)
    kept = add_to_history(folder, run)
    (folder / "index.html").write_text(render_page(records, kept, coverage))
    (folder / COVERAGE_FILE).write_text(json.dumps(coverage.to_json()))
    results = [record.to_json() for record in records]
    (folder / "results.json").write_text(json.dumps(results, indent=1))
    suites.write(folder / "junit.xml", encoding="utf-8", xml_declaration=True)
    for part in parts:
        if (part / FOLDER).is_dir():
            shutil.copytree(part / FOLDER, folder / FOLDER, dirs_exist_ok=True)
    seconds = {
        name: max(round(value, 2), LEAST_SECONDS)
        for name, value in sorted(run.measures["times"].items())
        if name != "whole run"
    }
    (folder / DURATIONS).write_text(json.dumps(seconds, indent=1) + "\n")
    page = str((folder / "index.html").resolve())
    return [verdict(promises(records)), *summary_lines(records, page)]


def _read_run(part: Path) -> Run:
    try:
        return Run(**json.loads((part / NEWEST).read_text()))
    except FileNotFoundError as error:
        raise MergeError(
            f"{part} is no report: it has no {NEWEST}, which a run leaves that comes to its end"
        ) from error
    except (OSError, ValueError, TypeError) as error:
        raise MergeError(f"{part / NEWEST} cannot be read: {error}") from error


def _require_same(runs: Sequence[Run], parts: Sequence[Path]) -> None:
    for what in ("lane", "commit"):
        first, *others = [getattr(run, what) for run in runs]
        for other, part in zip(others, parts[1:], strict=True):
            if other != first:
                raise MergeError(
                    f"{parts[0]} and {part} are of different runs: {what} {first} and {other}"
                )


def _require_whole(runs: Sequence[Run]) -> None:
    """All shards, when they are shards: one that was killed has left no report."""
    splits = {int(number) for run in runs for number in _SPLITS.findall(run.command)}
    groups = {int(number) for run in runs for number in _GROUP.findall(run.command)}
    for number in range(1, max(splits, default=0) + 1):
        if number not in groups:
            raise MergeError(f"the report of shard {number} of {max(splits)} is missing")


def _join(parts: Sequence[Path]) -> list[TestRecord]:
    found: dict[str, TestRecord] = {}
    for part in parts:
        try:
            records = [
                TestRecord.from_json(row) for row in json.loads((part / "results.json").read_text())
            ]
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise MergeError(f"{part / 'results.json'} cannot be read: {error}") from error
        for record in records:
            if record.nodeid in found:
                raise MergeError(f"{part}: another report has {record.nodeid}, too")
            found[record.nodeid] = record
    return list(found.values())


def _merge_runs(runs: Sequence[Run], records: list[TestRecord]) -> Run:
    """The runs as one, which has taken as long as all of them together."""
    seconds = sum(run.seconds for run in runs)
    merged = copy.deepcopy(runs[0])
    merged.started = min(run.started for run in runs)
    merged.seconds = seconds
    merged.command = _GROUP.sub("", merged.command)
    merged.host = "; ".join(dict.fromkeys(run.host for run in runs))
    merged.measures = measures(records, seconds)
    merged.outcomes = {record.nodeid: record.outcome for record in records}
    return merged


def _merge_coverage(parts: Sequence[Path]) -> Coverage:
    merged = Coverage()
    for part in parts:
        try:
            merged.merge(Coverage.from_json(json.loads((part / COVERAGE_FILE).read_text())))
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise MergeError(f"{part / COVERAGE_FILE} cannot be read: {error}") from error
    return merged


def _merge_junit(parts: Sequence[Path]) -> "ElementTree.ElementTree[ElementTree.Element]":
    suites = ElementTree.Element("testsuites", name="pytest tests")
    for part in parts:
        try:
            suites.extend(ElementTree.parse(part / "junit.xml").getroot())
        except (OSError, ElementTree.ParseError) as error:
            raise MergeError(f"{part / 'junit.xml'} cannot be read: {error}") from error
    return ElementTree.ElementTree(suites)


def main(arguments: Sequence[str]) -> int:
    """Merge, and say what the tests have shown; 0 when that was possible."""
    folder, *parts = map(Path, arguments)
    try:
        for line in merge_reports(folder, parts):
            print(line)
    except MergeError as error:
        print(f"ci/merge: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
