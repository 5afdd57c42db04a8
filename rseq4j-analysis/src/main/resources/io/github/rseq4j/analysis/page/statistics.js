// The table of methods: counts, sums and percentiles of the durations of each name of spans, and a histogram of one.

const QUANTILES = [0.5, 0.9, 0.99];
const METHOD_ROWS = 100;
const METHOD_COLUMNS = [["span", row => row.text], ["count", row => row.count], ["per second", row => row.count],
  ["total", row => row.total], ["self", row => row.self], ["p50", row => row.quantiles[0]], ["p90", row => row.quantiles[1]],
  ["p99", row => row.quantiles[2]], ["max", row => row.max]];

class Statistics {
  constructor(model, view, palette, panel, onChoice) {
    Object.assign(this, {model, view, palette, panel, onChoice, chosen: -1, sortedBy: "total", isDown: true, rows: METHOD_ROWS});
    view.on(what => (what.has("range") || what.has("filter") || what.has("panel")) && this.show());
  }

  // The durations of the spans that begin in a range, by name, in ascending order.
  durations(from, to) {
    const {model} = this, byName = new Map();
    for (let i = 0; i < model.size && model.begin[i] <= to; i++) {
      if (model.begin[i] >= from && model.visible[i] && model.isSpan[model.name[i]]) {
        let one = byName.get(model.name[i]);
        if (!one) { byName.set(model.name[i], one = {list: [], self: 0}); }
        one.list.push(model.whole(i));
        one.self += model.self(i);
      }
    }
    return [...byName].map(([name, {list, self}]) => {
      const sorted = Float64Array.from(list).sort();
      return {name, text: model.data.names[name].name, sorted, count: sorted.length, self,
        total: list.reduce((sum, n) => sum + n, 0), quantiles: QUANTILES.map(q => quantile(sorted, q)),
        max: sorted[sorted.length - 1]};
    });
  }

  // All spans of the trace by name, also those that the page has only as counts.
  whole(kept) {
    const {data} = this.model, byName = new Map(kept.map(row => [row.name, row]));
    return data.names.map((each, name) => ({each, name})).filter(({name}) => this.model.isSpan[name]).map(({each, name}) => {
      const latency = data.summary.latencies[each.name], row = byName.get(name), isKept = row && row.count === each.count;
      return {name, text: each.name, sorted: row ? row.sorted : [], count: each.count, total: each.nanos, self: each.self,
        quantiles: isKept ? row.quantiles : latency ? [latency.medianNanos, latency.p90Nanos, latency.p99Nanos]
          : [undefined, undefined, undefined], max: isKept ? row.max : latency ? latency.maxNanos : row && row.max};
    });
  }

  show() {
    if (this.panel.hidden) { return; }
    const {model, view} = this, {from, to} = view.selected(), {counts} = model.data, kept = this.durations(from, to);
    const isWhole = !view.range && model.shown === model.size && counts.keptSpans < counts.spans;
    const all = isWhole ? this.whole(kept) : kept, counted = model.countedIn(from, to);
    if (!all.some(each => each.name === this.chosen)) {
      this.chosen = all.length ? all.reduce((most, each) => each.total > most.total ? each : most).name : -1;
    }
    const chosen = all.find(each => each.name === this.chosen);
    this.panel.replaceChildren(...[element("p", {}, view.range
      ? `Spans that begin in the selected ${duration(to - from)}, from +${exact(from)} to +${exact(to)}. `
      : "Spans of the whole trace; drag in the chart to select a range of time. ",
    "A click on a name selects its spans and shows the slowest one. ",
    model.shown < model.size ? "Only what the filters show. " : "", counted ? element("b", {}, `${plural(counted, "mark")} `
      + `there ${counted === 1 ? "is" : "are"} only in the counts, and not in ${isWhole ? "the histogram" : "these statistics"}. `)
      : null), all.length === 0 ? element("p", {className: "quiet"}, "No span begins there.") : null,
    element("div", {className: "columns"}, all.length ? this.table(all, to - from) : null,
      chosen && chosen.sorted.length ? this.histogram(chosen) : null)].filter(part => part));
  }

