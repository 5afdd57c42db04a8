// Colours that colour-blind people can tell apart (Okabe and Ito), with patterns for further names.

// Where two are alike to some people, a pattern tells them apart too.
const OKABE_ITO = ["#56b4e9", "#e69f00", "#0072b2", "#f0e442", "#009e73", "#cc79a7", "#d55e00", "#a0a0a0"];
const OWN_PATTERNS = ["", "", "", "", "", "stripes", "dots", ""];
const PATTERNS = ["", "lines", "crosses", "stripes", "dots"];

class Palette {
  constructor(data) {
    this.rank = new Map(data.byTime.filter(name => data.names[name].kind === "SPAN").map((name, i) => [name, i]));
    this.jvm = new Set([...data.names.keys()].filter(name => data.names[name].kind === "JVM"));
    this.made = new Map();
  }

  // The colour, the pattern and the ink of a name; names with the most time have colours of their own.
  of(name) {
    const rank = this.rank.get(name);
    if (this.jvm.has(name)) { return {color: "#5e3c99", ink: "#fff", pattern: "lines"}; }
    if (rank === undefined) { return {color: "#a0a0a0", ink: "#000", pattern: ""}; }
    const color = OKABE_ITO[rank % OKABE_ITO.length];
    return {color, ink: ["#0072b2"].includes(color) ? "#fff" : "#000",
      pattern: rank < OKABE_ITO.length ? OWN_PATTERNS[rank] : PATTERNS[Math.floor(rank / OKABE_ITO.length) % PATTERNS.length]};
  }

  fill(g, name) {
    const {color, pattern} = this.of(name);
    return pattern === "" ? color : this.patternOf(g, color, pattern);
  }

  patternOf(g, color, pattern) {
    const key = color + pattern;
    if (!this.made.has(key)) {
      const tile = document.createElement("canvas"), t = tile.getContext("2d");
      tile.width = tile.height = 8;
      t.fillStyle = color;
      t.fillRect(0, 0, 8, 8);
      t.strokeStyle = t.fillStyle = "#0005";
      t.beginPath();
      if (pattern === "stripes") { t.moveTo(-2, 10); t.lineTo(10, -2); }
      if (pattern === "crosses") { t.moveTo(0, 0); t.lineTo(8, 8); t.moveTo(8, 0); t.lineTo(0, 8); }
      if (pattern === "lines") { t.moveTo(2.5, 0); t.lineTo(2.5, 8); }
      if (pattern === "dots") { t.fillRect(2, 2, 2, 2); t.fillRect(6, 6, 2, 2); }
      t.stroke();
      this.made.set(key, g.createPattern(tile, "repeat"));
    }
    return this.made.get(key);
  }

  // A small picture of a name's colour and pattern.
  swatch(name) {
    const canvas = element("canvas", {width: 14, height: 12, className: "swatch", "aria-hidden": "true"});
    const g = canvas.getContext("2d");
    g.fillStyle = this.fill(g, name);
    g.fillRect(0, 0, 14, 12);
    return canvas;
  }
}
