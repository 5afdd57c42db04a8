// The flame chart: lanes of rows of bars on a canvas, its ruler, its labels, and the overview above it.

const ROW = 18, LANE_GAP = 7, RULER = 24, CHAR = 6.1, BAR_LABEL = 30, NEAR = 4;

function prepare(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const g = canvas.getContext("2d");
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, width, height);
  g.font = "11px system-ui, sans-serif";
  g.textBaseline = "middle";
  return g;
}

// The colours of the style, as the browser resolves them for the theme.
function inks() {
  const probe = byId("tip"), colors = {};
  for (const name of ["ink", "faint", "line", "page", "select", "band", "strong"]) {
    probe.style.color = `var(--${name})`;
    colors[name] = getComputedStyle(probe).color;
  }
  probe.style.color = "";
  return colors;
}

class Chart {
  constructor(model, view, palette) {
    this.model = model;
    this.view = view;
    this.palette = palette;
    this.canvas = byId("chart");
    this.scroller = byId("scroll");
    this.collapsed = new Set();
    this.hovered = -1;
    this.drag = null;
    this.place();
    this.scroller.addEventListener("scroll", () => this.view.changed("scroll"));
    view.on(what => this.changed(what));
    new ResizeObserver(() => this.view.changed("size")).observe(byId("chart-box"));
  }

  // Places the lanes from top to bottom.
  place() {
    this.tops = [];
    let top = 0;
    for (const lane of this.model.lanes) {
      this.tops.push(top);
      top += (this.collapsed.has(lane.name) ? 1 : lane.rows) * ROW + LANE_GAP;
    }
    this.tops.push(top);
    this.scroller.firstElementChild.style.height = top + RULER + "px";
    const box = byId("chart-box");
    if (!this.isSized) {
      box.style.height = Math.min(Math.max(top + RULER + 2, 160), Math.max(window.innerHeight * 0.55, 240)) + "px";
    }
  }

  changed(what) {
    if (what.has("lanes")) { this.place(); }
    if (what.has("reveal") && this.view.pinned >= 0) { this.reveal(this.view.pinned); }
    this.draw();
  }

  // Scrolls to the lane of a mark.
  reveal(i) {
    const row = this.model.row[i];
    if (row < 0) { return; }
    const lane = this.model.laneOfRow(row);
    this.collapsed.delete(this.model.lanes[lane].name) && this.place();
    const top = this.tops[lane] + (row - this.model.lanes[lane].first) * ROW, height = this.height - RULER;
    if (top < this.scroller.scrollTop || top + ROW > this.scroller.scrollTop + height) {
      this.scroller.scrollTop = Math.max(top - height / 3, 0);
    }
  }

  x(time) { return (time - this.view.from) * this.scale; }
  time(x) { return this.view.from + x / this.scale; }

  draw() {
    const {view, model} = this;
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    this.scale = this.width / (view.to - view.from);
    const g = prepare(this.canvas, this.width, this.height);
    this.g = g;
    this.inks = inks();
    this.one = this.together = this.counted = 0;
    const scroll = this.scroller.scrollTop;
    g.save();
    g.beginPath();
    g.rect(0, RULER, this.width, this.height - RULER);
    g.clip();
    this.grid(g, RULER, this.height);
    let lane = Math.max(this.tops.findLastIndex(top => top <= scroll), 0);
    const shown = [];
    for (; lane < model.lanes.length && this.tops[lane] - scroll + RULER < this.height; lane++) {
      const top = this.tops[lane] - scroll + RULER;
      shown.push([lane, top]);
      this.drawLane(model.lanes[lane], top);
    }
    this.marksAbove(g);
    g.restore();
    this.ruler(g);
    this.labels(shown);
    this.overview();
    this.status();
  }

