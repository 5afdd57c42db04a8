// Details of a mark: its values, what ran in it, what ran beside it; and the tooltip.

const MOST_LISTED = 10, MOST_SCANNED = 400000;

class Details {
  constructor(model, view, palette, reasons) {
    this.model = model;
    this.view = view;
    this.palette = palette;
    this.reasons = reasons;
    this.pane = byId("details");
    view.on(what => what.has("pinned") && this.show());
    this.show();
  }

  show() {
    const i = this.view.pinned;
    if (i < 0) {
      this.pane.replaceChildren(element("h2", {}, "Details"), element("p", {className: "quiet"},
        "Click a bar, or a row of the table of the slowest spans."));
      return;
    }
    const parts = [this.head(i), this.values(i)];
    if (this.model.isSpan[this.model.name[i]]) {
      parts.push(this.jvm(i), this.reasons.table(i), this.inside(i), this.points(i));
    } else if (this.model.kind(i) === "SAMPLE") {
      parts.push(element("h3", {}, "Stack, innermost first"),
        element("ol", {className: "plain"}, this.stack(i).map(frame => element("li", {}, frame))));
    }
    parts.push(this.around(i), this.beside(i));
    this.pane.replaceChildren(...parts.flat().filter(part => part));
    this.pane.scrollTop = 0;
  }

  link(i, text) {
    return element("button", {type: "button", className: "link", onclick: () => this.view.jump(i),
      title: "Show this mark"}, this.palette.swatch(this.model.name[i]), " " + (text || this.model.nameOf(i)));
  }

  head(i) {
    const {model} = this, name = model.nameOf(i), span = model.isBar[model.name[i]];
    const buttons = element("div", {className: "buttons"},
      element("button", {type: "button", onclick: () => this.view.showMark(i)}, "Zoom to it ", element("kbd", {}, "F")),
      span ? element("button", {type: "button", onclick: () => this.view.select(model.begin[i], model.end(i))},
        "Select its time ", element("kbd", {}, "M")) : null,
      element("button", {type: "button", onclick: () => this.view.pin(-1), "aria-label": "Close the details"}, "\u2715"));
    const flags = [model.flags[i] & UNFINISHED ? "It has no end in the trace: the bar ends with the span around it, or"
      + " with the trace." : "", model.flags[i] & OVERLAPS ? "It does not nest: another span on its thread overlaps with it." : "",
      model.flags[i] & CUT ? "It began before the first event of the trace: the bar begins there." : ""];
    return [element("h2", {}, this.palette.swatch(model.name[i]), " " + name,
      span ? element("b", {className: "big"}, " " + duration(model.whole(i))) : ""), buttons,
      ...flags.filter(text => text).map(text => element("p", {className: "warn"}, text))];
  }

  values(i) {
    const {model} = this, fields = model.fields(i), rows = [];
    const row = (key, value) => rows.push(element("tr", {}, element("th", {scope: "row"}, key),
      element("td", {}, element("bdi", {}, value))));
    if (fields === undefined) {
      row("arguments", "left out, because of the page's limit of bytes");
    } else {
      fields.forEach(({field, value, isEnd}) => row(field + (isEnd ? " (end)" : ""), value));
    }
    row("thread", model.threadOf(model.thread[i]));
    row("CPU", model.cpu[i] < 0 ? "unknown" : model.cpu[i] === model.endCpu[i] ? String(model.cpu[i])
      : `${model.cpu[i]} at its begin, ${model.endCpu[i]} at its end`);
    row("begin", (model.flags[i] & CUT ? "before " : "") + "+" + exact(model.begin[i]));
    row("time of day", timeOfDay(model.data.start, model.begin[i]));
    if (model.kind(i) === "JVM") { row("duration", exact(model.whole(i))); }
    if (model.isSpan[model.name[i]]) {
      row("duration", exact(model.whole(i)));
      row("self time", `${exact(model.self(i))} (${percent(model.self(i), model.whole(i))})`);
    }
    return element("table", {className: "values"}, element("tbody", {}, rows));
  }

