// Flame graphs: of spans, by the names around them; and of CPU samples, by their stacks.

const MOST_BOXES = 1500, BOX_HEIGHT = 20;

class Flame {
  constructor(model, view, palette, panel, isOfSpans) {
    this.model = model;
    this.view = view;
    this.palette = palette;
    this.panel = panel;
    this.isOfSpans = isOfSpans;
    this.zoomed = 0;
    view.on(what => (what.has("range") || what.has("panel") || what.has("filter")) && this.show());
  }

  text(value) { return this.isOfSpans ? duration(value) : plural(value, "sample"); }

  // The tree of the whole trace, which the page has complete.
  whole() {
    const {columns, data} = this.model, key = this.isOfSpans ? "spanTree" : "sampleTree", nodes = [];
    data[key + "Names"].forEach((name, i) => {
      const parent = i === 0 ? null : nodes[i - columns[key + ":parent"][i]];
      nodes.push({name, parent, children: [], count: columns[key + ":count"][i], total: columns[key + ":total"][i],
        self: columns[key + ":self"][i]});
      if (parent) { parent.children.push(nodes[i]); }
    });
    // A sample counts for all frames of its stack.
    for (let i = nodes.length - 1; i > 0 && !this.isOfSpans; i--) {
      nodes[i].total = nodes[i].self + nodes[i].children.reduce((sum, child) => sum + child.total, 0);
    }
    return this.rooted(nodes[0]);
  }

  rooted(root) {
    root.total = root.children.reduce((sum, child) => sum + child.total, 0);
    root.count = root.children.reduce((sum, child) => sum + child.count, 0);
    root.self = 0;
    root.name = this.isOfSpans ? "all spans" : "all samples";
    return root;
  }

  // The tree of the marks that the page has one by one, as far as they lie in a range of time.
  inRange(from, to) {
    const {model} = this, root = {name: "", parent: null, children: [], count: 0, total: 0, self: 0};
    const nodes = new Map(), byKey = new Map();
    const child = (parent, name) => {
      if (!byKey.has(parent)) { byKey.set(parent, new Map()); }
      const own = byKey.get(parent);
      if (!own.has(name)) {
        const node = {name, parent, children: [], count: 0, total: 0, self: 0};
        own.set(name, node);
        parent.children.push(node);
      }
      return own.get(name);
    };
    for (const i of model.overlapping(from, to)) {
      if (!this.isOfSpans && model.kind(i) === "SAMPLE") {
        let node = root;
        for (const frame of this.framesOf(i).reverse()) { node = child(node, frame); node.total++; node.count++; }
        node.self++;
      }
      if (this.isOfSpans && model.isSpan[model.name[i]]) {
        const length = Math.min(model.end(i), to) - Math.max(model.begin[i], from);
        const parent = nodes.get(model.parent[i]), node = child(parent || root, model.nameOf(i));
        nodes.set(i, node);
        node.count++;
        node.total += length;
        node.self += length;
        if (parent) { parent.self -= length; }
      }
    }
    return this.rooted(root);
  }

  framesOf(i) {
    const {columns, data} = this.model, frames = [];
    for (let node = this.model.stack[i]; node > 0; node -= columns["sampleTree:parent"][node]) {
      frames.push(data.sampleTreeNames[node]);
    }
    return frames;
  }

  show() {
    if (this.panel.hidden) { return; }
    const {view, model} = this, range = view.range;
    this.root = range ? this.inRange(range.from, range.to) : this.whole();
    this.top = this.root;
    const parts = [element("p", {}, range ? `The selected ${duration(range.to - range.from)}`
      : "The whole trace, all threads", this.isOfSpans ? ": spans by the spans around them. A box is as wide as the time"
      + " of its spans; what its children leave free is its self time. " : ": CPU samples by their stacks. A box is as"
      + " wide as the number of its samples. ", range ? "Spans that the page has only as counts are not in it. " : "",
    "Click a box to enlarge it.")];
    if (!this.isOfSpans) { parts.push(this.advice()); }
    if (this.root.children.length === 0) {
      parts.push(element("p", {className: "quiet"}, this.isOfSpans ? "No span is there." : "No sample is there."));
    } else {
      this.boxes = element("div", {className: "flame", role: "group", "aria-label": "Flame graph"});
      this.now = element("p", {className: "quiet", "aria-live": "polite"});
      parts.push(this.boxes, this.now, this.table());
    }
    this.panel.replaceChildren(...parts.filter(part => part));
    if (this.root.children.length) { this.draw(); }
    model.flame = this;
  }

