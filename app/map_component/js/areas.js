// The clusters on the map: outlines below the points, names beside them. An outline is drawn once in
// steps of the whole map; a move of the view changes one transform.

import { element, shape } from "./dom.js";
import { Crowd, arrange, lineTo } from "./names.js";
import { Numbers } from "./numbers.js";
import { bytes } from "./points.js";

const ROOM = 7_000; // px² of the frame for each name
const MANY = 40;
const STEPS = 65535; // of the map from end to end, as the server counts them
const SHORT = 11; // letters of a name that is never broken
const SMALLEST = 11.5; // px, of a name
const NAMED = "Point at a cluster for its name and all its islands.";
const NUMBERED = "Tap a cluster for its name and all its islands.";
const MORE = 2.5; // px, by which the name of the largest cluster is larger

export class Areas {
  constructor() {
    this.below = shape("svg", { class: "cm-areas", "aria-hidden": "true" });
    this.outlines = shape("g", {});
    this.below.append(this.outlines);
    this.above = element("div", "cm-labels");
    this.above.ariaHidden = "true";
    this.lines = shape("svg", { class: "cm-lines" });
    this.numbers = new Numbers();
    this.names = [];
    this.shown = [];
  }

  // A name comes without its task where no other cluster is called the same.
  fill({ areas, marker, palette }, extent) {
    const content = JSON.stringify([areas, marker, palette, extent]);
    if (this.content === content) return;
    Object.assign(this, { areas, marker, palette, extent, content });
    this.curves = areas.map(readCurves);
    this.paths = areas.map((area, at) => outline(area, this.curves[at], palette));
    this.outlines.replaceChildren(...this.paths);
    const known = areas.slice(0, MANY).filter(({ name }) => name);
    const shorts = known.map(({ name }) => shortOf(name));
    const text = (name) => (shorts.filter((one) => one === shortOf(name)).length > 1 ? name : shortOf(name));
    this.names = known.map((area) => {
      const at = areas.indexOf(area);
      return { area: at, ...named(area, text(area.name), this.curves[at], this.paths[at], palette) };
    });
    this.numbers.fill(this.names, (name) => this.point(name));
    if (marker) this.names.unshift(markerName(marker, extent));
    for (const { tags, area } of this.names) for (const tag of tags) tag.dataset.area = area;
    const tags = this.names.flatMap(({ tags, numbers }) => [...tags, ...(numbers ?? [])]);
    this.above.replaceChildren(this.lines, ...tags);
    this.laid = null;
  }

  // In a legend of which some entries are chosen the other outlines fade.
  fade(chosen) {
    this.areas.forEach(({ code }, at) => {
      this.paths[at].classList.toggle("cm-faded", Boolean(chosen) && !chosen[code]);
    });
  }

  // Names let the pointer through to the points: their frame says what they are about, and an
  // outline under the pointer tells its name.
  explain(frame) {
    frame.addEventListener("pointermove", ({ clientX, clientY }) => {
      const { left, top } = frame.getBoundingClientRect();
      const [x, y] = [clientX - left, clientY - top];
      const over = this.shown.find(({ box: [x0, y0, x1, y1] }) => x >= x0 && x <= x1 && y >= y0 && y <= y1);
      if (frame.title !== (over?.name.about ?? "")) frame.title = over?.name.about ?? "";
      this.point(over?.name ?? this.under(clientX, clientY));
    });
    frame.addEventListener("pointerdown", (event) => event.pointerType === "touch" && this.point(this.under(event.clientX, event.clientY)));
    frame.addEventListener("pointerleave", (event) => event.pointerType !== "touch" && this.point(undefined));
  }

  under(clientX, clientY) {
    return this.names.find(({ path }) => path && inside(path, this.below, clientX, clientY));
  }

  point(name) {
    if (this.pointed === name) return;
    this.pointed?.path?.classList.remove("cm-over");
    name?.path?.classList.add("cm-over");
    this.pointed = name;
    this.below.classList.toggle("cm-pointing", Boolean(name?.path));
    this.write();
  }

  // Follow the axes: names keep their place beside their cluster.
  follow(map) {
    this.measure(map);
    if (this.laid) this.write();
  }

  measure(map) {
    const [x0, x1, y0, y1] = this.extent;
    const [left, bottom] = map.pixels(x0, y0);
    const [right, top] = map.pixels(x1, y1);
    const scale = [(right - left) / STEPS, (top - bottom) / STEPS];
    this.outlines.setAttribute("transform", `matrix(${scale[0]} 0 0 ${scale[1]} ${left} ${bottom})`);
    this.scale = { left, bottom, scale };
  }

  // Find the best place that is left for every name, the largest cluster first; none is sought anew
  // where nothing has moved.
  lay(map) {
    const { clientWidth: width, clientHeight: height } = map.stage;
    const look = [map.points.x, String([width, height, map.view.ranges])];
    if (this.laid && look.every((one, at) => one === this.laid[at])) return;
    this.measure(map);
    for (const name of this.names) {
      name.sizes ??= name.tags.map((tag) => [tag.offsetWidth, tag.offsetHeight]);
      name.at = this.toPixels(...name.peak);
      name.rings = name.curves.length ? name.curves.map((curve) => this.inPixels(curve)) : [[name.at]];
    }
    const centres = this.areas.map(({ peak }) => this.toPixels(...peak));
    const crowd = new Crowd(width, height, map.points, this.rings(), centres, map.pixels.bind(map));
    const visible = this.names.filter(({ over, rings }) => over || inView(rings[0], width, height));
    const most = Math.round((width * height) / ROOM) + (this.marker ? 1 : 0);
    const numbered = this.numbers.look(map.stage, visible.length);
    const written = numbered ? visible.filter(({ over }) => over) : visible.slice(0, most);
    this.placed = arrange(written, crowd, [width, height]);
    const n_hidden = numbered ? 0 : visible.length - this.placed.length;
    if (numbered) this.placed.push(...this.numbers.place(visible.filter(({ over }) => !over)));
    this.hint = this.names.some(({ path }) => path) ? (numbered ? NUMBERED : NAMED) : "";
    this.note = n_hidden ? `${n_hidden} ${n_hidden === 1 ? "name lacks" : "names lack"} room.` : "";
    this.laid = look;
  }