  // The events of the JVM in a span, those with the longest common time first.
  jvm(i) {
    const {model} = this, from = model.begin[i], to = model.end(i);
    const within = k => Math.min(model.end(k), to) - Math.max(model.begin[k], from);
    const events = model.jvmOf(i).sort((a, b) => within(b) - within(a));
    if (events.length === 0) { return null; }
    const longest = events[0], part = within(longest);
    return [element("h3", {}, `The JVM in it: ${plural(events.length, "event")}`),
      part > 0.2 * (to - from) ? element("p", {}, element("b", {}, `${percent(part, to - from)} of its time: `
        + `${model.nameOf(longest)}, ${duration(part)}.`)) : null,
      this.spanTable(events, to - from, within, "of it"), this.rest(events.length - MOST_LISTED, "more in the page")];
  }

  // The spans in a span, by name; then the longest ones.
  inside(i) {
    const {model} = this, children = [...model.childrenOf(i)].filter(c => model.isSpan[model.name[c]]);
    if (model.children[i] === 0 && children.length === 0) {
      return element("p", {className: "quiet"}, "No span ran in it.");
    }
    const longest = children.sort((a, b) => model.nanos[b] - model.nanos[a]);
    const counted = Math.max(model.children[i] - children.length, 0);
    return [element("h3", {}, `In it: ${plural(Math.max(model.children[i], children.length), "span")}, `
      + duration(model.childNanos[i])), this.longestPath(i),
      this.spanTable(longest, model.whole(i), k => model.nanos[k], "of it"),
      this.rest(longest.length - MOST_LISTED, "more in the page"),
      counted ? element("p", {className: "quiet"}, `${plural(counted, "shorter span")} in it `
        + (counted === 1 ? "is" : "are") + " only in the counts; their time is in the sum.") : null];
  }

  // The longest span in it, the longest in that one, and so on, as long as each takes most of the time.
  longestPath(i) {
    const {model} = this, path = [];
    for (let at = i; at >= 0 && path.length < 20;) {
      let longest = -1;
      for (const c of model.childrenOf(at)) {
        if (model.isSpan[model.name[c]] && (longest < 0 || model.nanos[c] > model.nanos[longest])) { longest = c; }
      }
      if (longest < 0 || model.nanos[longest] < 0.5 * model.nanos[at]) { break; }
      path.push(longest);
      at = longest;
    }
    return path.length < 2 ? null : element("p", {}, "Most of its time: ", path.flatMap((c, n) => [n ? " \u203a " : "",
      this.link(c)]), " ", element("bdi", {}, this.brief(path[path.length - 1])), ".");
  }

  rest(n, text) {
    return n > 0 ? element("p", {className: "quiet"}, `and ${count(n)} ${text}`) : null;
  }

  spanTable(spans, whole, length, heading, others) {
    const {model} = this;
    return element("table", {className: "list"}, element("thead", {}, element("tr", {},
      ["span", "time", heading, "arguments", ...others ? ["thread"] : []].map(text => element("th", {scope: "col"}, text)))),
    element("tbody", {}, spans.slice(0, MOST_LISTED).map(k => element("tr", {}, element("td", {}, this.link(k)),
      element("td", {className: "number"}, duration(length(k))),
      element("td", {className: "number"}, percent(length(k), whole)),
      element("td", {}, element("bdi", {}, this.brief(k))),
      others ? element("td", {}, element("bdi", {}, model.threadOf(model.thread[k]))) : null))));
  }

  // The values of a mark in one line.
  brief(i) {
    const fields = this.model.fields(i);
    return fields === undefined ? "(left out)" : fields.map(({field, value}) => `${field}=${value}`).join(" ").slice(0, 160);
  }

