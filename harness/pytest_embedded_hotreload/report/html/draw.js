"use strict";

const LANES = ["requests", "calls", "load", "hooks", "flash", "console"];
/** Lines with so many at most have their names written at them. */
const NAMED = 10;
const STATES = { running: "--switch", retired: "--hooks", freed: "--console", placed: "--requests" };

/** The drawing library, which starts when something is drawn for the first time. */
let library;
function loadLibrary() {
  library ??= unpack("library").then((text) => {
    document.head.append(element("script", {}, text));
    return window.Plotly;
  });
  return library;
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const narrow = () => innerWidth < 640;

const drawn = new Map();

/** Draw what `make` returns into `place`; again when the colours of the page change. */
async function draw(place, make) {
  const Plotly = await loadLibrary();
  drawn.set(place, make);
  const { traces, layout } = make();
  const axis = { gridcolor: colour("--rule"), zerolinecolor: colour("--rule"), automargin: true };
  const { xaxis, yaxis, ...rest } = layout;
  const whole = {
    font: { color: colour("--ink"), size: 12, family: "system-ui, sans-serif" },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 10, r: 10, t: 36, b: 30 }, barmode: "overlay", showlegend: false, dragmode: "zoom",
    hoverlabel: { align: "left", namelength: 0 }, modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--quiet"), activecolor: colour("--ink") },
    xaxis: { ...axis, ...xaxis }, yaxis: { ...axis, fixedrange: true, ...yaxis }, ...rest,
  };
  if (whole.xaxis2) whole.xaxis2 = { ...axis, ...whole.xaxis2 };
  await Plotly.react(place, traces, whole, {
    responsive: true, displaylogo: false, displayModeBar: true,
    modeBarButtons: [["zoomIn2d", "zoomOut2d", "pan2d", "zoom2d", "resetScale2d"]],
  });
}

matchMedia("screen and (prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const [place, make] of drawn) place.isConnected ? draw(place, make) : drawn.delete(place);
});

const wrapped = (text) => text.replace(/(.{90})/g, "$1<br>").replaceAll("<br>", "\u0000")
  .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("\u0000", "<br>");

