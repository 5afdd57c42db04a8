// Pointer, wheel and keys.

const KEYS = [["W / S", "zoom in / out at the pointer"], ["A / D", "pan left / right"],
  ["\u2190 \u2192", "with a pinned span: the span before or after it in its row; else pan"],
  ["\u2191 \u2193", "with a pinned span: the span around it, or the longest span in it; else scroll the lanes"],
  ["/", "search; Enter and Shift+Enter go to the next and the previous match"],
  ["F", "zoom to the pinned span, or to the selected range"], ["M", "select the time of the pinned span"],
  ["0", "show the whole trace"], ["?", "this help"],
  ["Esc", "close, unpin, clear the selection, then search and filters"], ["click", "pin a bar: its details stay"],
  ["double click", "zoom to a bar"], ["drag", "select a range of time"], ["Shift + drag", "pan"],
  ["Ctrl + wheel", "zoom; after a click into the chart, the wheel alone zooms"],
  ["Shift + wheel", "scroll the lanes"]];

class Input {
  constructor(parts) {
    Object.assign(this, parts);
    this.pointer = null;
    this.wheelZooms = false;
    this.chartPointer();
    this.overviewPointer();
    this.resizer();
    document.addEventListener("keydown", event => this.key(event));
    this.help();
  }

  chartPointer() {
    const {chart, view, tooltip} = this, canvas = chart.canvas;
    canvas.addEventListener("pointerdown", event => {
      canvas.setPointerCapture(event.pointerId);
      this.wheelZooms = true;
      chart.drag = {x: event.offsetX, from: view.from, pans: event.shiftKey || event.button === 1, moved: false};
    });
    canvas.addEventListener("pointermove", event => this.move(event));
    canvas.addEventListener("pointerup", event => this.release(event));
    canvas.addEventListener("pointerleave", () => {
      this.pointer = null;
      tooltip.hide();
      this.hover(-1);
    });
    canvas.addEventListener("dblclick", event => {
      const hit = chart.hit(event.offsetX, event.offsetY);
      if (hit?.mark >= 0) { view.jump(hit.mark); }
    });
    canvas.addEventListener("blur", () => { this.wheelZooms = false; });
    canvas.addEventListener("wheel", event => this.wheel(event), {passive: false});
  }

  hover(mark) {
    if (this.chart.hovered !== mark) {
      this.chart.hovered = mark;
      this.view.changed("hover");
    }
  }

  move(event) {
    const {chart, view, tooltip} = this, {drag} = chart;
    this.pointer = event.offsetX;
    if (!drag) {
      const hit = chart.hit(event.offsetX, event.offsetY);
      this.hover(hit?.mark ?? -1);
      tooltip.show(hit, event);
      return;
    }
    drag.moved ||= Math.abs(event.offsetX - drag.x) > 4;
    tooltip.hide();
    if (drag.moved && drag.pans) {
      const length = view.to - view.from, from = drag.from - (event.offsetX - drag.x) / chart.width * length;
      view.show(from, from + length);
    } else if (drag.moved) {
      view.range = null;
      view.range = {from: Math.max(chart.time(Math.min(drag.x, event.offsetX)), 0),
        to: Math.min(chart.time(Math.max(drag.x, event.offsetX)), view.model.total)};
      view.changed("drag");
    }
  }

  release(event) {
    const {chart, view} = this, {drag} = chart;
    chart.drag = null;
    if (drag && !drag.moved) {
      const hit = chart.hit(event.offsetX, event.offsetY);
      view.pin(hit?.mark ?? -1);
    } else if (drag && !drag.pans) {
      view.select(chart.time(drag.x), chart.time(event.offsetX));
    }
  }