  // Instants and samples in a span, at any depth.
  points(i) {
    const {model} = this, instants = [], samples = new Map();
    let sampled = 0;
    const below = [i];
    for (let n = 0; below.length > 0 && n < MOST_SCANNED; n++) {
      for (const c of model.childrenOf(below.pop())) {
        if (model.isSpan[model.name[c]]) { below.push(c); }
        if (model.kind(c) === "INSTANT") { instants.push(c); }
        if (model.kind(c) === "SAMPLE") {
          const top = this.stack(c)[0] || "unknown";
          samples.set(top, (samples.get(top) || 0) + 1);
          sampled++;
        }
      }
    }
    instants.sort((a, b) => a - b);
    return [instants.length ? element("h3", {}, `Events in it: ${count(instants.length)}`) : null,
      instants.length ? element("ul", {className: "plain"}, instants.slice(0, 3 * MOST_LISTED).map(k => element("li", {},
        `+${duration(model.begin[k] - model.begin[i])} `, this.link(k), " ", element("bdi", {}, this.brief(k))))) : null,
      this.rest(instants.length - 3 * MOST_LISTED, "more"),
      sampled ? element("h3", {}, `CPU samples in it: ${count(sampled)}`) : null,
      sampled ? element("ul", {className: "plain"}, [...samples].sort((a, b) => b[1] - a[1]).slice(0, MOST_LISTED)
        .map(([frame, n]) => element("li", {}, `${percent(n, sampled)} `, element("bdi", {}, frame)))) : null];
  }

  stack(i) {
    const {columns, data} = this.model, frames = [];
    for (let node = this.model.stack[i]; node > 0; node -= columns["sampleTree:parent"][node]) {
      frames.push(data.sampleTreeNames[node]);
    }
    return frames;
  }

  // The spans around a mark, and its neighbours on its thread.
  around(i) {
    const {model} = this, parents = [];
    for (let p = model.parent[i]; p >= 0; p = model.parent[p]) { parents.push(p); }
    const {before, after} = this.neighbours(i);
    return [element("h3", {}, "Around it on its thread"),
      element("ul", {className: "plain"},
        parents.map(p => element("li", {}, "in ", this.link(p), " " + duration(model.whole(p)))),
        before >= 0 ? element("li", {}, "after ", this.link(before),
          `, which ended ${duration(model.begin[i] - model.end(before))} before it began`) : null,
        after >= 0 ? element("li", {}, "before ", this.link(after),
          `, which began ${duration(model.begin[after] - model.end(i))} after it ended`) : null,
        parents.length === 0 && before < 0 && after < 0 ? element("li", {className: "quiet"}, "no other span") : null)];
  }

  neighbours(i) {
    const {model} = this;
    let before = -1, after = -1;
    const isBeside = k => model.thread[k] === model.thread[i] && model.isSpan[model.name[k]]
      && model.parent[k] === model.parent[i];
    for (let k = i - 1, n = 0; k >= 0 && before < 0 && n < MOST_SCANNED; k--, n++) {
      if (isBeside(k) && model.end(k) <= model.begin[i]) { before = k; }
    }
    for (let k = i + 1, n = 0; k < model.size && after < 0 && n < MOST_SCANNED; k++, n++) {
      if (isBeside(k) && model.begin[k] >= model.end(i)) { after = k; }
    }
    return {before, after};
  }

