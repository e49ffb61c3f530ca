// The legend: what the colours mean, how many points have each, which of them the reader chose.

import { button, count, element, swatch } from "./dom.js";

// With the minus of typesetting.
const digits = (value, n = 3) => Number(value.toPrecision(n)).toLocaleString("en").replace("-", "−");

export class Legend {
  constructor(changed) {
    this.root = element("div", "cm-legend");
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", "Legend: choose entries to show only them");
    this.chosen = new Set(); // names: a move of a threshold renumbers the groups
    this.changed = changed;
  }

  fill(data) {
    const { scale, legend } = data;
    this.data = data;
    const focused = this.root.querySelector(":focus")?.dataset.code;
    const entries = legend ? [element("div", "cm-legend-title", legend)] : [];
    if (scale) entries.push(this.scale(scale));
    entries.push(...this.entries().map((code) => this.entry(code)));
    this.root.replaceChildren(...entries);
    this.mark();
    if (focused) this.root.querySelector(`[data-code="${focused}"]`)?.focus();
  }

  // The codes that have an entry: those of some point that have a name.
  entries() {
    const { palette, counts } = this.data;
    return palette.map((_, code) => code).filter((code) => counts[code] && this.entryOf(code) !== null);
  }

  entry(code) {
    const name = this.entryOf(code);
    const made = button("", () => this.choose(name));
    made.append(swatch(this.data.palette[code]), element("span", "", name));
    const { counts, lit } = this.data;
    made.append(element("b", "", count((lit ?? counts)[code])));
    made.title = name;
    made.dataset.code = code;
    return made;
  }

  scale({ title, ends, marks }) {
    const made = element("div", "cm-scale", title);
    const line = element("div", "cm-ends");
    line.append(...ends.map((end) => element("span", "", digits(end))));
    const bar = swatch(`linear-gradient(to right, ${this.data.palette.slice(0, -1).join(",")})`);
    for (const value of marks) {
      const share = (value - ends[0]) / (ends[1] - ends[0]);
      if (share < 0 || share > 1) continue;
      const tick = element("b", "cm-tick");
      tick.style.left = `${100 * share}%`;
      tick.title = digits(value);
      bar.append(tick);
    }
    made.append(bar, line);
    return made;
  }

  // The name of a code in the legend; a step of a scale has none.
  entryOf(code) {
    const { names, palette, scale } = this.data;
    return names[code] ?? (Number(code) === palette.length - 1 ? (scale?.unknown ?? "None") : null);
  }

  // What a point of a code is called.
  nameOf(code) {
    const { scale, palette } = this.data;
    if (!scale || code === palette.length - 1) return this.entryOf(code);
    const [low, high] = scale.ends;
    return `≈ ${digits(low + (code / (palette.length - 2)) * (high - low), 2)}`;
  }

  // By code, whether its points are shown; null where the reader has chosen nothing.
  shown() {
    return this.chosen.size ? this.data.palette.map((_, code) => this.chosen.has(this.entryOf(code))) : null;
  }

  choose(name) {
    if (!this.chosen.delete(name)) this.chosen.add(name);
    this.mark();
    this.changed();
  }

  clear() {
    this.chosen.clear();
    this.mark();
  }

  // Forget chosen entries that the data no longer have; says whether there were any.
  forgetMissing() {
    const known = new Set(this.data.palette.map((_, code) => this.entryOf(code)));
    const gone = [...this.chosen].filter((name) => !known.has(name));
    gone.forEach((name) => this.chosen.delete(name));
    if (gone.length) this.mark();
    return gone.length > 0;
  }

  mark() {
    this.root.classList.toggle("cm-chosen", this.chosen.size > 0);
    for (const one of this.root.querySelectorAll("button")) {
      one.ariaPressed = String(this.chosen.has(this.entryOf(one.dataset.code)));
    }
  }
}