  wheel(event) {
    const {chart, view} = this;
    if (event.ctrlKey || event.metaKey || this.wheelZooms && !event.shiftKey) {
      event.preventDefault();
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        view.pan(event.deltaX / chart.width);
      } else {
        view.zoom(Math.exp(Math.min(Math.max(event.deltaY, -100), 100) * 0.003), chart.time(event.offsetX));
      }
    } else if (event.shiftKey && this.wheelZooms) {
      event.preventDefault();
      chart.scroller.scrollTop += event.deltaY || event.deltaX;
    }
  }

  overviewPointer() {
    const canvas = byId("overview"), {view} = this;
    const go = event => {
      const at = event.offsetX / canvas.clientWidth * view.model.total, half = (view.to - view.from) / 2;
      view.show(at - half, at + half);
    };
    canvas.addEventListener("pointerdown", event => { canvas.setPointerCapture(event.pointerId); go(event); });
    canvas.addEventListener("pointermove", event => { if (event.buttons) { go(event); } });
  }

  // The bar under the chart changes its height.
  resizer() {
    const bar = byId("resize"), box = byId("chart-box");
    const set = height => {
      this.chart.isSized = true;
      box.style.height = Math.max(height, 100) + "px";
    };
    let start = null;
    bar.addEventListener("pointerdown", event => {
      bar.setPointerCapture(event.pointerId);
      start = {y: event.clientY, height: box.clientHeight};
    });
    bar.addEventListener("pointermove", event => { if (start) { set(start.height + event.clientY - start.y); } });
    bar.addEventListener("pointerup", () => { start = null; });
    bar.addEventListener("keydown", event => {
      const by = {ArrowUp: -40, ArrowDown: 40}[event.key];
      if (by) { event.preventDefault(); event.stopPropagation(); set(box.clientHeight + by); }
    });
  }

  key(event) {
    const isText = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox";
    if (event.key === "Escape") { this.escape(event, isText); return; }
    if (isText || event.ctrlKey || event.metaKey || event.altKey || byId("help").open) { return; }
    const {view, chart} = this, at = this.pointer === null ? (view.from + view.to) / 2 : chart.time(this.pointer);
    const act = {w: () => view.zoom(0.7, at), s: () => view.zoom(1 / 0.7, at), a: () => view.pan(-0.15),
      d: () => view.pan(0.15), "/": () => { this.search.box.focus(); this.search.box.select(); },
      f: () => this.focus(), m: () => view.pinned >= 0 && view.select(view.model.begin[view.pinned],
        view.model.end(view.pinned)), 0: () => view.showAll(), "?": () => byId("help").showModal()}[event.key.toLowerCase()];
    const arrow = event.target === chart.canvas && {ArrowLeft: () => this.beside(-1), ArrowRight: () => this.beside(1),
      ArrowUp: () => this.outwards(), ArrowDown: () => this.inwards(), Enter: () => byId("details").focus()}[event.key];
    if (act || arrow) {
      event.preventDefault();
      (act || arrow)();
    }
  }

  focus() {
    const {view} = this;
    if (view.pinned >= 0) { view.jump(view.pinned); } else if (view.range) {
      const pad = (view.range.to - view.range.from) * 0.05;
      view.show(view.range.from - pad, view.range.to + pad);
    }
  }

  escape(event, isText) {
    const {view, search, filters} = this;
    if (byId("help").open) { return; }
    if (byId("names-box").open) { byId("names-box").open = false; } else if (isText && event.target.value) {
      event.target.value = "";
      event.target.dispatchEvent(new Event("input"));
      event.target.dispatchEvent(new Event("change"));
    } else if (isText) { event.target.blur(); } else if (view.pinned >= 0) { view.pin(-1); } else if (view.range) {
      view.select(null);
    } else if (search.box.value || search.chosen >= 0) { search.box.value = ""; search.find(); } else if (view.model.shown < view.model.size) {
      filters.clear();
    } else { document.activeElement.blur(); }
    event.preventDefault();
  }

  // The pinned span's neighbour in its row.
  beside(direction) {
    const {view} = this, {model} = view;
    if (view.pinned < 0) { view.pan(0.15 * direction); return; }
    const row = model.row[view.pinned];
    for (let i = view.pinned + direction; i >= 0 && i < model.size; i += direction) {
      if (model.row[i] === row && model.visible[i] && model.isBar[model.name[i]]) { this.go(i); return; }
    }
  }

  outwards() {
    const {view, chart} = this;
    if (view.pinned < 0) { chart.scroller.scrollTop -= 3 * ROW; } else if (view.model.parent[view.pinned] >= 0) {
      this.go(view.model.parent[view.pinned]);
    }
  }

  inwards() {
    const {view, chart} = this, {model} = view;
    if (view.pinned < 0) { chart.scroller.scrollTop += 3 * ROW; return; }
    const spans = [...model.childrenOf(view.pinned)].filter(i => model.isBar[model.name[i]]);
    if (spans.length) { this.go(spans.reduce((a, b) => model.nanos[b] > model.nanos[a] ? b : a)); }
  }

  // Pins a mark; moves the view only if the mark is not in it.
  go(i) {
    const {view} = this, {model} = view;
    if (model.end(i) < view.from || model.begin[i] > view.to || model.nanos[i] * this.chart.scale < 3) { view.jump(i); } else {
      view.pin(i);
      view.changed("reveal");
    }
  }

  help() {
    const dialog = byId("help");
    dialog.append(element("h2", {}, "Help"), element("table", {className: "list"}, element("tbody", {}, KEYS.map(([key, text]) =>
      element("tr", {}, element("th", {scope: "row"}, element("kbd", {}, key)), element("td", {}, text))))),
    element("p", {}, "A bar is a span: the time between two events of one thread. A triangle is an event without a length, a"
      + " small square at the bottom of a row a CPU sample. Hatched areas are spans that the page has only as counts; a"
      + " ragged end marks a span without an end in the trace, a dashed border one that does not nest."),
    element("p", {}, "Which request was slow, and why? Take the first row of the table of the slowest spans. The details"
      + " compare it with all others of its name, and show what ran in it and beside it."),
    element("form", {method: "dialog"}, element("button", {}, "Close")));
    byId("help-button").addEventListener("click", () => dialog.showModal());
  }
}
