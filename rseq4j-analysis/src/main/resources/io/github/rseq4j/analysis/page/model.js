// The marks of the page: spans, instants and samples, in the order of their begins; and their lanes.

const CLASSES = 32, UNFINISHED = 1, OVERLAPS = 2, CUT = 4, LEFT_OUT = "\u0003";

// The first position in [lo, hi) whose value is at least the target.
function lowerBound(values, lo, hi, target) {
  while (lo < hi) {
    const middle = (lo + hi) >>> 1;
    if (values[middle] < target) { lo = middle + 1; } else { hi = middle; }
  }
  return lo;
}

class Model {
  constructor(data, columns, lines) {
    this.data = data;
    this.columns = columns;
    this.lines = lines;
    this.size = columns.begin.length;
    for (const name of ["begin", "nanos", "cut", "name", "cpu", "endCpu", "childNanos", "children", "flags", "stack", "parent",
      "thread"]) {
      this[name] = columns[name];
    }
    this.total = data.nanos;
    this.isSpan = data.names.map(name => name.kind === "SPAN");
    // Bars: spans, and events of the JVM.
    this.isBar = data.names.map(name => name.kind === "SPAN" || name.kind === "JVM");
    this.kinds = data.names.map(name => name.kind);
    // The row of the page stores the distance to the parent; 0 stands for none.
    for (let i = 0; i < this.size; i++) {
      this.parent[i] = this.parent[i] === 0 ? -1 : i - this.parent[i];
      this.endCpu[i] += this.cpu[i];
    }
    this.visible = new Uint8Array(this.size).fill(1);
    this.shown = this.size;
    this.arrange(data.layouts[0].key);
    this.childLists();
    this.jvm = [...Array(this.size).keys()].filter(i => this.kind(i) === "JVM");
  }

  // Orders the visible marks by row, then by class of length, then by begin.
  arrange(key) {
    this.layout = this.data.layouts.find(each => each.key === key);
    const rows = this.columns["row:" + key];
    this.row = rows;
    this.lanes = [];
    let first = 0;
    for (const lane of this.layout.lanes) {
      this.lanes.push({...lane, first, cellRows: new Map(lane.cells.map(each => [first + each.row, each]))});
      first += lane.rows;
    }
    this.rows = first;
    const starts = new Uint32Array(this.rows * CLASSES + 1);
    const classOf = i => this.isBar[this.name[i]]
      ? Math.min(CLASSES - 1, 1 + Math.floor(Math.log2(Math.max(this.nanos[i], 1)) / 2)) : 0;
    const classes = new Uint8Array(this.size);
    for (let i = 0; i < this.size; i++) {
      classes[i] = classOf(i);
      if (rows[i] >= 0 && this.visible[i]) { starts[rows[i] * CLASSES + classes[i] + 1]++; }
    }
    for (let i = 1; i < starts.length; i++) { starts[i] += starts[i - 1]; }
    this.starts = starts.slice();
    this.order = new Uint32Array(starts[starts.length - 1]);
    for (let i = 0; i < this.size; i++) {
      if (rows[i] >= 0 && this.visible[i]) { this.order[starts[rows[i] * CLASSES + classes[i]]++] = i; }
    }
    this.begins = Float64Array.from(this.order, i => this.begin[i]);
  }

  laneOfRow(row) {
    let lo = 0, hi = this.lanes.length;
    while (hi - lo > 1) {
      const middle = (lo + hi) >>> 1;
      if (this.lanes[middle].first <= row) { lo = middle; } else { hi = middle; }
    }
    return lo;
  }

  // The marks directly in each mark, as a compressed list.
  childLists() {
    const starts = new Uint32Array(this.size + 1);
    for (let i = 0; i < this.size; i++) { if (this.parent[i] >= 0) { starts[this.parent[i] + 1]++; } }
    for (let i = 1; i <= this.size; i++) { starts[i] += starts[i - 1]; }
    this.childStarts = starts.slice();
    this.childOrder = new Uint32Array(starts[this.size]);
    for (let i = 0; i < this.size; i++) {
      if (this.parent[i] >= 0) { this.childOrder[starts[this.parent[i]]++] = i; }
    }
  }