  drawLane(lane, top) {
    const {g} = this;
    g.fillStyle = this.inks.line;
    g.fillRect(0, Math.round(top - LANE_GAP / 2) - 0.5, this.width, 1);
    const rows = this.collapsed.has(lane.name) ? 1 : lane.rows;
    for (let row = 0; row < rows; row++) {
      const y = top + row * ROW;
      if (y + ROW < RULER || y > this.height) { continue; }
      const cells = lane.cellRows.get(lane.first + row);
      if (cells && this.model.shown === this.model.size) { this.drawCells(cells, y); }
      this.drawRow(lane.first + row, y);
    }
  }

  drawRow(row, y) {
    const {model, view} = this, {starts, order, begins} = model;
    for (let c = CLASSES - 1; c >= 0; c--) {
      const lo = starts[row * CLASSES + c], hi = starts[row * CLASSES + c + 1];
      if (lo === hi) { continue; }
      let at = lowerBound(begins, lo, hi, view.from - (c === 0 ? 0 : 4 ** c));
      this.stride = 1;
      while (at < hi && begins[at] <= view.to) {
        const i = order[at], left = (begins[at] - view.from) * this.scale, width = model.nanos[i] * this.scale;
        if (c === 0) {
          at = this.drawPoints(at, hi, left, y);
        } else if (width >= 1) {
          if (left + width >= 0) { this.drawBar(i, left, width, y); }
          at++;
        } else {
          at = this.drawNarrow(at, hi, left, y);
        }
      }
    }
  }

  // The first position after `at` whose mark begins at or after a time: by steps that double, from the last answer's
  // length on, then by halves.
  skip(at, hi, time) {
    const {begins} = this.model;
    let step = this.stride, lo = at;
    while (lo + step < hi && begins[lo + step] < time) { lo += step; step *= 2; }
    const next = Math.max(lowerBound(begins, lo, Math.min(lo + step, hi), time), at + 1);
    this.stride = Math.max((next - at) >> 1, 1);
    return next;
  }

  drawBar(i, left, width, y) {
    const {g, model} = this, x = Math.max(left, -2), w = Math.min(left + width, this.width + 2) - x;
    const isDim = this.view.matches !== null && !this.view.matches.has(i);
    g.globalAlpha = isDim ? 0.22 : 1;
    g.fillStyle = this.palette.fill(g, model.name[i]);
    g.fillRect(x, y + 1, w > 3 ? w - 0.6 : w, ROW - 2);
    this.one++;
    if (model.flags[i] !== 0 && w > 4) { this.drawFlags(i, x, w, y); }
    if (w > BAR_LABEL) {
      g.fillStyle = this.palette.of(model.name[i]).ink;
      const room = Math.floor((w - 8) / CHAR), long = `${model.shortName(i)}  ${duration(model.whole(i))}`;
      const text = long.length <= room ? long : model.shortName(i);
      g.fillText(text.length <= room ? text : text.slice(0, Math.max(room - 1, 1)) + "\u2026", Math.max(x, 0) + 4,
        y + ROW / 2 + 0.5);
    }
    g.globalAlpha = 1;
  }

  // An unfinished span has a ragged end, a span that began earlier a ragged begin; one that does not nest is dashed.
  drawFlags(i, x, w, y) {
    const {g} = this;
    g.strokeStyle = this.inks.strong;
    g.setLineDash(this.model.flags[i] & OVERLAPS ? [3, 2] : []);
    g.beginPath();
    if (this.model.flags[i] & CUT) {
      for (let n = 0; n <= 4; n++) { g.lineTo(x + (n % 2 ? 4 : 1), y + 1 + n * (ROW - 2) / 4); }
    } else if (this.model.flags[i] & UNFINISHED) {
      for (let n = 0; n <= 4; n++) { g.lineTo(x + w - (n % 2 ? 4 : 1), y + 1 + n * (ROW - 2) / 4); }
    } else {
      g.rect(x + 0.5, y + 1.5, w - 1, ROW - 3);
    }
    g.stroke();
    g.setLineDash([]);
  }