  // Spans of other threads at the same time: with a common value, on the same CPU, and all others.
  beside(i) {
    const {model} = this, from = model.begin[i], to = Math.max(model.end(i), from + 1), own = this.interesting(i);
    const overlap = k => Math.min(model.end(k), to) - Math.max(model.begin[k], from);
    const groups = {value: [], cpu: [], thread: [], other: []};
    let seen = 0;
    for (const k of model.overlapping(from, to)) {
      if (++seen > MOST_SCANNED) { break; }
      if (k === i || !model.isSpan[model.name[k]] || overlap(k) <= 0) { continue; }
      if (model.thread[k] === model.thread[i]) {
        if (!this.isRelated(i, k)) { groups.thread.push(k); }
      } else {
        const isOnCpu = [model.cpu[k], model.endCpu[k]].some(cpu => cpu === model.cpu[i] || cpu === model.endCpu[i]);
        groups[isOnCpu ? "cpu" : "other"].push(k);
      }
    }
    if (own.size > 0) {
      // A short overlap with a common value is chance.
      const candidates = [...groups.cpu, ...groups.other, ...groups.thread].filter(k => overlap(k) > 0.1 * (to - from));
      groups.value = candidates.filter(k => (model.fields(k) || []).some(each => own.has(each.field + "=" + each.value)));
    }
    const list = (spans, title) => spans.length === 0 ? [] : [element("h3", {}, `${title}: ${plural(spans.length, "span")}`),
      this.spanTable(spans.sort((a, b) => overlap(b) - overlap(a)), to - from, overlap, "of its time", true),
      this.rest(spans.length - MOST_LISTED, "more")];
    const lists = [...list(groups.value, "At the same time, with a value in common"),
      ...list(groups.thread, "At the same time on its thread, not nested"),
      ...list(groups.cpu, "At the same time, begun or ended on its CPU"),
      ...list(groups.other, "At the same time elsewhere")];
    return [...lists, lists.length === 0 ? element("p", {className: "quiet"}, "Nothing else ran at the same time.") : null,
      seen > MOST_SCANNED ? element("p", {className: "quiet"}, `Only ${count(MOST_SCANNED)} marks were looked at.`) : null];
  }

  isRelated(i, k) {
    const isIn = (inner, outer) => {
      for (let p = inner; p >= 0; p = this.model.parent[p]) { if (p === outer) { return true; } }
      return false;
    };
    return isIn(i, k) || isIn(k, i);
  }

  // The values of a span and of the spans in it that can connect it with others: no small numbers, nothing common.
  interesting(i) {
    const values = new Set();
    for (const k of [i, ...[...this.model.childrenOf(i)].slice(0, 100)]) {
      for (const {field, value} of this.model.fields(k) || []) {
        if (value.length > 2 && !["true", "false", "null", '""'].includes(value)) { values.add(field + "=" + value); }
      }
    }
    return values;
  }
}

function percent(part, whole) {
  return whole > 0 ? (100 * part / whole).toLocaleString("en", {maximumFractionDigits: 1}) + " %" : "-";
}

// Compares the parts of a span with the mean of all spans of its name: why is it slower?
class Reasons {
  constructor(model) {
    this.model = model;
    this.typical = new Map();
    const {columns, data} = model, names = data.spanTreeNames;
    for (let node = 1; node < names.length; node++) {
      const each = this.of(names[node]);
      each.count += columns["spanTree:count"][node];
      each.total += columns["spanTree:total"][node];
      each.self += columns["spanTree:self"][node];
      const parent = node - columns["spanTree:parent"][node];
      if (parent > 0) {
        const parts = this.of(names[parent]).parts;
        parts.set(names[node], (parts.get(names[node]) || 0) + columns["spanTree:total"][node]);
      }
    }
  }

  of(name) {
    if (!this.typical.has(name)) { this.typical.set(name, {count: 0, total: 0, self: 0, parts: new Map()}); }
    return this.typical.get(name);
  }