  childrenOf(i) {
    return this.childOrder.subarray(this.childStarts[i], this.childStarts[i + 1]);
  }

  end(i) { return this.begin[i] + this.nanos[i]; }
  // The duration; longer than the mark if the span began before the first event.
  whole(i) { return this.nanos[i] + this.cut[i]; }
  self(i) { return Math.max(this.whole(i) - this.childNanos[i], 0); }
  nameOf(i) { return this.data.names[this.name[i]].name; }
  kind(i) { return this.kinds[this.name[i]]; }
  shortName(i) { const name = this.nameOf(i); return name.slice(name.indexOf(":") + 1); }

  threadOf(thread) {
    const track = this.data.tracks[this.columns.threadTrack[thread]];
    const name = this.data.threadNames[this.columns.threadName[thread]];
    return track.kind === "THREAD" || track.kind === "JVM" ? track.name
      : (track.kind === "VIRTUAL" ? "virtual thread " : "thread ") + this.columns.threadId[thread]
        + (name ? ` "${name}"` : "");
  }

  // The events of the JVM in the time of a span: of its thread, and those that stop all threads.
  jvmOf(span) {
    return this.jvm.filter(i => this.begin[i] < this.end(span) && this.end(i) > this.begin[span]
      && (this.thread[i] === this.thread[span] || this.isOfJvm(i)));
  }

  // Whether a mark is in the lane of the JVM.
  isOfJvm(i) { return this.data.tracks[this.columns.threadTrack[this.thread[i]]].kind === "JVM"; }

  // The fields of a mark: name and value; undefined if the page leaves the values out.
  fields(i) {
    const name = this.data.names[this.name[i]];
    if (name.fields.length === 0) { return []; }
    const line = this.lines.get(i);
    if (line === LEFT_OUT) { return undefined; }
    const values = line.split("\u0001");
    const begins = name.fields.length - name.endFields;
    return name.fields.map((field, n) => ({field, value: values[n], isEnd: n >= begins}))
      .filter(each => each.value !== undefined && each.value !== "");
  }

  // The marks that begin before a time and end after another, as far as their lengths allow; in the order of begins.
  *overlapping(from, to) {
    if (!this.ends) { this.maxEnds(); }
    let i = this.firstThatEndsAfter(from);
    for (; i < this.size && this.begin[i] <= to; i++) {
      if (this.begin[i] + this.nanos[i] >= from) { yield i; }
    }
  }

  // The largest end of all marks up to each mark: ascending, so that a binary search finds where overlaps begin.
  maxEnds() {
    this.ends = new Float64Array(this.size);
    let largest = 0;
    for (let i = 0; i < this.size; i++) {
      largest = Math.max(largest, this.begin[i] + this.nanos[i]);
      this.ends[i] = largest;
    }
  }

  firstThatEndsAfter(time) {
    let lo = 0, hi = this.size;
    while (lo < hi) {
      const middle = (lo + hi) >>> 1;
      if (this.ends[middle] < time) { lo = middle + 1; } else { hi = middle; }
    }
    return lo;
  }

  // The number of marks in a range of time that the page has only as counts.
  countedIn(from, to) {
    let sum = 0;
    for (const lane of this.data.layouts[0].lanes) {
      for (const row of lane.cells) {
        if (row.isOverflow) { continue; }
        const [step, first, cells] = row.levels[0];
        for (let i = first; i < first + cells; i++) {
          const begin = this.columns["cell:step"][i] * step;
          if (begin + step > from && begin < to) { sum += this.columns["cell:count"][i]; }
        }
      }
    }
    return sum;
  }
}