  // Spans narrower than a pixel: one column for all that begin in it.
  drawNarrow(at, hi, left, y) {
    const {g, model} = this, column = Math.floor(left), next = this.skip(at, hi, this.time(column + 1));
    const isDim = this.view.matches !== null && !this.anyMatch(at, next);
    if (column >= 0 && column <= this.width) {
      g.globalAlpha = isDim ? 0.15 : 0.85;
      g.fillStyle = this.palette.of(model.name[model.order[at]]).color;
      g.fillRect(column, y + 1, 1, ROW - 2);
      g.globalAlpha = 1;
      if (next - at === 1) { this.one++; } else { this.together += next - at; }
    }
    return next;
  }

  anyMatch(from, to) {
    for (let at = from; at < Math.min(to, from + 64); at++) {
      if (this.view.matches.has(this.model.order[at])) { return true; }
    }
    return false;
  }

  // Instants are triangles at the top of a row, samples are squares at its bottom.
  drawPoints(at, hi, left, y) {
    const {g, model, view} = this, column = Math.floor(left), next = this.skip(at, hi, this.time(column + 1));
    let instants = 0, samples = 0, isMatch = this.view.matches === null;
    for (let n = at; n < next; n++) {
      if (model.kind(model.order[n]) === "SAMPLE") { samples++; } else { instants++; }
      isMatch ||= this.view.matches.has(model.order[n]);
    }
    g.globalAlpha = isMatch ? 1 : 0.2;
    // Where they are dense, thin marks stay apart.
    const gap = next < hi ? (model.begins[next] - view.from) * this.scale - left : Infinity;
    if (instants && gap < 9) {
      g.fillStyle = this.inks.strong;
      g.fillRect(left - 0.5, y, 1, 5);
    } else if (instants) {
      g.fillStyle = this.inks.strong;
      g.strokeStyle = this.inks.page;
      g.beginPath();
      g.moveTo(left - 4, y + 0.5);
      g.lineTo(left + 4, y + 0.5);
      g.lineTo(left, y + 7);
      g.closePath();
      g.stroke();
      g.fill();
    }
    if (samples) {
      g.fillStyle = this.inks.strong;
      g.fillRect(left - 1, y + ROW - 5, 2, 4);
    }
    g.globalAlpha = 1;
    if (next - at === 1) { this.one++; } else { this.together += next - at; }
    return next;
  }

  // Marks that the page has only as counts: hatched, as high as the part of the time that they take.
  drawCells(cells, y) {
    const {g, model, view} = this, columns = model.columns;
    const level = cells.levels.findLast(([step]) => step * this.scale <= 3) || cells.levels[0];
    const [step, first, size] = level, steps = columns["cell:step"];
    let lo = first, hi = first + size;
    while (lo < hi) {
      const middle = (lo + hi) >>> 1;
      if ((steps[middle] + 1) * step < view.from) { lo = middle + 1; } else { hi = middle; }
    }
    for (; lo < first + size && steps[lo] * step <= view.to; lo++) {
      const left = this.x(steps[lo] * step), width = Math.max(step * this.scale, 1);
      const part = Math.min(columns["cell:nanos"][lo] / step, 1), high = Math.max(3, part * (ROW - 3));
      const {color} = this.palette.of(columns["cell:name"][lo]);
      g.fillStyle = width > 3 ? this.palette.patternOf(g, color, "stripes") : color;
      g.globalAlpha = 0.6;
      g.fillRect(left, y + ROW - 1 - high, width, high);
      g.globalAlpha = 1;
      this.counted += columns["cell:count"][lo];
      if (width > 60) {
        g.fillStyle = this.inks.ink;
        g.fillText(plural(columns["cell:count"][lo], "short span"), Math.max(left, 0) + 4, y + ROW / 2);
      }
    }
  }

  grid(g, top, bottom) {
    const step = niceStep((this.view.to - this.view.from) / Math.max(this.width / 110, 1));
    this.step = step;
    g.fillStyle = this.inks.line;
    for (let t = Math.ceil(this.view.from / step) * step; t <= this.view.to; t += step) {
      g.fillRect(Math.round(this.x(t)), top, 1, bottom - top);
    }
  }

