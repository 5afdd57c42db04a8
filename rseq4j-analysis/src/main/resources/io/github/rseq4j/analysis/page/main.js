// Builds the page.

function heading(data) {
  const {summary} = data, {environment} = summary;
  const title = `Trace of ${environment.hostname || "?"}, process ${environment.pid || "?"}`;
  byId("title").textContent = document.title = title;
  byId("facts").textContent = `${plural(summary.events, "event")}, ${plural(data.counts.spans, "span")} in `
    + `${duration(data.nanos)} from ${data.start}; ${count(summary.discarded)} discarded, ${count(summary.lostPackets)} packets `
    + `lost${summary.unmatched ? `, ${count(summary.unmatched)} begins or ends without a counterpart` : ""}; `
    + `${environment.jdk || ""} ${environment.arch || ""}`;
  const sentence = text => text.charAt(0).toUpperCase() + text.slice(1) + ".";
  byId("notes").append(...data.limits.map(text => element("li", {}, sentence(text))),
    ...data.notes.map(text => element("li", {}, sentence(text))),
    ...data.problems.map(text => element("li", {className: "warn"}, text)),
    ...data.problemCount > data.problems.length
      ? [element("li", {className: "warn"}, `${count(data.problemCount - data.problems.length)} more problems`)] : []);
}

function legend(model, palette) {
  const names = model.data.byTime.filter(name => model.isSpan[name]);
  byId("legend").append(...names.slice(0, 24).map(name => element("span", {}, palette.swatch(name), " ",
    model.data.names[name].name)), names.length > 24 ? `and ${names.length - 24} more names` : "",
  model.data.counts.instants ? element("span", {}, "\u25bc event") : "",
  model.jvm.length ? element("span", {}, palette.swatch(model.name[model.jvm[0]]), " event of the JVM") : "",
  model.data.counts.samples ? element("span", {}, "\u25aa CPU sample") : "");
}

// Tabs: one panel is shown, and fills itself when it is.
function tabs(view, panels) {
  const buttons = panels.map(([id, title], n) => element("button", {type: "button", role: "tab", id: "tab-" + id,
    "aria-controls": "panel-" + id, onclick: () => choose(n), onkeydown: event => {
      const by = {ArrowLeft: -1, ArrowRight: 1}[event.key];
      if (by) { event.preventDefault(); choose((n + by + panels.length) % panels.length).focus(); }
    }}, title));
  const choose = chosen => {
    panels.forEach(([, , panel], n) => {
      panel.hidden = n !== chosen;
      buttons[n].setAttribute("aria-selected", String(n === chosen));
      buttons[n].tabIndex = n === chosen ? 0 : -1;
    });
    view.changed("panel");
    return buttons[chosen];
  };
  byId("tabs").append(...buttons);
  byId("panels").append(...panels.map(([, , panel]) => panel));
  choose(0);
}

function panelOf(id) {
  return element("section", {id: "panel-" + id, role: "tabpanel", "aria-labelledby": "tab-" + id, tabindex: "-1", hidden: true});
}

function theme(view) {
  const choice = byId("theme");
  choice.addEventListener("change", () => {
    document.documentElement.style.colorScheme = choice.value || "light dark";
    view.changed("theme");
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => view.changed("theme"));
}

async function start() {
  const data = JSON.parse(takeText("data"));
  heading(data);
  const [columns, lines] = await Promise.all([inflate(takeText("columns")), inflate(takeText("arguments"))]);
  const decoded = decodeColumns(data.columns, columns);
  const model = new Model(data, decoded, new Lines(lines, decoded.begin.length));
  const view = new View(model), palette = new Palette(data), chart = new Chart(model, view, palette);
  const details = new Details(model, view, palette, new Reasons(model)), tooltip = new Tooltip(details, chart);
  const ids = ["slowest", "statistics", "spans", "samples", "counters", "events"];
  const panels = Object.fromEntries(ids.map(id => [id, panelOf("" + id)]));
  const slowest = new Slowest(model, view, palette, details, panels.slowest);
  new Statistics(model, view, palette, panels.statistics, name => {
    slowest.choose(name);
    search.spans(name);
    search.go(1);
    byId("timeline").scrollIntoView({block: "nearest"});
  });
  new Flame(model, view, palette, panels.spans, true);
  new Flame(model, view, palette, panels.samples, false);
  new Counters(model, view, panels.counters);
  eventTable(model, panels.events);
  tabs(view, [["slowest", "Slowest spans", panels.slowest], ["statistics", "Methods and statistics", panels.statistics],
    ["spans", "Flame graph of spans", panels.spans], ["samples", "Flame graph of CPU samples", panels.samples],
    ["counters", "Counters", panels.counters], ["events", "Events and process", panels.events]]);
  const filters = new Filters(model, view, palette), search = new Search(model, view);
  new Input({chart, view, tooltip, search, filters});
  byId("lanes").append(...data.layouts.map(each => element("option", {value: each.key}, each.title)));
  byId("lanes").addEventListener("change", event => {
    model.arrange(event.target.value);
    chart.scroller.scrollTop = 0;
    view.changed("lanes");
  });
  byId("whole").addEventListener("click", () => view.showAll());
  theme(view);
  legend(model, palette);
  byId("check").remove();
  document.documentElement.dataset.ready = "true";
  window.report = {model, view, chart};
}

start().catch(error => {
  byId("check").textContent = `The page could not be drawn: ${error}. It needs a browser of 2023 or later.`;
  document.documentElement.dataset.ready = "failed";
});