  table(i) {
    const {model} = this, typical = this.of(model.nameOf(i)), latency = model.data.summary.latencies[model.nameOf(i)];
    if (typical.count < 2) { return null; }
    const rows = [["itself", model.self(i), typical.self / typical.count]], own = new Map();
    for (const c of model.childrenOf(i)) {
      if (model.isSpan[model.name[c]]) { own.set(model.nameOf(c), (own.get(model.nameOf(c)) || 0) + model.whole(c)); }
    }
    for (const name of new Set([...own.keys(), ...typical.parts.keys()])) {
      rows.push([name, own.get(name) || 0, (typical.parts.get(name) || 0) / typical.count]);
    }
    rows.sort((a, b) => (b[1] - b[2]) - (a[1] - a[2]));
    const most = Math.max(...rows.map(row => Math.max(row[1], row[2])), 1);
    const bar = (value, style) => element("div", {className: "bar " + style, style: `width:${100 * value / most}%`});
    const [worst, here, usual] = rows[0];
    return [element("h3", {}, "Compared with all " + count(typical.count) + " of its name"),
      element("p", {}, `Mean ${duration(typical.total / typical.count)}` + (latency
        ? `, median ${duration(latency.medianNanos)}, p99 ${duration(latency.p99Nanos)}, maximum ${duration(latency.maxNanos)}. `
        : ". "), here - usual > 0.2 * model.whole(i) && model.whole(i) > typical.total / typical.count * 1.2
        ? element("b", {}, `Most of the difference: ${worst}, ${duration(here)} instead of ${duration(usual)}.`) : null),
      element("table", {className: "list"}, element("thead", {}, element("tr", {}, ["part", "here", "mean", "difference",
        "here and mean"].map(text => element("th", {scope: "col"}, text)))),
      element("tbody", {}, rows.slice(0, MOST_LISTED).map(([name, value, mean]) => element("tr", {},
        element("td", {}, name), element("td", {className: "number"}, duration(value)),
        element("td", {className: "number"}, duration(mean)),
        element("td", {className: "number"}, (value < mean ? "\u2212" : "+") + duration(Math.abs(value - mean))),
        element("td", {className: "bars", "aria-hidden": "true"}, bar(value, "here"), bar(mean, "mean"))))))];
  }
}

class Tooltip {
  constructor(details, chart) {
    this.details = details;
    this.chart = chart;
    this.box = byId("tip");
  }

  hide() { this.box.style.display = "none"; }

  show(hit, event) {
    const {model} = this.details;
    if (hit === null) { this.hide(); return; }
    this.box.replaceChildren(...hit.mark !== undefined ? this.ofMark(model, hit.mark) : this.ofCell(model, hit));
    this.box.style.display = "block";
    const width = this.box.offsetWidth, height = this.box.offsetHeight;
    this.box.style.left = Math.max(4, Math.min(event.clientX + 14, window.innerWidth - width - 8)) + "px";
    this.box.style.top = (event.clientY + 18 + height > window.innerHeight ? Math.max(event.clientY - height - 10, 4)
      : event.clientY + 18) + "px";
  }

  ofMark(model, i) {
    const fields = model.fields(i), lines = [element("b", {}, model.nameOf(i), model.isBar[model.name[i]]
      ? ` ${duration(model.whole(i))}` : "")];
    if (model.isSpan[model.name[i]] && model.children[i] > 0) {
      lines.push(element("div", {}, `self ${duration(model.self(i))}, ${plural(model.children[i], "span")} in it`));
    }
    if (model.kind(i) === "SAMPLE") { lines.push(element("div", {}, this.details.stack(i)[0] || "unknown")); }
    (fields || [{field: "arguments", value: "left out"}]).forEach(({field, value, isEnd}) => lines.push(element("div", {},
      `${field}${isEnd ? " (end)" : ""}: `, element("bdi", {}, value))));
    lines.push(element("div", {className: "quiet"}, element("bdi", {}, model.threadOf(model.thread[i])),
      model.cpu[i] < 0 ? "" : `, cpu ${model.cpu[i]}`));
    return lines;
  }

  ofCell(model, {cell, step, isOverflow}) {
    const {columns, data} = model;
    return [element("b", {}, `${plural(columns["cell:count"][cell], "mark")} in ${duration(step)}`),
      element("div", {}, `together ${duration(columns["cell:nanos"][cell])}, the longest is `
        + `${data.names[columns["cell:name"][cell]].name} of ${duration(columns["cell:longest"][cell])}`),
      element("div", {className: "quiet"}, isOverflow ? "too many at the same time for rows of their own"
        : "only counted: the page's limit left them out")];
  }
}