  ruler(g) {
    g.fillStyle = this.inks.band;
    g.fillRect(0, 0, this.width, RULER - 1);
    g.fillStyle = this.inks.ink;
    const step = this.step, largest = Math.max(Math.abs(this.view.from), Math.abs(this.view.to));
    for (let t = Math.ceil(this.view.from / step) * step; t <= this.view.to; t += step) {
      const x = Math.round(this.x(t));
      g.fillRect(x, RULER - 6, 1, 5);
      g.fillText(tick(t, step, largest), x + 3, RULER / 2);
    }
  }

  // Selection, pinned and hovered mark, on top of the bars.
  marksAbove(g) {
    const {view} = this;
    if (view.range) {
      const left = this.x(view.range.from), right = this.x(view.range.to);
      g.fillStyle = this.inks.select;
      g.globalAlpha = 0.18;
      g.fillRect(left, RULER, right - left, this.height);
      g.globalAlpha = 1;
      g.fillRect(left - 0.5, RULER, 1, this.height);
      g.fillRect(right - 0.5, RULER, 1, this.height);
      g.fillStyle = this.inks.strong;
      if (right > 0 && left < this.width) {
        g.fillText(duration(view.range.to - view.range.from), Math.max(left, 0) + 4, this.height - 10);
      }
    }
    for (const [i, width] of [[this.hovered, 1], [view.pinned, 2.5]]) {
      const box = i >= 0 && this.boxOf(i);
      if (box) {
        g.strokeStyle = this.inks.strong;
        g.lineWidth = width;
        g.strokeRect(box.x - 0.5, box.y + 0.5, Math.max(box.width + 1, 3), ROW - 1);
        g.lineWidth = 1;
      }
    }
  }

  boxOf(i) {
    const row = this.model.row[i];
    if (row < 0 || i >= this.model.size) { return null; }
    const lane = this.model.laneOfRow(row), inLane = row - this.model.lanes[lane].first;
    if (this.collapsed.has(this.model.lanes[lane].name) && inLane > 0) { return null; }
    return {x: Math.max(this.x(this.model.begin[i]), -3), y: this.tops[lane] - this.scroller.scrollTop + RULER + inLane * ROW,
      width: Math.min(this.x(this.model.end(i)), this.width + 3) - Math.max(this.x(this.model.begin[i]), -3)};
  }

  labels(shown) {
    const box = byId("labels");
    box.replaceChildren(...shown.map(([lane, top]) => {
      const {name, rows, overflow} = this.model.lanes[lane], isClosed = this.collapsed.has(name);
      const text = (isClosed ? "\u25b8 " : rows > 1 ? "\u25be " : "") + name + (rows > 1 && !/^thread /.test(name)
        ? ` (${plural(rows, "row")})` : "");
      const title = name + (overflow ? `\n${plural(overflow, "mark")} ran beside ${rows - 1} others and found no row of`
        + " their own: they are in the hatched row" : "");
      return element("button", {type: "button", title, "aria-expanded": String(!isClosed), className: "lane",
        style: `top:${top}px`, onclick: () => this.toggle(name)}, text);
    }));
  }

  toggle(name) {
    if (!this.collapsed.delete(name)) { this.collapsed.add(name); }
    this.view.changed("lanes");
  }

  overview() {
    const canvas = byId("overview"), width = canvas.clientWidth, height = canvas.clientHeight;
    const g = prepare(canvas, width, height), {model, view} = this, rates = model.columns["rate:"];
    const step = model.data.rateStepNanos, scale = width / model.total, sums = new Float64Array(width + 1);
    for (let i = 0; i < rates.length; i++) { sums[Math.min(Math.floor(i * step * scale), width)] += rates[i]; }
    const most = sums.reduce((a, b) => Math.max(a, b), 1), middle = height - 2;
    g.fillStyle = this.inks.faint;
    const wide = Math.max(1, Math.ceil(step * scale));
    for (let x = 0; x <= width; x++) {
      if (sums[x]) { const h = Math.max(1, Math.sqrt(sums[x] / most) * middle); g.fillRect(x, height - h, wide, h); }
    }
    const left = view.from * scale, right = Math.max(view.to * scale, left + 3);
    g.fillStyle = this.inks.page;
    g.globalAlpha = 0.6;
    g.fillRect(0, 0, left, height);
    g.fillRect(right, 0, width - right, height);
    g.globalAlpha = 1;
    g.strokeStyle = this.inks.strong;
    g.strokeRect(left + 0.5, 0.5, right - left - 1, height - 1);
    canvas.setAttribute("aria-label", `Events over the whole trace of ${duration(model.total)}; shown are `
      + `${duration(view.to - view.from)} from ${duration(Math.max(view.from, 0))} on`);
  }

