"use strict";

/** Bars of a group that are drawn, the largest ones. */
const BARS = 25;
/** Measures that differ by less are equal. */
const EQUAL = 0.02;

/** The largest measures of one group of this run. */
function groupBars(measures, unit) {
  const all = Object.entries(measures).filter(([name]) => name !== "whole run").sort((a, b) => b[1] - a[1]).slice(0, BARS).reverse();
  const short = (name) => (name.length > 44 ? `…${name.slice(-43)}` : name);
  const small = narrow();
  return {
    traces: [{
      type: "bar", orientation: "h", x: all.map((one) => one[1]), y: all.map((_, index) => index), marker: { color: colour("--requests") },
      hovertext: all.map(([name, value]) => `${wrapped(name)}: ${told(value, unit)}`), hoverinfo: "text",
      text: all.map(([name, value]) => (small ? wrapped(`${short(name)}  ${told(value, unit)}`) : told(value, unit))), textposition: small ? "none" : "auto",
    }],
    layout: {
      height: 70 + (small ? 30 : 22) * all.length, bargap: small ? 0.6 : 0.25, xaxis: { ticksuffix: unit && ` ${unit}`, nticks: small ? 4 : 10 },
      yaxis: { tickvals: all.map((_, index) => index), ticktext: all.map(([name]) => wrapped(short(name))), showticklabels: !small },
      annotations: small ? all.map(([name, value], index) => ({
        xref: "paper", x: 0, xanchor: "left", y: index, yshift: 13, showarrow: false, font: { size: 10 }, text: wrapped(`${short(name)}: ${told(value, unit)}`),
      })) : [],
    },
  };
}

/** One measure over the last runs. */
function trend(runs, group, name, unit) {
  const points = runs.filter((run) => run.measures[group]?.[name] !== undefined);
  return {
    traces: [{
      type: "scatter", mode: "lines+markers", x: points.map((_, index) => index), y: points.map((run) => run.measures[group][name]),
      marker: { size: 9, color: points.map((run) => colour((run.measures.tests.failed ?? 0) + (run.measures.tests.error ?? 0) ? "--crash" : "--switch")) },
      line: { color: colour("--quiet") }, hoverinfo: "text",
      hovertext: points.map((run) => wrapped(`${run.started}: ${told(run.measures[group][name], unit)}`) + `<br>commit ${wrapped(run.commit || "unknown")}`),
    }],
    layout: {
      height: 260, xaxis: { tickvals: points.map((_, index) => index), ticktext: points.map((run) => run.started.slice(5, 16)), nticks: 6 },
      yaxis: { ticksuffix: unit && ` ${unit}`, rangemode: "tozero" },
    },
  };
}

/** Rows of what differs between two runs: outcomes of tests, then measures. */
function differences(old, now) {
  const rows = [];
  for (const id of new Set([...Object.keys(old.outcomes), ...Object.keys(now.outcomes)])) {
    const [before, after] = [old.outcomes[id] ?? "not run", now.outcomes[id] ?? "not run"];
    if (before !== after) rows.push({ kind: "outcome", name: id, before, after, weight: /failed|error/.test(before + after) ? 2 : 0 });
  }
  for (const [group, measures] of Object.entries(now.measures)) {
    for (const [name, after] of Object.entries(measures)) {
      const before = old.measures[group]?.[name];
      if (before === undefined || Math.abs(after - before) <= EQUAL * Math.abs(before)) continue;
      const share = before ? `${after > before ? "+" : "−"}${told(Math.abs(after / before - 1) * 100, "%")}` : "";
      rows.push({ kind: group, name, before: told(before), after: told(after), share, weight: before ? Math.min(Math.abs(after / before - 1), 1) : 1 });
    }
  }
  return rows.sort((a, b) => b.weight - a.weight);
}

async function compare(file) {
  const place = document.getElementById("comparison");
  const { runs } = await data("runs");
  let other;
  try {
    other = JSON.parse(await file.text());
    if (!other.outcomes || !other.measures) throw new Error();
  } catch {
    place.replaceChildren(element("p", { class: "failed" }, `${file.name} is no run.json of a report: it is beside the index.html of each`));
    return;
  }
  const rows = differences(other, runs.at(-1));
  const table = element("table", {}, element("tr", {}, ...["", "", "there", "here", ""].map((head) => element("th", {}, head))));
  for (const row of rows) {
    table.append(element("tr", {}, element("td", {}, element("small", {}, row.kind)), element("td", {}, row.name),
      element("td", { class: row.before }, row.before), element("td", { class: row.after }, row.after), element("td", { class: "number" }, row.share ?? "")));
  }
  place.replaceChildren(
    element("p", {}, `There: ${other.started}, commit ${other.commit || "unknown"}, ${other.command}`),
    rows.length ? table : element("p", {}, "Nothing differs."));
}

async function showMeasures() {
  const { groups, runs } = await data("runs");
  const now = runs.at(-1);
  const group = document.getElementById("group");
  const measure = document.getElementById("measure");
  for (const name of Object.keys(groups)) {
    const measures = Object.keys(now.measures[name] ?? {});
    if (!measures.length) continue;
    group.append(element("option", {}, name));
    measure.append(element("optgroup", { label: name }, ...measures.map((one) => element("option", { value: JSON.stringify([name, one]) }, one))));
  }
  const bars = () => draw(document.getElementById("bars"), () => groupBars(now.measures[group.value], groups[group.value]));
  const over = () => {
    const [name, one] = JSON.parse(measure.value);
    draw(document.getElementById("trend"), () => trend(runs, name, one, groups[name]));
  };
  group.addEventListener("change", bars);
  measure.addEventListener("change", over);
  bars();
  over();
  document.getElementById("other").addEventListener("change", (event) => event.target.files[0] && compare(event.target.files[0]));
}
