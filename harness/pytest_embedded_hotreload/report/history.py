"""The last runs, kept beside the report: what each was and what it measured."""

import json
from dataclasses import asdict
from pathlib import Path

from pytest_embedded_hotreload.report.run import Run

#: runs that are kept
RUNS = 30
FILE = "history.json"
#: the newest one, for a comparison with another report
NEWEST = "run.json"


def add_to_history(folder: Path, run: Run) -> list[Run]:
    """Keep a run as the newest in the folder of a report; all that are kept, the oldest first.

    Of the others the outcomes of their tests are not kept.
    """
    newest = asdict(run)
    (folder / NEWEST).write_text(json.dumps(newest, indent=1))
    runs = [*_read(folder / FILE), newest | {"outcomes": {}}][-RUNS:]
    (folder / FILE).write_text(json.dumps(runs, indent=1))
    return [*(Run(**one) for one in runs[:-1]), run]


def _read(file: Path) -> list[dict[str, object]]:
    """What another version of the harness has left, or what is cut off, is no history."""
    try:
        runs = json.loads(file.read_text())
        return [one for one in runs if one.keys() == Run.__dataclass_fields__.keys()]
    except (FileNotFoundError, ValueError, AttributeError, TypeError):
        return []
