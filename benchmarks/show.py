"""A run as a table on the terminal, and as a page with charts."""

import io
from collections.abc import Sequence
from itertools import cycle

import jinja2
import markupsafe
import plotly.graph_objects as go
from plotly.colors import qualitative
from rich.console import Console
from rich.table import Table

from benchmarks.results import Comparison, Run, Spread

WIDTH = 120
PAGE = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Benchmarks</title>
<style>
body { font-family: sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; }
pre { overflow-x: auto; }
</style>
<h1>Benchmarks</h1>
<p>Lane {{ run.lane }}, {{ run.rounds }} rounds. Bars and points are medians, with the least and
the most of the rounds.</p>
{% for title, chart, table in comparisons %}
<h2>{{ title }}</h2>
{{ chart }}
<pre>{{ table }}</pre>
{% endfor %}
"""


def tables(comparisons: Sequence[Comparison]) -> str:
    """One table for each comparison: medians, and the least and the most of all rounds."""
    output = io.StringIO()
    console = Console(file=output, width=WIDTH)
    for comparison in comparisons:
        console.print(_table(comparison))
    return output.getvalue()


def _table(comparison: Comparison) -> Table:
    title = f"{comparison.benchmark}: {comparison.title} [{comparison.unit}]".replace("[", r"\[")
    table = Table(title=title, title_justify="left")
    table.add_column("case", no_wrap=True)
    if comparison.size is not None:
        table.add_column(comparison.size, justify="right")
    for head in ("way", "median", "least", "most", "ratio"):
        table.add_column(head, justify="left" if head == "way" else "right")
    for row in comparison.rows:
        for way in row.ways:
            spread, ratio = row.spread(way), row.ratio(way)
            size = [f"{row.size:,}"] if row.size is not None else []
            numbers = map(_number, (spread.median, spread.low, spread.high))
            table.add_row(row.case, *size, way, *numbers, f"{ratio:.2f}" if ratio else "")
    return table


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def page(run: Run) -> str:
    """A page of HTML that needs no other file."""
    charts = []
    for number, comparison in enumerate(run.comparisons):
        chart = _chart(comparison).to_html(full_html=False, include_plotlyjs=number == 0)
        title = f"{comparison.benchmark}: {comparison.title}"
        charts.append((title, markupsafe.Markup(chart), tables([comparison])))
    template = jinja2.Environment(autoescape=True).from_string(PAGE)
    return template.render(run=run, comparisons=charts)


def _chart(comparison: Comparison) -> go.Figure:
    figure = go.Figure() if comparison.size is None else _lines(comparison)
    if comparison.size is None:
        for way in dict.fromkeys(way for row in comparison.rows for way in row.ways):
            rows = [row for row in comparison.rows if way in row.ways]
            spreads = [row.spread(way) for row in rows]
            medians = [spread.median for spread in spreads]
            figure.add_bar(
                name=way, x=[row.case for row in rows], y=medians, error_y=_errors(spreads)
            )
    figure.update_yaxes(title=comparison.unit)
    return figure


def _lines(comparison: Comparison) -> go.Figure:
    """A colour for each case, a dash for each way; both axes logarithmic."""
    figure = go.Figure()
    colours = dict(zip((row.case for row in comparison.rows), cycle(qualitative.D3), strict=False))
    for case in colours:
        rows = [row for row in comparison.rows if row.case == case]
        for way, dash in zip(rows[0].ways, cycle(("solid", "dot", "dash")), strict=False):
            spreads = [row.spread(way) for row in rows]
            figure.add_scatter(
                name=f"{case}, {way}",
                x=[row.size for row in rows],
                y=[spread.median for spread in spreads],
                error_y=_errors(spreads),
                line={"dash": dash, "color": colours[case]},
            )
    figure.update_xaxes(title=comparison.size, type="log")
    figure.update_yaxes(type="log")
    return figure


def _errors(spreads: Sequence[Spread]) -> dict[str, object]:
    return {
        "array": [spread.high - spread.median for spread in spreads],
        "arrayminus": [spread.median - spread.low for spread in spreads],
    }
