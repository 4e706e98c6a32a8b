"use strict";

/** Tests that are open from the start: those that tell a cause for the first time. */
const OPEN = 5;
/** Tests that are found and shown at once; of more only the promises are shown. */
const UNFOLDED = 50;

/** The picture of a test, with its tools and its log. */
async function showPicture(place, index, failure) {
  const picture = (await data("pictures"))[index];
  const plot = element("div", { class: "plot timeline" });
  const log = element("div", { class: "log" });
  const words = element("input", { type: "search", placeholder: "Search this test", "aria-label": "Search this test" });
  const there = new Set([...picture.bars.map((bar) => bar.lane), "console"]);
  const boxes = LANES.filter((lane) => there.has(lane)).map((lane) => {
    const box = element("input", { type: "checkbox", value: lane, checked: "" });
    return [box, element("label", { class: "key", style: `--colour: var(--${lane})` }, box, lane)];
  });
  const kinds = { http: ["requests", "calls"], trace: ["load", "hooks"], flash: ["flash"], console: ["console"] };
  const shown = {
    range: undefined,
    lanes: there,
    matches: (text) => text.toLowerCase().includes(words.value.toLowerCase()),
  };
  const lines = picture.log.map(([at, kind, text]) => {
    const line = element("div", { class: kind }, element("span", {}, at.toFixed(3)), element("span", {}, kind), element("span", {}, text));
    return { at, kind, text, line };
  });
  const filterLog = () => {
    for (const { at, kind, text, line } of lines) {
      const inRange = !shown.range || (shown.range[0] <= at && at <= shown.range[1]);
      const inLanes = !kinds[kind] || kinds[kind].some((lane) => shown.lanes.has(lane));
      line.hidden = !(inRange && inLanes && shown.matches(text));
    }
  };
  const redraw = () => {
    shown.lanes = new Set(boxes.filter(([box]) => box.checked).map(([box]) => box.value));
    filterLog();
    return draw(plot, () => timeline(picture, shown));
  };
  log.append(...lines.map(({ line }) => line));
  const tools = element("div", { class: "tools" }, words, ...boxes.map((box) => box[1]));
  place.append(tools, plot);
  if (picture.memory.length) {
    const map = element("div", { class: "plot memory" });
    place.append(element("h3", {}, "Modules in memory"), map);
    draw(map, () => memory(picture.memory, failure?.differences ?? []));
  }
  place.append(element("h3", {}, "Log"), log);
  tools.addEventListener("input", redraw);
  await redraw();
  plot.on("plotly_relayout", (change) => {
    if (!("xaxis.range[0]" in change) && !change["xaxis.autorange"]) return;
    shown.range = change["xaxis.autorange"] ? undefined : [change["xaxis.range[0]"], change["xaxis.range[1]"]];
    filterLog();
  });
  plot.on("plotly_click", ({ points }) => {
    const at = points[0].base ?? points[0].x;
    lines.find((one) => !one.line.hidden && one.at >= at - 1e-4)?.line.scrollIntoView({ block: "nearest" });
  });
}

function showTest(place, test, index) {
  if (place.childElementCount > 1) return;
  const { failure } = test;
  if (failure) {
    place.append(element("p", { class: "failed" }, `in ${failure.phase}: ${failure.headline}`));
    if (failure.explanation) place.append(element("pre", { class: "explanation" }, failure.explanation));
  }
  for (const figure of test.figures ?? []) place.append(element("p", {}, figure));
  for (const key of ["firmwares", "modules"]) {
    if (test[key]) place.append(element("p", {}, element("small", {}, `${key}: ${test[key].join(", ")}`)));
  }
  if (test.drawn) showPicture(place.appendChild(element("div")), index, failure);
  if (failure) {
    for (const [title, text] of failure.devices) place.append(element("h3", {}, title), element("pre", {}, text));
    place.append(element("h3", {}, "Traceback"), element("pre", {}, failure.text));
  }
}

/** The words that a search finds a test by. */
const wordsOf = (test) => [test.id, test.promise, test.reason, test.failure?.text, ...(test.figures ?? []), ...(test.modules ?? [])]
  .filter(Boolean).join("\n").toLowerCase();

const failing = (test) => test.outcome === "failed" || test.outcome === "error";

async function showTests() {
  const promises = new Map([...document.querySelectorAll(".promise")].map((place) => [place.dataset.file, { place, tests: [], made: false }]));
  const all = (await data("tests")).map((test, index) => ({ test, index }));
  for (const one of all) promises.get(one.test.file).tests.push(one);
  for (const [, promise] of promises) {
    const text = promise.place.querySelector("summary > span").textContent;
    for (const { test } of promise.tests) test.promise = text;
    promise.tests.sort((a, b) => failing(b.test) - failing(a.test));
  }

  const causes = new Set();
  /** Make the tests of a promise. */
  const fill = (promise) => {
    if (promise.made) return;
    promise.made = true;
    for (const one of promise.tests) {
      const { test, index } = one;
      one.place = element("details", { class: "test", id: test.id },
        element("summary", {}, element("b", { class: test.outcome }, test.outcome), element("span", {}, test.name),
          element("small", {}, [`${told(test.seconds ?? 0, "s")}`, test.reason].filter(Boolean).join(", "))));
      one.place.addEventListener("toggle", () => one.place.open && showTest(one.place, test, index));
      one.place.hidden = !one.found;
      promise.place.append(one.place);
    }
  };
  for (const one of all) one.found = true;
  for (const [, promise] of promises) {
    promise.place.addEventListener("toggle", () => promise.place.open && fill(promise));
    if (!promise.place.classList.contains("broken")) continue;
    fill(promise);
    promise.place.open = true;
    for (const { test, place } of promise.tests) {
      const headline = test.failure?.headline;
      if (headline && !causes.has(headline) && causes.size < OPEN) place.open = causes.add(headline);
    }
  }

  const form = document.getElementById("filter");
  const filter = () => {
    const words = form.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const outcome = form.outcome.value;
    let count = 0;
    for (const [, promise] of promises) {
      let here = 0;
      for (const one of promise.tests) {
        one.words ??= wordsOf(one.test);
        one.found = words.every((word) => one.words.includes(word)) &&
          (!outcome || one.test.outcome === outcome || (outcome === "failed" && failing(one.test)));
        if (one.place) one.place.hidden = !one.found;
        here += one.found;
      }
      promise.place.hidden = !here;
      count += here;
    }
    if (count <= UNFOLDED) {
      for (const [, { place }] of promises) place.open ||= !place.hidden;
    }
    form.querySelector("output").value = words.length || outcome ? `${count} of ${all.length} tests` : `${all.length} tests`;
  };
  form.addEventListener("input", filter);
  form.addEventListener("change", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  filter();

  const follow = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const one = all.find(({ test }) => test.id === id);
    if (!one) return;
    const promise = promises.get(one.test.file);
    fill(promise);
    promise.place.open = one.place.open = true;
    one.place.scrollIntoView();
  };
  addEventListener("hashchange", follow);
  follow();
  performance.mark("tests");
}

showTests().then(showMeasures);