  // The curves of every cluster, in pixels.
  rings() {
    return this.curves.map((own) => own.map((curve) => this.inPixels(curve)));
  }

  inPixels(curve) {
    return curve.map(([u, v]) => this.toPixels(u, v));
  }

  toPixels(u, v) {
    const { left, bottom, scale } = this.scale;
    return [left + u * scale[0], bottom + v * scale[1]];
  }

  write() {
    for (const { style } of this.above.children) style.visibility = "hidden";
    this.lines.style.visibility = "visible";
    const lines = [];
    this.shown = [];
    for (const { name, tag, size, over, from, led, part } of this.placed ?? []) {
      const [x, y] = this.toPixels(...name.peak);
      tag.classList.toggle("cm-plate", Boolean(over));
      const box = this.show(name, tag, size, [x + from[0], y + from[1]]);
      if (led) lines.push(this.line(name, part, box));
    }
    if (this.pointed && !this.shown.some(({ tag }) => this.pointed.tags.includes(tag))) this.showPointed();
    this.lines.replaceChildren(...lines);
  }

  show(name, tag, [width, height], corner) {
    const [left, top] = corner.map(Math.round);
    const box = [left, top, left + width, top + height];
    this.shown.push({ name, tag, text: tag.textContent, box });
    tag.style.visibility = "visible";
    tag.style.transform = `translate(${left}px, ${top}px)`;
    return box;
  }

  // A name without room, as long as the pointer is on its cluster.
  showPointed() {
    const name = this.pointed;
    if (!name.sizes) return;
    const [x, y] = this.toPixels(...name.peak);
    const [width, height] = name.sizes[0];
    const left = Math.max(3, Math.min(x - width / 2, this.below.clientWidth - width - 3));
    this.show(name, name.tags[0], [width, height], [left, y - height - 10]);
  }

  // From the middle of the name's nearer side to the nearest vertex of the outline.
  line(name, part, box) {
    const [start, end] = lineTo(this.inPixels(name.curves[part] ?? [name.peak]), box);
    const made = shape("line", { class: "cm-line", x1: start[0], y1: start[1], x2: end[0], y2: end[1] });
    made.style.stroke = name.colour;
    made.dataset.area = name.area;
    return made;
  }
}

const colourOf = ({ code }, palette) => (code < 0 ? "var(--cm-muted)" : palette[code]);

function outline(area, curves, palette) {
  const made = shape("path", { class: "cm-area", d: curves.map(rounded).join(" ") });
  made.style.setProperty("--cm-own", colourOf(area, palette));
  return made;
}

function readCurves({ rings, ends }) {
  const numbers = new Uint16Array(bytes(rings));
  return ends.map((end, at) => {
    const curve = [];
    for (let i = at ? ends[at - 1] : 0; i < end; i++) curve.push([numbers[2 * i], numbers[2 * i + 1]]);
    return curve;
  });
}

// A closed curve that is smooth at the middles of the sides.
function rounded(curve) {
  const middle = ([x0, y0], [x1, y1]) => `${(x0 + x1) / 2} ${(y0 + y1) / 2}`;
  const parts = curve.map((one, at) => `Q${one[0]} ${one[1]} ${middle(one, curve[(at + 1) % curve.length])}`);
  return `M${middle(curve.at(-1), curve[0])}${parts.join("")}Z`;
}

function named({ name, about, share, peak, code, number }, text, curves, path, palette) {
  const colour = colourOf({ code }, palette);
  const tags = [...new Set([text, folded(text)])].map((one) => {
    const tag = element("div", "cm-label", one);
    tag.style.fontSize = `${(SMALLEST + MORE * Math.sqrt(share)).toFixed(1)}px`;
    tag.style.setProperty("--cm-own", colour);
    return tag;
  });
  return { tags, text, about: about || name, path, colour, curves, peak, number };
}

const shortOf = (name) => name.split(" · ").at(-1);

// The same in two lines, broken where they are about as long.
function folded(text) {
  const gaps = [...text.matchAll(/ (?!&)/g)].map(({ index }) => index);
  if (!gaps.length || text.length < SHORT) return text;
  const at = gaps.reduce((best, one) => (Math.abs(one - text.length / 2) < Math.abs(best - text.length / 2) ? one : best));
  return `${text.slice(0, at)}\n${text.slice(at + 1)}`;
}

function markerName([x, y, text], [x0, x1, y0, y1]) {
  const peak = [(STEPS * (x - x0)) / (x1 - x0), (STEPS * (y - y0)) / (y1 - y0)];
  return { tags: [element("div", "cm-label cm-here", text)], about: text, curves: [], peak, over: 20 };
}

const inView = (ring, width, height) => ring.some(([x, y]) => x >= 0 && y >= 0 && x <= width && y <= height);

function inside(path, svg, clientX, clientY) {
  const matrix = path.getScreenCTM();
  return Boolean(matrix) && path.isPointInFill(new DOMPoint(clientX, clientY).matrixTransform(matrix.inverse()));
}

