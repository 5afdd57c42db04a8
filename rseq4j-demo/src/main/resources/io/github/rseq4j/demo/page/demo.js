// Builds the page of the demo.

const COLORS = ["#0072b2", "#e69f00", "#009e73"], DASHES = [[], [8, 4], [2, 3]];
const VERDICTS = {"better": "better", "worse": "worse", "no difference shown": "same"};

function measures(data) {
  const [ours, ...peers] = data.sides;
  const head = [`median of ${data.rounds} turns`, ours, ...peers.flatMap(peer => [peer, `${ours} / ${peer}`, ""])];
  return element("table", {className: "measures"}, element("thead", {}, element("tr", {},
    head.map(text => element("th", {scope: "col"}, text)))), element("tbody", {}, data.measures.map(row =>
    element("tr", {}, element("td", {}, row.title), element("td", {}, row.values[0]), row.ratios.flatMap((ratio, i) => [
      element("td", {}, row.values[i + 1]), element("td", {}, ratio.text),
      element("td", {className: VERDICTS[ratio.verdict]}, ratio.verdict)])))));
}

function turns(data) {
  const rounds = [...Array(data.rounds).keys()];
  return element("table", {className: "measures"}, element("thead", {}, element("tr", {},
    ["", "", ...rounds.map(i => `turn ${i + 1}`)].map(text => element("th", {scope: "col"}, text)))),
  element("tbody", {}, data.measures.flatMap(row => data.sides.map((side, n) => element("tr", {},
    element("td", {}, row.title), element("td", {}, side), row.turns[n].map(text => element("td", {}, text)))))));
}

function inks() {
  const style = getComputedStyle(document.body), of = name => {
    const probe = element("span", {style: `color: var(${name})`});
    document.body.append(probe);
    const color = getComputedStyle(probe).color;
    probe.remove();
    return color;
  };
  return {ink: style.color, line: of("--line")};
}

// One in n requests, as the percentile that the field writes.
function percentile(n) {
  return n <= 1 ? "0" : "p" + Number((100 - 100 / n).toPrecision(Math.max(2, Math.ceil(Math.log10(n)) + 1)));
}

class Curves {
  constructor(data) {
    this.curves = data.curves;
    this.plot = null;
    this.draw();
    window.addEventListener("resize", () => this.draw());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  draw() {
    const box = byId("curves"), {ink, line} = inks(), axis = {stroke: ink, grid: {stroke: line}, ticks: {stroke: line}};
    const longest = this.curves.reduce((a, b) => a.oneIn.length >= b.oneIn.length ? a : b);
    const series = this.curves.map((curve, i) => ({label: curve.side, stroke: COLORS[i], width: 2, dash: DASHES[i],
      points: {show: false}, value: (_, v) => v === null || v === undefined ? "-" : short(v) + " ms"}));
    if (this.plot) { this.plot.destroy(); }
    this.plot = new uPlot({width: Math.max(box.clientWidth - 8, 280), height: 360,
      scales: {x: {time: false, distr: 3}, y: {distr: 3}},
      series: [{label: "percentile", value: (_, n) => n === null ? "-" : percentile(n)}, ...series],
      axes: [{...axis, label: "percentile",
        values: (_, ticks) => ticks.map(n => n === null || Math.log10(n) % 1 ? "" : percentile(n))},
        {...axis, label: "ms", size: 70, values: (_, ticks) => ticks.map(v => v === null ? "" : short(v))}]},
    [longest.oneIn, ...this.curves.map(curve => curve.millis)], box);
  }
}

// Shows the page of the trace in a frame, with the slow request in its middle.
async function timeline(data) {
  const text = takeText("trace");
  if (!data.slow) {
    byId("slow-text").textContent = "No store of a turn waited for the lock long enough to trigger a snapshot.";
    return null;
  }
  byId("slow-text").textContent = `Request ${data.slow.id}, a store to ${data.slow.path}, took `
    + `${duration(data.slow.nanos)}. For ${duration(data.slow.waitNanos)} of them it waited for the lock of the `
    + "catalogue. It has triggered a snapshot of the flight recorder. The timeline below is that snapshot, as rseq4j "
    + "trace report shows it. The wait is lock_wait. Reports hold the lock (lock) for a long query (query).";
  const frame = element("iframe", {title: "Timeline of the slow request"});
  frame.srcdoc = new TextDecoder().decode(await inflate(text));
  byId("slow").append(frame);
  const state = () => frame.contentDocument?.documentElement.dataset.ready;
  while (!state()) {
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  if (state() === "failed") {
    throw new Error(`the timeline says: ${frame.contentDocument.getElementById("check").textContent}`);
  }
  const {model, view} = frame.contentWindow.report;
  const isOurs = ({field, value}) => field === "id" && value === String(data.slow.id);
  const found = [...Array(model.size).keys()].find(i => model.nameOf(i) === "service:request"
    && model.fields(i)?.some(isOurs));
  if (found !== undefined) { view.jump(found); }
  return found;
}

async function start() {
  const data = JSON.parse(takeText("data"));
  byId("intro").append(...data.intro.map(text => element("li", {}, text)));
  byId("verdict").textContent = data.differences.length
    ? "A total differs from the client's count."
    : "All totals agree with the client's count: counters, histograms, /metrics, recorders.";
  byId("verdict").after(...data.differences.map(text => element("p", {className: "warn"}, text)));
  byId("table").append(measures(data));
  byId("turns").append(turns(data));
  byId("sentences").append(...data.sentences.map(text => element("li", {}, text)));
  byId("machine").append(element("table", {className: "values"}, element("tbody", {}, Object.entries(data.machine).map(
    ([name, value]) => element("tr", {}, element("th", {scope: "row"}, name), element("td", {}, String(value)))))));
  const curves = new Curves(data);
  const found = await timeline(data);
  byId("check").remove();
  window.demo = {data, curves, found};
  document.documentElement.dataset.ready = "true";
}

start().catch(error => {
  byId("check").textContent = `The page could not be drawn: ${error}. It needs a browser of 2023 or later.`;
});