/** The lanes of a picture; `shown` says which bars, lines of the log and lanes stand out. */
function timeline(picture, shown) {
  const devices = 1 + Math.max(...picture.log.map((line) => line[3]));
  const laneOf = (lane, device = 0) => (devices > 1 ? `${lane} ${device + 1}` : lane);
  const rows = Array.from({ length: devices }, (_, device) => LANES.map((lane) => [lane, laneOf(lane, device)]))
    .flat().filter(([lane]) => shown.lanes.has(lane));
  const bars = picture.bars.filter((bar) => shown.lanes.has(bar.lane));
  const drawBars = (some, width, strength) => ({
    type: "bar", orientation: "h", width, y: some.map((bar) => laneOf(bar.lane, bar.device)),
    base: some.map((bar) => bar.at ?? 0), x: some.map((bar) => bar.seconds ?? 0),
    hovertext: some.map((bar) => wrapped(`${told((bar.seconds ?? 0) * 1000, "ms")}: ${bar.text}`)), hoverinfo: "text",
    marker: {
      color: some.map((bar) => colour(bar.failed ? "--crash" : `--${bar.lane}`)),
      opacity: some.map((bar) => (shown.matches(bar.text) ? strength : 0.1)),
      line: { width: 1.5, color: some.map((bar) => colour(bar.failed ? "--crash" : `--${bar.lane}`)) },
    },
  });
  const lines = picture.log.filter((line) => line[1] === "console" && shown.lanes.has("console"));
  const tone = (text) => (/^E \(|Guru|Backtrace|abort\(\)/.test(text) ? "--crash" : /^W \(/.test(text) ? "--skipped" : "--console");
  const traces = [
    drawBars(bars.filter((bar) => bar.whole), 0.8, 0.25),
    drawBars(bars.filter((bar) => !bar.whole), 0.5, 0.85),
    {
      type: "scatter", mode: "markers", x: lines.map((line) => line[0]), y: lines.map((line) => laneOf("console", line[3])),
      hovertext: lines.map((line) => wrapped(line[2])), hoverinfo: "text",
      marker: {
        symbol: "line-ns-open", size: 12, line: { width: 1.5 },
        color: lines.map((line) => colour(tone(line[2]))), opacity: lines.map((line) => (shown.matches(line[2]) ? 0.9 : 0.1)),
      },
    },
  ];
  const few = picture.lines.length <= (narrow() ? NAMED / 2 : NAMED);
  const layout = {
    height: 100 + 32 * rows.length, margin: { l: 10, r: 10, t: 68, b: 30 },
    xaxis: { ticksuffix: " s", range: shown.range, autorange: !shown.range },
    yaxis: { categoryorder: "array", categoryarray: rows.map((row) => row[1]).reverse(), range: [-0.5, rows.length - 0.5] },
    shapes: picture.lines.map((line) => ({
      type: "line", name: line.kind, x0: line.at ?? 0, x1: line.at ?? 0, yref: "paper", y0: 0, y1: 1,
      line: { color: colour(`--${line.kind}`), width: line.kind === "crash" ? 3 : 1.5, dash: line.kind === "power" ? "dot" : "solid" },
    })),
    annotations: picture.lines.filter((line) => few || line.kind === "crash").map((line, index) => ({
      x: line.at ?? 0, yref: "paper", y: 1, yanchor: "bottom", xanchor: "center", showarrow: false, yshift: line.kind === "crash" ? 24 : index % 2 ? 12 : 0,
      text: wrapped(line.kind === "crash" ? "crash" : line.text), hovertext: wrapped(line.text), captureevents: true,
      font: { size: 10, color: colour(`--${line.kind}`) },
    })),
  };
  return { traces, layout };
}

/** Where modules lie, in the heap for code and in that for data, and which of their words are wrong. */
function memory(places, differences) {
  const rows = [...new Set(places.map((place) => place.module))].sort((a, b) => a - b);
  const devices = new Set(places.map((place) => place.device ?? 0)).size;
  const rowOf = (place) => {
    const text = places.find((other) => other.module === place.module && other.device === place.device);
    return `module ${place.module}${devices > 1 ? ` of ${(place.device ?? 0) + 1}` : ""}, ${text.state}`;
  };
  const hex = (address) => `0x${address.toString(16)}`;
  const traces = Object.keys(STATES).flatMap((state) => ["text", "data"].map((kind) => {
    const some = places.filter((place) => place.state === state && place.kind === kind);
    return {
      type: "bar", orientation: "h", width: 0.6, xaxis: kind === "text" ? "x" : "x2", y: some.map(rowOf),
      base: some.map((place) => place.address), x: some.map((place) => place.size), hoverinfo: "text",
      hovertext: some.map((place) => `${place.kind} of module ${place.module}, ${place.state}<br>${hex(place.address)}, ${told(place.size, "bytes")}`),
      marker: { color: colour(STATES[state]), opacity: state === "freed" ? 0.4 : 0.85, line: { width: 2, color: colour(STATES[state]) } },
    };
  }));
  for (const kind of ["text", "data"]) {
    const wrong = differences.flatMap((address) => places
      .filter((place) => place.kind === kind && place.state === "running" && place.address <= address && address < place.address + place.size)
      .map((place) => [address, rowOf(place)]));
    traces.push({
      type: "scatter", mode: "markers", name: "differs", xaxis: kind === "text" ? "x" : "x2", x: wrong.map((one) => one[0]), y: wrong.map((one) => one[1]),
      hovertext: wrong.map((one) => `${hex(one[0])} is not what it has to be`), hoverinfo: "text",
      marker: { symbol: "x", size: 11, color: colour("--crash"), line: { width: 1, color: colour("--paper") } },
    });
  }
  const order = rows.flatMap((module) => [...new Set(places.filter((place) => place.module === module).map(rowOf))]);
  const axis = (kind, domain) => {
    const some = places.filter((place) => place.kind === kind);
    if (!some.length) return { domain, visible: false };
    const [low, high] = [Math.min(...some.map((place) => place.address)), Math.max(...some.map((place) => place.address + place.size))];
    const ends = narrow() ? [low] : [low, high];
    return {
      domain, tickvals: ends, ticktext: ends.map(hex), tickangle: 0, ticklabeloverflow: "allow", tickfont: { size: 10 }, title: { text: kind, standoff: 2 },
      range: [low - 0.12 * (high - low), high + 0.12 * (high - low)],
    };
  };
  const layout = {
    height: 100 + 32 * order.length, margin: { l: 10, r: 10, t: 36, b: 46 }, yaxis: { categoryorder: "array", categoryarray: order },
    xaxis: axis("text", [0, 0.48]), xaxis2: { ...axis("data", [0.52, 1]), anchor: "y" },
  };
  return { traces, layout };
}
