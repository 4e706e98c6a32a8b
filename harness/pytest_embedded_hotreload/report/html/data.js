"use strict";

const unpacked = {};

/** The text that the page holds under a name, unpacked when it is first asked for. */
function unpack(name) {
  unpacked[name] ??= (async () => {
    const letters = atob(document.getElementById(`data-${name}`).textContent);
    const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  })();
  return unpacked[name];
}

const parsed = {};
const data = (name) => (parsed[name] ??= unpack(name).then(JSON.parse));

/** An element with attributes, text and children. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A number as a person reads it, in its unit. */
function told(value, unit = "") {
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : 2;
  return `${value.toLocaleString("en", { maximumFractionDigits: digits })} ${unit}`.trim();
}
