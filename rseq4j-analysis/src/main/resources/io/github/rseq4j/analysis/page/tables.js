// The table of the slowest spans, the table of events, and facts of the trace.

const PAGE_ROWS = 50;

class Slowest {
  constructor(model, view, palette, details, panel) {
    Object.assign(this, {model, view, palette, details, panel, rows: PAGE_ROWS, only: -1, bySelf: false});
    view.on(what => (what.has("range") || what.has("filter") || what.has("panel")) && this.show());
  }

  list() {
    const {model} = this, {from, to} = this.view.selected(), all = [];
    for (let i = 0; i < model.size; i++) {
      if (model.visible[i] && model.isSpan[model.name[i]] && model.begin[i] <= to && model.end(i) >= from
        && (this.only < 0 || model.name[i] === this.only)) { all.push(i); }
    }
    const key = this.bySelf ? i => model.self(i) : i => model.whole(i);
    return Uint32Array.from(all).sort((a, b) => key(b) - key(a));
  }

  show() {
    if (this.panel.hidden) { return; }
    const {model} = this, all = this.list(), heads = [["span"], ["duration", false], ["self time", true], ["begin"], ["thread"],
      ["arguments"]];
    const choice = element("select", {onchange: event => { this.only = Number(event.target.value); this.rows = PAGE_ROWS;
      this.show(); }}, element("option", {value: "-1"}, "all names"), model.data.byTime.filter(name => model.isSpan[name])
      .map(name => element("option", {value: String(name)}, model.data.names[name].name)));
    choice.value = String(this.only);
    const {counts} = model.data;
    this.panel.replaceChildren(element("p", {}, element("label", {}, "Spans named ", choice), " ", this.view.range
      ? "in the selected range" : "of the whole trace", ", " + plural(all.length, "span") + ". A click on a row shows its span"
      + " in the chart. ", counts.keptSpans < counts.spans ? "Spans shorter than "
      + `${duration(counts.shortestNanos)} are only in the counts.` : ""),
    element("table", {className: "list rows", id: "slowest"}, element("thead", {}, element("tr", {}, heads.map(([text, bySelf]) =>
      element("th", {scope: "col", "aria-sort": bySelf === this.bySelf ? "descending" : undefined}, bySelf === undefined ? text
        : element("button", {type: "button", className: "link", onclick: () => { this.bySelf = bySelf; this.show(); }},
          text + (bySelf === this.bySelf ? " \u25be" : "")))))),
    element("tbody", {}, [...all.subarray(0, this.rows)].map(i => this.row(i)))),
    all.length > this.rows ? element("button", {type: "button", onclick: () => { this.rows *= 2; this.show(); }},
      `Show more of the ${count(all.length - this.rows)} others`) : "");
  }

  row(i) {
    const {model} = this;
    return element("tr", {onclick: () => this.jump(i)}, element("td", {}, element("button", {type: "button", className: "link",
      title: "Show this span in the chart"}, this.palette.swatch(model.name[i]), " " + model.nameOf(i))),
    element("td", {className: "number"}, duration(model.whole(i)), model.flags[i] & UNFINISHED ? " (no end)" : model.flags[i] & CUT ? " (began earlier)" : ""),
    element("td", {className: "number"}, duration(model.self(i))),
    element("td", {className: "number"}, "+" + duration(model.begin[i])),
    element("td", {}, element("bdi", {}, model.threadOf(model.thread[i]))),
    element("td", {}, element("bdi", {}, this.details.brief(i))));
  }

  // Shows only the spans of a name.
  choose(name) {
    this.only = name;
    this.rows = PAGE_ROWS;
    this.show();
  }

  jump(i) {
    this.view.jump(i);
    byId("timeline").scrollIntoView({block: "nearest"});
  }
}

function eventTable(model, panel) {
  const {summary} = model.data;
  const table = (heads, rows) => element("table", {className: "list"}, element("thead", {}, element("tr", {}, heads.map(text =>
    element("th", {scope: "col"}, text)))), element("tbody", {}, rows.map(cells => element("tr", {}, cells.map((cell, n) =>
    element("td", {className: n ? "number" : ""}, cell))))));
  panel.replaceChildren(element("h3", {}, "Events by name"), table(["event", "count", "per second"],
    summary.byEvent.map(each => [each.event, count(each.count), count(each.perSecond)])),
  element("h3", {}, "Durations of all spans, also of those that the page has only as counts"),
  table(["span", "count", "median", "p99", "maximum"], Object.entries(summary.latencies).map(([name, each]) => [name,
    count(each.count), duration(each.medianNanos), duration(each.p99Nanos), duration(each.maxNanos)])),
  element("h3", {}, "CPUs"), table(["cpu", "events", "per second", "packets", "lost packets", "discarded events"],
    summary.byCpu.map(each => [String(each.cpu), count(each.count), count(each.perSecond), count(each.packets),
      count(each.lostPackets), count(each.discarded)])),
  summary.samples.length ? element("h3", {}, "CPU time by library") : "", summary.samples.length
    ? table(["library", "samples", "percent"], summary.samples.map(each => [each.library, count(each.count),
      count(each.percent)])) : "",
  element("h3", {}, "Process"), table(["property", "value"], Object.entries(summary.environment).map(([name, value]) =>
    [name, String(value)])));
}