  advice() {
    const {summary, hasStacks} = this.model.data;
    if (hasStacks) { return null; }
    return element("p", {className: "quiet"}, summary.samples.length
      ? "The tracer's samples have an address and no stack. JFR or async-profiler records stacks: "
      : "The trace has no CPU samples: Tracer.sampleCpu records them, without stacks. JFR or async-profiler records stacks: ",
    element("code", {}, "rseq4j trace report DIR --html FILE --jfr RECORDING.jfr"), " merges them into this page.");
  }

  draw() {
    const boxes = [], width = this.boxes.clientWidth || this.panel.clientWidth, path = [];
    for (let node = this.top; node; node = node.parent) { path.unshift(node); }
    path.slice(0, -1).forEach((node, depth) => boxes.push({node, depth, left: 0, part: 1}));
    const queue = [{node: this.top, depth: path.length - 1, left: 0, part: 1}];
    let narrow = 0;
    while (queue.length > 0) {
      const box = queue.shift();
      if (box.part * width < 2 || boxes.length >= MOST_BOXES) { narrow++; continue; }
      boxes.push(box);
      let left = box.left;
      for (const child of [...box.node.children].sort((a, b) => b.total - a.total)) {
        const part = box.part * child.total / Math.max(box.node.total, 1e-9);
        queue.push({node: child, depth: box.depth + 1, left, part});
        left += part;
      }
    }
    this.boxes.style.height = (Math.max(...boxes.map(box => box.depth)) + 1) * BOX_HEIGHT + 4 + "px";
    this.boxes.replaceChildren(...boxes.map(box => this.box(box)));
    this.now.textContent = this.describe(this.top) + (narrow ? `; ${plural(narrow, "box", "boxes")} narrower than two pixels `
      + "not drawn" : "");
  }

  describe(node) {
    return `${node.name}: total ${this.text(node.total)} (${percent(node.total, this.root.total)}), self `
      + `${this.text(node.self)}` + (this.isOfSpans ? `, ${plural(node.count, "span")}` : "");
  }

  box({node, depth, left, part}) {
    const name = this.model.data.names.findIndex(each => each.name === node.name);
    const color = node === this.root ? "var(--band)" : this.isOfSpans ? this.palette.of(name).color : frameColor(node.name);
    const ink = node === this.root ? "var(--ink)" : this.isOfSpans ? this.palette.of(name).ink : "#000";
    return element("button", {type: "button", title: this.describe(node), style: `left:${100 * left}%;width:${100 * part}%;`
      + `top:${depth * BOX_HEIGHT}px;background:${color};color:${ink}`, onclick: () => { this.top = node; this.draw(); },
    onfocus: () => { this.now.textContent = this.describe(node); }}, node.name);
  }

  // The names with the most self time, however deep.
  table() {
    const byName = new Map(), queue = [...this.root.children.map(node => [node, new Set()])];
    while (queue.length > 0) {
      const [node, around] = queue.pop();
      if (!byName.has(node.name)) { byName.set(node.name, {self: 0, total: 0, count: 0}); }
      const each = byName.get(node.name);
      each.self += node.self;
      each.count += node.count;
      // A name in itself counts once.
      if (!around.has(node.name)) { each.total += node.total; }
      const inner = new Set(around).add(node.name);
      node.children.forEach(child => queue.push([child, inner]));
    }
    const rows = [...byName].sort((a, b) => b[1].self - a[1].self).slice(0, 50);
    return element("table", {className: "list"}, element("thead", {}, element("tr", {}, [this.isOfSpans ? "span" : "function",
      "self", "of all", "total", this.isOfSpans ? "spans" : "samples"].map(text => element("th", {scope: "col"}, text)))),
    element("tbody", {}, rows.map(([name, each]) => element("tr", {}, element("td", {}, element("bdi", {}, name)),
      element("td", {className: "number"}, this.text(each.self)),
      element("td", {className: "number"}, percent(each.self, this.root.total)),
      element("td", {className: "number"}, this.text(each.total)),
      element("td", {className: "number"}, count(each.count))))));
  }
}

// A colour for a frame: by its package or library.
function frameColor(name) {
  const group = name.replace(/\([^)]*\)?.*$/, "").split(/[./]/).slice(0, 2).join(".");
  let hash = 7;
  for (const c of group) { hash = (hash * 31 + c.charCodeAt(0)) >>> 0; }
  return ["#f5c26b", "#8fd0f5", "#66c7a5", "#e0b0cc", "#f6ee8a", "#f0a070", "#c4c4c4"][hash % 7];
}
