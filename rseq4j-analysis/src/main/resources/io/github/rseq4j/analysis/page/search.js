// Search, and the filters by event, thread and duration.

class Search {
  constructor(model, view) {
    this.model = model;
    this.view = view;
    this.list = [];
    this.at = -1;
    this.chosen = -1;
    this.box = byId("search");
    let timer = 0;
    this.box.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => this.find(), 150); });
    this.box.addEventListener("keydown", event => {
      if (event.key === "Enter") {
        clearTimeout(timer);
        if (this.box.value !== this.text) { this.find(); }
        this.go(event.shiftKey ? -1 : 1);
      }
    });
    byId("next").addEventListener("click", () => this.go(1));
    byId("previous").addEventListener("click", () => this.go(-1));
    view.on(what => what.has("filter") && (this.box.value ? this.find() : this.chosen >= 0 && this.spans(this.chosen)));
  }

  find() {
    const {model} = this, text = this.box.value.trim().toLowerCase(), found = new Uint8Array(model.size);
    this.text = this.box.value;
    this.at = -1;
    this.chosen = -1;
    if (text === "") {
      this.list = [];
      this.view.matches = null;
      byId("found").textContent = "";
    } else {
      const names = model.data.names.map(each => each.name.toLowerCase().includes(text));
      const threads = new Map(), isThread = thread => {
        if (!threads.has(thread)) { threads.set(thread, model.threadOf(thread).toLowerCase().includes(text)); }
        return threads.get(thread);
      };
      model.lines.find(text, i => { found[i] = 1; });
      this.list = [];
      for (let i = 0; i < model.size; i++) {
        if (model.visible[i] && (found[i] || names[model.name[i]] || isThread(model.thread[i]))) { this.list.push(i); }
      }
      const isMatch = new Uint8Array(model.size);
      this.list.forEach(i => { isMatch[i] = 1; });
      this.view.matches = {has: i => isMatch[i] === 1};
      this.say();
    }
    this.view.changed("matches");
  }

  // Selects the visible spans of a name in the selected range, the slowest first.
  spans(name) {
    const {model} = this, {from, to} = this.view.selected(), isMatch = new Uint8Array(model.size);
    this.box.value = this.text = "";
    this.chosen = name;
    this.at = -1;
    this.list = [...model.name.keys()].filter(i => model.name[i] === name && model.visible[i] && model.begin[i] >= from
      && model.begin[i] <= to).sort((a, b) => model.whole(b) - model.whole(a));
    this.list.forEach(i => { isMatch[i] = 1; });
    this.view.matches = {has: i => isMatch[i] === 1};
    this.say();
    this.view.changed("matches");
  }

  say() {
    byId("found").textContent = this.list.length === 0 ? this.chosen >= 0 ? "no span in the page" : "no match"
      : (this.at >= 0 ? `${count(this.at + 1)} of ` : "") + (this.chosen >= 0 ? plural(this.list.length, "span") : plural(this.list.length, "match", "matches"));
  }

  // Jumps to the next or the previous match; the first one after the visible beginning.
  go(direction) {
    if (this.list.length === 0) { return; }
    if (this.at < 0) {
      const first = this.chosen >= 0 ? 0 : this.list.findIndex(i => this.model.begin[i] >= this.view.from);
      this.at = direction > 0 ? Math.max(first, 0) : (first <= 0 ? this.list.length : first) - 1;
    } else {
      this.at = (this.at + direction + this.list.length) % this.list.length;
    }
    this.view.jump(this.list[this.at]);
    this.say();
  }
}

class Filters {
  constructor(model, view, palette) {
    this.model = model;
    this.view = view;
    this.hidden = new Set();
    this.boxes = model.data.byTime.map(name => {
      const box = element("input", {type: "checkbox", checked: true, onchange: () => {
        if (box.checked) { this.hidden.delete(name); } else { this.hidden.add(name); }
        this.apply();
      }});
      byId("names").append(element("label", {}, box, " ", palette.swatch(name), ` ${model.data.names[name].name} `,
        element("span", {className: "quiet"}, count(model.data.names[name].count))));
      return [name, box];
    });
    byId("names-all").addEventListener("click", () => this.setAll(true));
    byId("names-none").addEventListener("click", () => this.setAll(false));
    for (const id of ["thread", "shortest", "longest"]) {
      byId(id).addEventListener("change", () => this.apply());
    }
    byId("thread").addEventListener("input", () => this.apply());
  }

  setAll(isShown) {
    this.hidden = new Set(isShown ? [] : this.boxes.map(([name]) => name));
    this.boxes.forEach(([, box]) => { box.checked = isShown; });
    this.apply();
  }

  clear() {
    for (const id of ["thread", "shortest", "longest"]) { byId(id).value = ""; }
    this.setAll(true);
  }

  apply() {
    const {model} = this, shortest = this.duration("shortest", 0), longest = this.duration("longest", Infinity);
    const text = byId("thread").value.trim().toLowerCase(), isWanted = new Uint8Array(model.columns.threadId.length);
    for (let thread = 0; thread < isWanted.length; thread++) {
      isWanted[thread] = text === "" || model.threadOf(thread).toLowerCase().includes(text) ? 1 : 0;
    }
    const isLimited = shortest > 0 || longest < Infinity;
    model.shown = 0;
    for (let i = 0; i < model.size; i++) {
      const isSpan = model.isBar[model.name[i]];
      const isShown = !this.hidden.has(model.name[i]) && isWanted[model.thread[i]]
        && (!isLimited || isSpan && model.whole(i) >= shortest && model.whole(i) <= longest);
      model.visible[i] = isShown ? 1 : 0;
      model.shown += isShown ? 1 : 0;
    }
    byId("names-state").textContent = this.hidden.size ? ` (${this.boxes.length - this.hidden.size} of ${this.boxes.length})` : "";
    model.arrange(model.layout.key);
    this.view.changed("filter");
    this.view.changed("lanes");
  }

  duration(id, otherwise) {
    const value = parseDuration(byId(id).value);
    byId(id).setAttribute("aria-invalid", String(Number.isNaN(value)));
    return value === undefined || Number.isNaN(value) ? otherwise : value;
  }
}
