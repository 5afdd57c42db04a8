// Reads the columns that the page holds as compressed text (Columns.java describes the form).

async function inflate(text) {
  const binary = atob(text), bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = binary.charCodeAt(i);
  }
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function takeText(id) {
  const node = byId(id), text = node.textContent;
  node.remove();
  return text;
}

function decodeColumns(index, bytes) {
  const columns = {}, view = new DataView(bytes.buffer);
  let at = 0;
  function next() {
    let byte = bytes[at++], low = byte & 0x7f, shift = 7;
    // 32-bit arithmetic is exact for the first four bytes; longer numbers continue as doubles.
    while (byte >= 0x80 && shift < 28) {
      byte = bytes[at++];
      low |= (byte & 0x7f) << shift;
      shift += 7;
    }
    if (byte < 0x80) {
      return low & 1 ? -((low + 1) / 2) : low / 2;
    }
    let value = low, scale = 2 ** 28;
    while (byte >= 0x80) {
      byte = bytes[at++];
      value += (byte & 0x7f) * scale;
      scale *= 128;
    }
    return value % 2 ? -((value + 1) / 2) : value / 2;
  }
  for (const {name, count, type} of index) {
    const values = new Float64Array(count);
    let last = 0;
    for (let i = 0; i < count; i++) {
      if (type === "doubles") {
        values[i] = view.getFloat64(at, true);
        at += 8;
      } else {
        const value = next();
        last = type === "differences" ? last + value : value;
        values[i] = last;
      }
    }
    columns[name] = values;
  }
  return columns;
}

// The arguments of marks: lines of UTF-8, decoded when they are needed.
class Lines {
  constructor(bytes, lines) {
    this.bytes = bytes;
    this.ends = new Uint32Array(lines + 1);
    this.decoder = new TextDecoder();
    for (let i = 1, at = 0; i <= lines; i++) {
      at = bytes.indexOf(10, at) + 1;
      this.ends[i] = at;
    }
  }

  get(i) {
    return this.decoder.decode(this.bytes.subarray(this.ends[i], Math.max(this.ends[i + 1] - 1, this.ends[i])));
  }

  // Calls back with the number of each line that has the text, in lower case. The text must not have a line feed.
  find(text, found) {
    const chunk = 1 << 12, lines = this.ends.length - 1;
    for (let from = 0; from < lines; from += chunk) {
      const to = Math.min(from + chunk, lines);
      const all = this.decoder.decode(this.bytes.subarray(this.ends[from], this.ends[to])).toLowerCase();
      if (all.includes(text)) {
        all.split("\n").forEach((line, i) => from + i < to && line.includes(text) && found(from + i));
      }
    }
  }
}
