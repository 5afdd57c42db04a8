// Texts of numbers, durations and times.

const NANOS = {s: 1e9, ms: 1e6, us: 1e3, ns: 1};

function count(n) {
  return n.toLocaleString("en", {maximumFractionDigits: 1});
}

function plural(n, one, many) {
  return count(n) + " " + (n === 1 ? one : many || one + "s");
}

// A value in at most four significant digits.
function short(value) {
  const digits = Math.max(0, 3 - Math.floor(Math.log10(Math.max(Math.abs(value), 1e-9))));
  return value.toLocaleString("en", {maximumFractionDigits: Math.min(Math.max(digits, 0), 6)});
}

function unitOf(nanos) {
  return ["s", "ms", "us"].find(unit => Math.abs(nanos) >= NANOS[unit]) || "ns";
}

function unitName(unit) {
  return unit === "us" ? "\u00b5s" : unit;
}

function duration(nanos) {
  const unit = unitOf(nanos);
  return (unit === "ns" ? count(Math.round(nanos)) : short(nanos / NANOS[unit])) + " " + unitName(unit);
}

// All digits down to nanoseconds.
function exact(nanos) {
  const unit = unitOf(nanos);
  return (nanos / NANOS[unit]).toLocaleString("en", {maximumFractionDigits: 9}) + " " + unitName(unit);
}

// Parses "250us", "1 ms", "2s" or a number of nanoseconds; undefined for an empty text, NaN for another one.
function parseDuration(text) {
  const match = /^\s*([\d.,]+)\s*(ns|us|\u00b5s|\u03bcs|ms|s|)\s*$/i.exec(text);
  if (text.trim() === "") {
    return undefined;
  }
  return match ? parseFloat(match[1].replace(/,/g, "")) * (NANOS[match[2].toLowerCase().replace(/[\u00b5\u03bc]/, "u")] || 1)
    : NaN;
}

// The next longer step of 1, 2 or 5 times a power of ten.
function niceStep(raw) {
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map(n => n * power).find(n => n >= raw * 0.999);
}

// A time since the first event, with as many digits as the step between ticks needs.
function tick(nanos, step, largest) {
  const unit = unitOf(Math.max(Math.abs(largest), 1));
  const digits = Math.min(Math.max(0, Math.ceil(-Math.log10(step / NANOS[unit]) - 1e-9)), 9);
  // Rounded first: a small negative number would be shown as -0.
  return (Number((nanos / NANOS[unit]).toFixed(digits)) + 0)
    .toLocaleString("en", {minimumFractionDigits: digits, maximumFractionDigits: digits})
    + " " + unitName(unit);
}

// The time of day in UTC of a time since the first event, with nanoseconds.
function timeOfDay(start, nanos) {
  const [seconds, fraction] = start.replace("Z", "").split(".");
  const all = BigInt(Date.parse(seconds + "Z")) * 1000000n + BigInt((fraction || "0").padEnd(9, "0"))
    + BigInt(Math.round(nanos));
  const iso = new Date(Number(all / 1000000n)).toISOString();
  return iso.slice(11, 19) + "." + (all % 1000000000n).toString().padStart(9, "0") + " UTC";
}

// A value without the quotation marks that the trace's text has.
function plain(value) {
  return /^".*"$/.test(value) ? value.slice(1, -1).replace(/\\(["\\])/g, "$1") : value;
}

function element(tag, properties, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (name.startsWith("on")) {
      node.addEventListener(name.slice(2), value);
    } else if (name in node && typeof value !== "string" || name === "textContent" || name === "className") {
      node[name] = value;
    } else if (value !== undefined) {
      node.setAttribute(name, value);
    }
  }
  node.append(...children.flat().filter(child => child !== null && child !== undefined));
  return node;
}

const byId = id => document.getElementById(id);