  table(all, length) {
    const key = METHOD_COLUMNS.find(([head]) => head === this.sortedBy)[1], order = this.isDown ? -1 : 1;
    const compare = (a, b) => a === b ? 0 : a === undefined ? -1 : b === undefined ? 1 : a < b ? -1 : 1;
    all.sort((a, b) => order * compare(key(a), key(b)));
    const time = nanos => nanos === undefined ? "\u2013" : duration(nanos);
    return element("div", {}, element("table", {className: "list sortable", id: "methods"}, element("thead", {}, element("tr", {},
      METHOD_COLUMNS.map(([head]) => this.head(head)))), element("tbody", {}, all.slice(0, this.rows).map(row => {
      const cells = [count(row.count), count(row.count / length * 1e9), time(row.total), time(row.self),
        ...row.quantiles.map(time), time(row.max)];
      return element("tr", {"aria-selected": String(row.name === this.chosen)}, element("td", {}, element("button", {
        type: "button", className: "link", title: "Select its spans, and show the slowest one",
        onclick: () => this.choose(row.name)}, this.palette.swatch(row.name), " " + row.text)),
      cells.map(text => element("td", {className: "number"}, text)));
    }))), all.length > this.rows ? element("button", {type: "button", onclick: () => { this.rows *= 4; this.show(); }},
      `Show more of the ${count(all.length - this.rows)} others`) : "");
  }

  head(head) {
    const isSorted = head === this.sortedBy;
    return element("th", {scope: "col", "aria-sort": isSorted ? (this.isDown ? "descending" : "ascending") : undefined},
      element("button", {type: "button", className: "link", onclick: () => {
        this.isDown = isSorted ? !this.isDown : head !== "span";
        this.sortedBy = head;
        this.show();
      }}, head + (isSorted ? (this.isDown ? " \u25be" : " \u25b4") : "")));
  }

  choose(name) {
    this.chosen = name;
    this.show();
    this.onChoice(name);
  }

  // Buckets of equal factors: 1, 2 or 5 times a power of ten.
  histogram({name, sorted}) {
    const bounds = [], top = sorted[sorted.length - 1];
    for (let bound = niceStep(Math.max(sorted[0], 1)) / 5; bound <= top * 5; bound = niceStep(bound * 1.5)) {
      bounds.push(bound);
    }
    const buckets = bounds.slice(1).map((high, n) => ({low: bounds[n], high, n: 0}));
    let at = 0;
    for (const n of sorted) {
      while (at < buckets.length - 1 && n >= buckets[at].high) { at++; }
      buckets[at].n++;
    }
    const used = buckets.slice(Math.max(buckets.findIndex(b => b.n) - 1, 0), buckets.findLastIndex(b => b.n) + 2);
    const most = Math.max(...used.map(b => b.n));
    return element("figure", {className: "histogram"}, element("figcaption", {},
      `Durations of ${this.model.data.names[name].name}: spans in each step`),
    element("table", {}, element("tbody", {}, used.map(({low, high, n}) => element("tr", {},
      element("th", {scope: "row"}, `${duration(low)} to ${duration(high)}`),
      element("td", {className: "bars"}, element("div", {className: "bar here", style: `width:${n && Math.max(100 * n / most, 0.7)}%`})),
      element("td", {className: "number"}, element("button", {type: "button", className: "link", disabled: n === 0,
        title: "Show only durations of this step", onclick: () => this.filter(low, high)}, count(n))))))));
  }

  filter(low, high) {
    byId("shortest").value = exactNanos(low);
    byId("longest").value = exactNanos(high);
    byId("longest").dispatchEvent(new Event("change"));
  }
}

function exactNanos(nanos) {
  return nanos >= 1000 ? nanos / 1000 + " us" : nanos + " ns";
}

// The smallest value that at least the given part of all values does not exceed.
function quantile(sorted, part) {
  return sorted[Math.min(Math.max(Math.ceil(part * sorted.length) - 1, 0), sorted.length - 1)];
}
