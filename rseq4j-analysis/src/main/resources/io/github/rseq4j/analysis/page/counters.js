// Numeric fields and rates of events over time, drawn by uPlot under the flame chart's scale of time.

const MOST_SHOWN_AT_FIRST = 2, TRACK_HEIGHT = 160;

class Counters {
  constructor(model, view, panel) {
    this.model = model;
    this.view = view;
    this.panel = panel;
    this.plots = new Map();
    this.tracks = [{key: "rate:", title: "all events", isRate: true},
      ...model.data.rates.map(each => ({key: "rate:" + each.name, title: each.name, isRate: true})),
      ...model.data.series.map(each => ({key: each.name, title: each.name, isRate: false}))];
    const fields = this.tracks.filter(track => !track.isRate && !/(^| |_)(id|seq|n)$/i.test(track.title));
    this.chosen = new Set(["rate:", ...fields.slice(0, MOST_SHOWN_AT_FIRST).map(track => track.key)]);
    this.charts = element("div");
    this.fill();
    view.on(what => this.changed(what));
  }

  fill() {
    const list = isRate => element("details", {open: !isRate && this.tracks.length < 30}, element("summary", {},
      isRate ? "Rates of events" : "Numeric fields"), element("div", {className: "checks"},
      this.tracks.filter(track => track.isRate === isRate).map(track => element("label", {}, element("input", {
        type: "checkbox", checked: this.chosen.has(track.key), onchange: event => {
          if (event.target.checked) { this.chosen.add(track.key); } else { this.chosen.delete(track.key); }
          this.draw();
        }}), " " + track.title))));
    const beyond = this.model.data.seriesBeyond;
    this.panel.replaceChildren(element("p", {}, "The range of time is the chart's; a drag here zooms too. A line is the mean"
      + " of a step of time, the band its smallest and largest value."), list(false), list(true),
    beyond ? element("p", {className: "quiet"}, `${count(beyond)} values of further fields are left out.`) : "",
    this.charts);
  }

  changed(what) {
    if (this.panel.hidden) { return; }
    if (what.has("panel") || what.has("theme") || what.has("size")) { this.draw(); return; }
    if (what.has("time")) {
      this.isFollowing = true;
      this.plots.forEach(plot => plot.setScale("x", {min: this.view.from, max: this.view.to}));
      this.isFollowing = false;
    }
  }

  draw() {
    this.plots.forEach(plot => plot.destroy());
    this.plots.clear();
    this.charts.replaceChildren();
    for (const track of this.tracks.filter(each => this.chosen.has(each.key))) {
      const box = element("div", {role: "img", "aria-label": `${track.title} over time`});
      this.charts.append(box);
      this.plots.set(track.key, new uPlot(this.options(track), this.data(track), box));
    }
  }

  data(track) {
    const {columns, data} = this.model, step = track.isRate ? data.rateStepNanos : data.seriesStepNanos;
    const counts = columns[track.isRate ? track.key : "count:" + track.key], xs = [], lines = track.isRate ? [[]] : [[], [], []];
    for (let i = 0; i < counts.length && i * step <= this.model.total; i++) {
      if (track.isRate) {
        xs.push((i + 0.5) * step);
        lines[0].push(counts[i] / step * 1e9);
      } else if (counts[i] > 0) {
        xs.push((i + 0.5) * step);
        lines[0].push(columns["sum:" + track.key][i] / counts[i]);
        lines[1].push(columns["min:" + track.key][i]);
        lines[2].push(columns["max:" + track.key][i]);
      }
    }
    return [xs, ...lines];
  }

  options(track) {
    const {ink, line, select} = inks(), axis = {stroke: ink, grid: {stroke: line}, ticks: {stroke: line}};
    const label = track.isRate ? "events/s" : track.title.slice(track.title.indexOf(" ") + 1);
    const value = (_, v) => v === null || v === undefined ? "-" : short(v);
    const series = [{label: "time", value: (_, t) => t === null ? "-" : "+" + duration(t)},
      {label: track.isRate ? "rate" : "mean", stroke: "#0072b2", width: 1.5, value, points: {show: !track.isRate}}];
    if (!track.isRate) {
      series.push({label: "smallest", stroke: "#56b4e9", value, points: {show: false}},
        {label: "largest", stroke: "#d55e00", dash: [4, 3], value, points: {show: false}});
    }
    return {width: Math.max(this.panel.clientWidth - 8, 200), height: TRACK_HEIGHT, title: track.title,
      cursor: {sync: {key: "time"}, drag: {x: true, y: false}}, select: {fill: select},
      scales: {x: {time: false, min: this.view.from, max: this.view.to}}, series, bands: track.isRate ? []
        : [{series: [3, 2], fill: "#56b4e922"}], axes: [{...axis,
        values: (_, ticks) => ticks.map(t => tick(t, ticks.length > 1 ? ticks[1] - ticks[0] : 1, ticks[ticks.length - 1]))},
      {...axis, label, size: 80, labelSize: 18, values: (_, ticks) => ticks.map(short)}],
      hooks: {setSelect: [plot => plot.select.width > 3 && this.view.show(plot.posToVal(plot.select.left, "x"),
        plot.posToVal(plot.select.left + plot.select.width, "x"))]}};
  }
}
