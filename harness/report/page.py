"""The report as one HTML page."""

import datetime
from pathlib import Path

import jinja2

from harness.report.record import TestRecord
from harness.report.summary import builds, modules_built, promises, verdict

TEMPLATE = Path(__file__).with_name("page.html.j2")


def render_page(records: list[TestRecord], lane: str) -> str:
    """The page of a run."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    count, seconds = modules_built(records)
    found = promises(records)
    return environment.from_string(TEMPLATE.read_text()).render(
        lane=lane,
        made=f"{datetime.datetime.now():%Y-%m-%d %H:%M:%S}",
        builds=builds(records),
        modules=count,
        module_seconds=seconds,
        promises=found,
        verdict=verdict(found),
        failures=[r for r in records if r.outcome in ("failed", "error")],
    )