  status() {
    const {view, model} = this, parts = [];
    parts.push(`Shown: ${duration(view.to - view.from)} from +${exact(Math.max(Math.round(view.from), 0))}`);
    parts.push(`${plural(this.one, "mark")} drawn one by one`);
    if (this.together) { parts.push(`${count(this.together)} narrower than a pixel, drawn together: zoom in to see each`); }
    if (this.counted) {
      parts.push(`about ${count(this.counted)} shorter ones only as counts (hatched): the page's limit left them out`);
    }
    if (model.shown < model.size) {
      parts.push(`the filters hide ${plural(model.size - model.shown, "mark")}`
        + (model.data.counts.keptSpans < model.data.counts.spans ? ", and all counts" : ""));
    }
    const text = parts.join("; ") + ".";
    if (byId("status").textContent !== text) { byId("status").textContent = text; }
  }

  // The mark at a place of the canvas, or the cell there, or null.
  hit(x, y) {
    const model = this.model, at = y - RULER + this.scroller.scrollTop;
    if (y < RULER || at < 0) { return null; }
    const lane = Math.max(this.tops.findLastIndex(top => top <= at), 0);
    if (lane >= model.lanes.length) { return null; }
    const inLane = Math.floor((at - this.tops[lane]) / ROW);
    if (inLane >= (this.collapsed.has(model.lanes[lane].name) ? 1 : model.lanes[lane].rows)) { return null; }
    const row = model.lanes[lane].first + inLane, mark = this.markAt(row, this.time(x), at - this.tops[lane] - inLane * ROW);
    return mark >= 0 ? {mark} : this.cellAt(model.lanes[lane].cellRows.get(row), this.time(x));
  }

  // An instant at the top of a row or a sample at its bottom, if one is near; else a span; else any that is near.
  markAt(row, time, y) {
    const isThere = i => this.model.kind(i) === "SAMPLE" ? y >= ROW - 7 : y <= 8;
    let best = this.nearest(row, 0, 1, time, isThere);
    if (best < 0) { best = this.nearest(row, 1, CLASSES, time, () => true); }
    return best < 0 ? this.nearest(row, 0, 1, time, () => true) : best;
  }

  // The nearest and longest mark of some classes.
  nearest(row, from, to, time, isWanted) {
    const {starts, order, begins, nanos} = this.model, near = NEAR / this.scale;
    let best = -1, distance = near;
    for (let c = from; c < to; c++) {
      const lo = starts[row * CLASSES + c], hi = starts[row * CLASSES + c + 1];
      let at = lowerBound(begins, lo, hi, time - near - (c === 0 ? 0 : 4 ** c));
      for (; at < hi && begins[at] <= time + near; at++) {
        const i = order[at], away = Math.max(begins[at] - time, time - begins[at] - nanos[i], 0);
        if (isWanted(i) && (away < distance || away === distance && best >= 0 && nanos[i] > nanos[best])) {
          best = i;
          distance = away;
        }
      }
    }
    return best;
  }

  cellAt(cells, time) {
    if (!cells || this.model.shown < this.model.size) { return null; }
    const level = cells.levels.findLast(([step]) => step * this.scale <= 3) || cells.levels[0];
    const steps = this.model.columns["cell:step"], near = NEAR / this.scale;
    for (let i = level[1]; i < level[1] + level[2]; i++) {
      if (steps[i] * level[0] <= time + near && (steps[i] + 1) * level[0] >= time - near) {
        return {cell: i, step: level[0], isOverflow: cells.isOverflow};
      }
    }
    return null;
  }
}
