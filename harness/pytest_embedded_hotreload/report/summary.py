"""What a person reads at the end of a run."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from pytest_embedded_hotreload.report.record import BuildRecord, TestRecord
from pytest_embedded_hotreload.spent import KINDS, PROCESSORS

SLOWEST = 3
#: seconds of tests: what a run of a few took nobody asks
WORTH_TELLING = 60
#: what a count of tests says of each outcome, in this order
OUTCOMES = ("passed", "failed", "error", "skipped", "xfailed")


@dataclass
class Promise:
    """The tests of one file."""

    file: str
    text: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    spent: Counter[str] = field(default_factory=Counter)  # seconds
    records: list[TestRecord] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        """Whether nothing failed."""
        return not self.counts["failed"] and not self.counts["error"]

    @property
    def outcome(self) -> str:
        """Counts of the outcomes in words."""
        return in_words(self.counts)


@dataclass
class Cause:
    """Failures that are told with the same words."""

    headline: str
    records: list[TestRecord] = field(default_factory=list)

    @property
    def explanation(self) -> str:
        """What is below the headline of the first of them that has more to say."""
        told = (record.failure.explanation for record in self.records if record.failure)
        return next(filter(None, told), "")


def causes(records: Iterable[TestRecord]) -> list[Cause]:
    """Why tests have failed, what most of them failed by first."""
    found: dict[str, Cause] = {}
    for record in records:
        if record.failure is not None:
            headline = record.failure.headline
            found.setdefault(headline, Cause(headline)).records.append(record)
    return sorted(found.values(), key=lambda cause: -len(cause.records))


def in_words(counts: Counter[str]) -> str:
    """Such as "3 passed, 1 failed"."""
    return ", ".join(f"{counts[name]} {name}" for name in OUTCOMES if counts[name])


def verdict(found: list[Promise]) -> str:
    """The whole run in one sentence."""
    if not found:
        return "No test was run."
    broken = sum(not promise.kept for promise in found)
    kept = f"{broken} of {len(found)} promises broken" if broken else f"All {len(found)} kept"
    return f"{kept}: {in_words(sum((p.counts for p in found), Counter()))}."


def promises(records: Iterable[TestRecord]) -> list[Promise]:
    """The records by test file."""
    found: dict[str, Promise] = {}
    for record in records:
        promise = found.setdefault(record.file, Promise(record.file))
        promise.text = promise.text or record.promise
        promise.counts[record.outcome] += 1
        promise.seconds += record.seconds
        promise.spent.update(record.spent)
        promise.records.append(record)
    return sorted(found.values(), key=lambda promise: promise.file)


def builds(records: Iterable[TestRecord]) -> list[BuildRecord]:
    """The firmwares that were used, each once, with the longest time that a process waited."""
    found: dict[str, BuildRecord] = {}
    for record in records:
        for build in record.firmwares:
            known = found.get(build.build_id)
            if known is None or known.seconds < build.seconds:
                found[build.build_id] = build
    return sorted(found.values(), key=lambda build: build.project)


def modules_built(records: Iterable[TestRecord]) -> tuple[int, float]:
    """How many different modules were used, and the time that tests spent on getting them."""
    modules = [module for record in records for module in record.modules]
    return len({(m.name, m.size) for m in modules}), sum(m.seconds for m in modules)


def costs(found: list[Promise]) -> list[str]:
    """What the time of a run went into: shares of it, and the files that took most of it."""
    seconds = sum(promise.seconds for promise in found)
    if seconds < WORTH_TELLING:
        return []
    spent = sum((promise.spent for promise in found), Counter())
    shares = [f"{kind} {100 * spent[kind] / seconds:.0f} %" for kind in KINDS]
    return [
        f"tests {seconds:.0f} s ({', '.join(shares)}), processors {spent[PROCESSORS]:.0f} s",
        *(
            f"{promise.file}: {promise.seconds:.1f} s, processors {promise.spent[PROCESSORS]:.1f} s"
            for promise in sorted(found, key=lambda promise: -promise.seconds)[:SLOWEST]
        ),
    ]


def summary_lines(records: list[TestRecord], report: str) -> list[str]:
    """The summary, a line each."""
    lines = []
    for build in builds(records):
        lines.append(f"built    {build.project}: {build.seconds:.1f} s, build {build.build_id}")
    count, seconds = modules_built(records)
    if count:
        lines.append(f"built    {count} module{'s' if count != 1 else ''}: {seconds:.1f} s")
    # a test that was skipped, or whose set-up failed, has come to no firmware
    files = {record.file for record in records if record.firmwares}
    on_devices = [record for record in records if record.file in files]
    for promise in promises(on_devices):
        word = "checked " if promise.kept else "BROKEN  "
        lines.append(f"{word} {promise.file}: {promise.outcome} in {promise.seconds:.1f} s")
        if promise.text:
            lines.append(f"         {promise.text}")
        lines += [f"figure   {figure}" for r in promise.records for figure in r.figures]
    others = (record for record in records if record.file not in files)
    lines += [f"figure   {figure}" for record in others for figure in record.figures]
    for record in sorted(on_devices, key=lambda record: -record.seconds)[:SLOWEST]:
        lines.append(f"slowest  {record.nodeid}: {record.seconds:.2f} s")
    lines += [f"time     {line}" for line in costs(promises(records))]
    if report:
        lines.append(f"report   {report}")
    return lines
