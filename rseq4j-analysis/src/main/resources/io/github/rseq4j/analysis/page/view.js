// The state that all parts of the page share: visible time, selection, pinned mark, filters. Parts listen to changes.

const MIN_NANOS = 20;

class View {
  constructor(model) {
    this.model = model;
    this.from = 0;
    this.to = model.total;
    this.range = null;
    this.pinned = -1;
    this.matches = null;
    this.listeners = [];
    this.pending = null;
    this.history = [];
    this.showAll(true);
  }

  on(listener) { this.listeners.push(listener); }

  // Changes are told once for each frame.
  changed(what) {
    if (this.pending === null) {
      this.pending = new Set();
      requestAnimationFrame(() => {
        const all = this.pending;
        this.pending = null;
        this.listeners.forEach(listener => listener(all));
      });
    }
    this.pending.add(what);
  }

  show(from, to) {
    const pad = this.model.total * 0.02, whole = this.model.total + 2 * pad;
    const length = Math.min(Math.max(to - from, MIN_NANOS), whole);
    this.from = Math.min(Math.max(from, -pad), Math.max(this.model.total + pad - length, -pad));
    this.to = this.from + length;
    this.changed("time");
  }

  showAll() {
    this.show(-this.model.total * 0.01, this.model.total * 1.01);
  }

  zoom(factor, at) {
    const length = (this.to - this.from) * factor, part = (at - this.from) / (this.to - this.from);
    this.show(at - part * length, at + (1 - part) * length);
  }

  pan(part) {
    const length = this.to - this.from;
    this.show(this.from + part * length, this.to + part * length);
  }

  // Shows a mark with some room around it.
  showMark(i) {
    const length = Math.max(this.model.nanos[i], 200);
    this.show(this.model.begin[i] - length * 0.3, this.model.begin[i] + length * 1.3);
  }

  pin(i) {
    this.pinned = i;
    this.changed("pinned");
  }

  select(from, to) {
    this.range = from === null ? null : {from: Math.max(Math.min(from, to), 0),
      to: Math.min(Math.max(from, to), this.model.total)};
    this.changed("range");
  }

  // Jumps to a mark from a table or a link.
  jump(i) {
    this.pin(i);
    this.showMark(i);
    this.changed("reveal");
  }

  // The range of time that statistics are about.
  selected() {
    return this.range || {from: 0, to: this.model.total};
  }
}
