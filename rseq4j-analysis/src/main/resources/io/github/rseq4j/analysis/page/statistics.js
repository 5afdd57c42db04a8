// Statistics of the selected range of time: counts, percentiles and a histogram of the durations of each name.

const QUANTILES = [0.5, 0.9, 0.99];

class Statistics {
  constructor(model, view, palette, panel) {
    this.model = model;
    this.view = view;
    this.palette = palette;
    this.panel = panel;
    this.chosen = -1;
    view.on(what => (what.has("range") || what.has("filter") || what.has("panel")) && this.show());
  }

  // The durations of the spans that begin in a range, by name, in ascending order.
  durations(from, to) {
    const {model} = this, byName = new Map();
    for (let i = 0; i < model.size && model.begin[i] <= to; i++) {
      if (model.begin[i] >= from && model.visible[i] && model.isSpan[model.name[i]]) {
        let list = byName.get(model.name[i]);
        if (!list) { byName.set(model.name[i], list = []); }
        list.push(model.whole(i));
      }
    }
    return [...byName].map(([name, list]) => ({name, sorted: Float64Array.from(list).sort(),
      total: list.reduce((sum, n) => sum + n, 0)})).sort((a, b) => b.total - a.total);
  }

  show() {
    if (this.panel.hidden) { return; }
    const {model, view} = this, {from, to} = view.selected(), all = this.durations(from, to);
    if (!all.some(each => each.name === this.chosen)) { this.chosen = all.length ? all[0].name : -1; }
    const counted = model.countedIn(from, to);
    this.panel.replaceChildren(...[element("p", {}, view.range
      ? `Spans that begin in the selected ${duration(to - from)}, from +${exact(from)} to +${exact(to)}. `
      : "Spans of the whole trace; drag in the chart to select a range of time. ",
    model.shown < model.size ? "Only what the filters show. " : "", counted
      ? element("b", {}, `${plural(counted, "mark")} there ${counted === 1 ? "is" : "are"} only in the counts, and not in `
        + "these statistics. ") : null),
    all.length === 0 ? element("p", {className: "quiet"}, "No span begins there.") : null,
    element("div", {className: "columns"}, all.length ? this.table(all, to - from) : null,
      this.chosen >= 0 ? this.histogram(all.find(each => each.name === this.chosen)) : null)].filter(part => part));
  }

  table(all, length) {
    const heads = ["span", "count", "per second", "p50", "p90", "p99", "max", "total"];
    return element("table", {className: "list sortable"}, element("thead", {}, element("tr", {}, heads.map(text =>
      element("th", {scope: "col"}, text)))), element("tbody", {}, all.slice(0, 200).map(({name, sorted, total}) => {
      const cells = [count(sorted.length), count(sorted.length / length * 1e9),
        ...QUANTILES.map(q => duration(quantile(sorted, q))), duration(sorted[sorted.length - 1]), duration(total)];
      return element("tr", {"aria-selected": String(name === this.chosen)}, element("td", {}, element("button", {
        type: "button", className: "link", title: "Show its histogram", onclick: () => { this.chosen = name; this.show(); }},
      this.palette.swatch(name), " " + this.model.data.names[name].name)),
      cells.map(text => element("td", {className: "number"}, text)));
    })));
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
