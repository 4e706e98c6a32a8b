"""The report as one HTML page, with all its data in it: nothing is loaded from anywhere."""

import base64
import gzip
import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import markupsafe

from pytest_embedded_hotreload.report.coverage import Coverage
from pytest_embedded_hotreload.report.picture import draw
from pytest_embedded_hotreload.report.record import Failure, TestRecord
from pytest_embedded_hotreload.report.run import GROUPS, Run
from pytest_embedded_hotreload.report.summary import causes, costs, promises, verdict

FOLDER = Path(__file__).with_name("html")
TEMPLATE = "page.html.j2"
STYLE = "page.css"
SCRIPTS = ("data.js", "draw.js", "measures.js", "tests.js")


def render_page(records: list[TestRecord], runs: list[Run], coverage: Coverage) -> str:
    """The page of the newest of `runs`, beside those with the same command."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    run = runs[-1]
    found = promises(records)
    shown = [record for promise in found for record in promise.records]
    comparable = [r for r in runs if (r.lane, r.command) == (run.lane, run.command)]
    return environment.from_string(_text(TEMPLATE)).render(
        run=run,
        promises=found,
        verdict=verdict(found),
        causes=causes(records),
        coverage=coverage,
        costs=costs(found),
        style=markupsafe.Markup(_text(STYLE)),
        script=markupsafe.Markup("\n".join(map(_text, SCRIPTS))),
        library=_library(),
        tests=_packed(json.dumps([_row(record) for record in shown])),
        pictures=_packed(json.dumps([_picture(record) for record in shown])),
        runs=_packed(json.dumps({"groups": GROUPS, "runs": [asdict(r) for r in comparable]})),
    )


def _text(name: str) -> str:
    return (FOLDER / name).read_text()


@cache
def _library() -> str:
    return _packed((files("plotly") / "package_data" / "plotly.min.js").read_text())


def _packed(text: str) -> str:
    """Compressed, in letters that need no escaping."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _row(record: TestRecord) -> dict[str, Any]:
    """What is told of a test beside its picture; what is empty is left out."""
    told = {
        "id": record.nodeid,
        "file": record.file,
        "name": record.name,
        "outcome": record.outcome,
        "reason": record.reason,
        "seconds": round(record.seconds, 3),
        "failure": _failure(record.failure) if record.failure else None,
        "modules": [f"{m.name} ({m.size} bytes)" for m in record.modules],
        "firmwares": _once(f"{b.project} {b.build_id} {b.settings}" for b in record.firmwares),
        "figures": record.figures,
        "drawn": bool(record.timeline),
    }
    return {key: value for key, value in told.items() if value}


def _failure(failure: Failure) -> dict[str, Any]:
    return asdict(failure) | {
        "headline": failure.headline,
        "explanation": failure.explanation,
        "stack": "",
    }


def _once(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(word.strip() for word in words))


def _picture(record: TestRecord) -> dict[str, Any] | None:
    if not record.timeline:
        return None
    log = [[m.at, m.kind, m.text, m.device] for m in record.timeline]
    return draw(record.timeline, record.failure is not None).to_json() | {"log": log}
