// The skill map in the browser. One SkillMap lives on its element for as long as that element is
// in the page: a rerun hands it new colours, and plotly updates the drawing in place.
// Texts of queries and clusters only ever become textContent.

const MUTED_OPACITY = 0.2;
const OPACITY = 0.78;
const MAX_VERTICES = 200;
const VIEW_PAUSE = 400; // ms without a move, after which a zoom is told
const MAX_STRETCH = 1.5; // of one axis against the other, to fill the frame; they have no meaning

const maps = new WeakMap();
const clouds = new Map(); // address -> promise of points
let plotly = null;

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".cascal-map");
  if (!maps.has(root)) maps.set(root, new SkillMap(root));
  const map = maps.get(root);
  map.send = (selection) => setStateValue("selection", selection);
  map.update(data);
  // Streamlit may run this for an outdated call: only an element that left the page is over.
  return () => setTimeout(() => root.isConnected || (map.destroy(), maps.delete(root)));
}

function loadPlotly(address) {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  plotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => { plotly = null; reject(new Error("plotly.js could not be loaded.")); };
    document.head.append(script);
  });
  return plotly;
}

function loadCloud(address) {
  if (!clouds.has(address)) {
    const cloud = fetch(address).then(async (answer) => {
      if (!answer.ok) throw new Error(await answer.text());
      const raw = await answer.json();
      return {
        ...raw,
        x: new Float32Array(bytes(raw.x)),
        y: new Float32Array(bytes(raw.y)),
        ids: new Int32Array(bytes(raw.ids)),
      };
    });
    cloud.catch(() => clouds.delete(address));
    clouds.set(address, cloud);
    if (clouds.size > 4) clouds.delete(clouds.keys().next().value);
  }
  return clouds.get(address);
}

const halves = ([x0, x1, y0, y1]) => [[x0, x1], [y0, y1]];
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function shape(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function hasWebGL() {
  try {
    return Boolean(document.createElement("canvas").getContext("webgl"));
  } catch {
    return false;
  }
}

// The same formula as points_in_polygon in Python, in the same precision.
function insidePolygon(polygon, x, y) {
  const inside = new Uint8Array(x.length);
  for (let k = 0, j = polygon.length - 1; k < polygon.length; j = k++) {
    const [x0, y0] = polygon[j];
    const [x1, y1] = polygon[k];
    if (y0 === y1) continue;
    for (let i = 0; i < x.length; i++) {
      if (y1 > y[i] !== y0 > y[i] && x[i] < ((x0 - x1) * (y[i] - y1)) / (y0 - y1) + x1) inside[i] ^= 1;
    }
  }
  return inside;
}

// Crisp single points in a small set, less ink in a large one.
const sizeFor = (n) => Math.min(6, Math.max(3.6, 6 - (n - 6000) / 10000));

function outline({ lassoPoints, range }) {
  if (range) {
    const [[x0, x1], [y0, y1]] = [range.x, range.y];
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
  }
  const step = Math.ceil(lassoPoints.x.length / MAX_VERTICES);
  const vertices = lassoPoints.x.map((x, i) => [x, lassoPoints.y[i]]);
  return vertices.filter((_, i) => i % step === 0);
}

class SkillMap {
  constructor(root) {
    this.root = root;
    this.tool = "pan";
    this.groups = new Set(); // names of the chosen legend entries; none chosen shows all
    this.selection = {};
    this.draws = 0;
    this.webgl = hasWebGL();
    this.build();
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.stage);
  }

  build() {
    this.bar = element("div", "cm-bar");
    this.stage = element("div", "cm-stage");
    this.plot = element("div", "cm-plot");
    this.ink = shape("svg", { class: "cm-ink", "aria-hidden": "true" });
    this.labels = element("div", "cm-labels");
    this.labels.ariaHidden = "true";
    this.tip = element("div", "cm-tip");
    this.tip.hidden = true;
    this.legend = element("div", "cm-legend");
    this.foot = element("div", "cm-foot");
    this.plot.tabIndex = 0;
    this.plot.setAttribute("role", "img");
    this.plot.setAttribute("aria-label", "Map of the queries, being drawn");
    this.plot.onkeydown = (event) => this.key(event);
    this.legend.setAttribute("role", "group");
    this.legend.setAttribute("aria-label", "Legend: choose entries to show only them");
    this.stage.append(this.plot, this.ink, this.labels, this.tip);
    this.root.replaceChildren(this.bar, this.stage, this.legend, this.foot);
    this.buildBar();
  }

  buildBar() {
    const tools = element("div", "cm-tools");
    tools.setAttribute("role", "group");
    tools.setAttribute("aria-label", "Mouse tool");
    this.tools = { pan: "Move", lasso: "Lasso", select: "Box" };
    for (const [tool, text] of Object.entries(this.tools)) {
      const button = this.button(text, () => this.use(tool));
      button.dataset.tool = tool;
      button.ariaPressed = String(tool === this.tool);
      tools.append(button);
    }
    this.reset = this.button("Reset view", () => this.home());
    this.status = element("span", "cm-status");
    this.status.setAttribute("role", "status");
    this.clearer = this.button("× Clear", () => this.clear());
    this.clearer.dataset.tool = "clear";
    this.clearer.ariaLabel = "Clear selection";
    this.clearer.hidden = true;
    this.bar.append(tools, this.reset, this.status, this.clearer);
  }

  button(text, action) {
    const made = element("button", "", text);
    made.type = "button";
    made.onclick = action;
    return made;
  }

  // Only the newest state is drawn; states that arrive during a drawing replace one another.
  async update(data) {
    if (data) this.waiting = data;
    this.dirty = true;
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.dirty) {
        this.dirty = false;
        if (this.waiting) await this.take(this.waiting);
        this.stale = !this.stage.clientWidth; // in a closed tab: drawn when it opens
        if (!this.stale) await this.draw();
      }
    } catch (error) {
      this.root.dataset.drawn = "0";
      this.foot.textContent = `The map could not be drawn: ${error.message}`;
      console.error(error);
    } finally {
      this.busy = false;
    }
  }

  async take(data) {
    this.waiting = null;
    const [, cloud] = await Promise.all([loadPlotly(data.plotly), loadCloud(data.points)]);
    if (this.data?.dataKey !== data.dataKey) this.view = halves(cloud.extent);
    if (this.data?.token !== data.token) this.restore(data.selection);
    this.data = data;
    this.cloud = cloud;
    this.codes = data.wide ? new Uint16Array(bytes(data.codes)) : new Uint8Array(bytes(data.codes));
    this.highlight = data.highlight ? new Uint8Array(bytes(data.highlight)) : null;
    this.keepGroups();
    this.root.style.height = `${data.height}px`;
    this.plot.ariaLabel = data.alt;
    const slow = this.webgl ? "" : " Drawn without WebGL, which this browser lacks: moving is slow.";
    this.foot.textContent = data.caption + slow;
    this.fillLegend();
    this.fillLabels();
  }

  // Mounted anew, or cleared by Python: what Python holds.
  restore({ groups, view, ...selection }) {
    clearTimeout(this.telling);
    this.selection = selection;
    this.groups = new Set(groups);
    if (view) this.view = halves(view);
  }

  async draw() {
    const style = getComputedStyle(this.root);
    this.halo = style.getPropertyValue("--st-background-color").trim();
    this.inside = this.selection.polygon && insidePolygon(this.selection.polygon, this.cloud.x, this.cloud.y);
    this.split();
    const first = !this.plot.data;
    this.draws += 1;
    await window.Plotly.react(this.plot, this.traces(), this.layout(), {
      displayModeBar: false,
      doubleClick: false,
      scrollZoom: true,
      responsive: false,
    });
    if (first) this.listen();
    this.watchCanvases();
    this.place();
    this.tell();
    await new Promise(requestAnimationFrame);
    this.mark();
  }

  mark() {
    const mark = this.root.dataset;
    mark.revision = this.data.revision;
    mark.key = this.data.dataKey;
    mark.n = this.cloud.x.length;
    mark.lit = this.lit.rows.length;
    mark.engine = this.webgl ? "webgl" : "svg";
    mark.draws = this.draws;
    mark.drawn = "1";
    this.root.dispatchEvent(new CustomEvent("cascal-map-drawn", { bubbles: true, detail: { ...mark } }));
  }

  // Which points are in colour (lit) and which only context (dim). Coordinates are cut anew only
  // when that changes: plotly redraws four times faster when it is handed the same arrays.
  split() {
    const { highlight, inside, codes } = this;
    const { x } = this.cloud;
    const grouped = this.groups.size ? this.data.palette.map((_, code) => this.groups.has(this.entryOf(code))) : null;
    const shown = new Uint8Array(x.length);
    for (let i = 0; i < shown.length; i++) {
      shown[i] =
        (!highlight || (highlight[i >> 3] >> (7 - (i & 7))) & 1) &&
        (!inside || inside[i]) &&
        (!grouped || grouped[codes[i]]);
    }
    if (this.cutOf === this.cloud && this.shown.every((value, i) => value === shown[i])) return;
    this.cutOf = this.cloud;
    this.shown = shown;
    this.dim = this.cut(0);
    this.lit = this.cut(1);
  }

  cut(shown) {
    const rows = [];
    this.shown.forEach((value, i) => value === shown && rows.push(i));
    const pick = (values) => Float32Array.from(rows, (i) => values[i]);
    return { rows, x: pick(this.cloud.x), y: pick(this.cloud.y) };
  }

  traces() {
    const { palette } = this.data;
    const muted = palette[palette.length - 1];
    const size = sizeFor(this.cloud.x.length);
    const trace = ({ x, y }, marker) => ({
      type: this.webgl ? "scattergl" : "scatter",
      mode: "markers",
      x,
      y,
      hoverinfo: "none",
      showlegend: false,
      marker: { size, ...marker },
      selected: { marker: { opacity: OPACITY } },
      unselected: { marker: { opacity: MUTED_OPACITY } },
    });
    return [
      trace(this.dim, { color: muted, opacity: MUTED_OPACITY, line: { width: 0 } }),
      trace(this.lit, {
        color: this.lit.rows.map((i) => palette[this.codes[i]]),
        opacity: OPACITY,
        line: { width: size / 10, color: this.halo },
      }),
    ];
  }

  layout() {
    const [x0, x1, y0, y1] = this.cloud.extent;
    const [across, up] = this.view; // the reader's, whoever moved it: plotly only keeps drags
    const image = {
      source: this.cloud.density, xref: "x", yref: "y", x: x0, y: y1,
      sizex: x1 - x0, sizey: y1 - y0, sizing: "stretch", layer: "below",
    };
    return {
      uirevision: this.data.dataKey,
      selectionrevision: this.draws,
      selections: [],
      dragmode: this.tool,
      hovermode: "closest",
      hoverdistance: 12,
      autosize: false,
      width: this.stage.clientWidth,
      height: this.stage.clientHeight,
      margin: { l: 0, r: 0, t: 0, b: 0 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      xaxis: { visible: false, range: across },
      yaxis: { visible: false, range: up, scaleanchor: "x", scaleratio: this.stretch() },
      images: this.cloud.density ? [image] : [],
    };
  }

  // What makes the points fill the frame, as far as it does not distort them much.
  stretch() {
    const [x0, x1, y0, y1] = this.cloud.extent;
    const filling = (this.stage.clientHeight / (y1 - y0)) / (this.stage.clientWidth / (x1 - x0));
    return Math.min(MAX_STRETCH, Math.max(1 / MAX_STRETCH, filling));
  }

  listen() {
    this.plot.on("plotly_hover", (event) => this.hover(event.points[0]));
    this.plot.on("plotly_unhover", () => { this.tip.hidden = true; });
    this.plot.on("plotly_click", (event) => this.click(event.points[0]));
    this.plot.on("plotly_selected", (event) => this.selected(event));
    this.plot.on("plotly_deselect", () => this.clear());
    this.plot.on("plotly_doubleclick", () => (this.chosen() ? this.clear() : this.home()));
    this.plot.on("plotly_relayouting", () => { this.tip.hidden = true; this.place(); });
    this.plot.on("plotly_relayout", () => this.moved());
  }

  // A lost WebGL context leaves an empty canvas: draw again, keeping the view.
  watchCanvases() {
    for (const canvas of this.plot.querySelectorAll("canvas")) {
      if (canvas.dataset.watched) continue;
      canvas.dataset.watched = "1";
      canvas.addEventListener("webglcontextlost", (event) => {
        event.preventDefault();
        clearTimeout(this.revival);
        this.revival = setTimeout(() => this.revive(), 150);
      });
    }
  }

  async revive() {
    window.Plotly.purge(this.plot);
    this.webgl = hasWebGL();
    this.root.dataset.revived = Number(this.root.dataset.revived ?? 0) + 1;
    await this.update();
  }

  moved() {
    const { xaxis, yaxis } = this.plot._fullLayout;
    this.view = [[...xaxis.range], [...yaxis.range]];
    this.place();
    this.report(VIEW_PAUSE);
  }

  // Tell Python everything that the reader has done, after a pause in which more may follow.
  report(pause = 0) {
    clearTimeout(this.telling);
    const say = () => {
      const view = this.zoomed() ? this.view.flat() : undefined;
      const done = { ...this.selection, groups: [...this.groups], view };
      this.send(this.chosen() || view ? { ...done, token: this.data.token } : null);
    };
    if (pause) this.telling = setTimeout(say, pause);
    else say();
  }

  zoomed() {
    const [x0, x1, y0, y1] = this.cloud.extent;
    const [[left, right], [bottom, top]] = this.view;
    const slack = 1e-3 * (x1 - x0 + y1 - y0);
    return left > x0 + slack || right < x1 - slack || bottom > y0 + slack || top < y1 - slack;
  }

  rowOf(point) {
    return (point.curveNumber === 1 ? this.lit : this.dim).rows[point.pointNumber];
  }

  pixels(x, y) {
    const { xaxis, yaxis } = this.plot._fullLayout;
    return [xaxis._offset + xaxis.l2p(x), yaxis._offset + yaxis.l2p(y)];
  }

  hover(point) {
    const row = this.rowOf(point);
    const code = this.codes[row];
    const swatch = element("i");
    swatch.style.background = this.data.palette[code];
    const line = element("small");
    line.append(swatch, this.nameOf(code));
    const text = this.cloud.hover?.[row];
    this.tip.replaceChildren(...(text ? [element("div", "", text)] : []), ...(line.textContent ? [line] : []));
    this.tip.hidden = !this.tip.childNodes.length;
    const [px, py] = this.pixels(this.cloud.x[row], this.cloud.y[row]);
    const left = Math.min(px + 12, this.stage.clientWidth - this.tip.offsetWidth - 6);
    const above = py - this.tip.offsetHeight - 12;
    this.tip.style.transform = `translate(${Math.max(6, left)}px, ${above > 6 ? above : py + 14}px)`;
  }

  nameOf(code) {
    const { scale, names, palette } = this.data;
    if (!scale) return names[code] ?? "";
    if (code === palette.length - 1) return `${scale.title}: unknown`;
    const [low, high] = scale.ends;
    return `${scale.title} ≈ ${Number((low + (code / (palette.length - 2)) * (high - low)).toPrecision(2))}`;
  }

  click(point) {
    this.select({ ...this.selection, clicked: this.cloud.ids[this.rowOf(point)] });
  }

  selected(event) {
    if (!event || (!event.range && !event.lassoPoints)) return;
    const polygon = outline(event);
    const sampled = this.data.total !== this.cloud.x.length;
    const found = insidePolygon(polygon, this.cloud.x, this.cloud.y);
    const count = sampled ? null : found.reduce((sum, one) => sum + one, 0);
    this.select({ ...this.selection, polygon, count });
  }

  select(selection) {
    this.selection = selection;
    this.report();
    this.update();
  }

  chosen() {
    const { polygon, clicked } = this.selection;
    return Boolean(polygon) || clicked !== undefined || this.groups.size > 0;
  }

  clear() {
    if (!this.chosen()) return;
    this.groups.clear();
    this.markLegend();
    this.select({});
  }

  tell() {
    const { polygon, clicked, count } = this.selection;
    this.clearer.hidden = !this.chosen();
    this.status.textContent = polygon
      ? count == null ? "Region selected" : `${count.toLocaleString("en")} selected`
      : clicked !== undefined ? "1 selected"
      : this.groups.size ? `${this.lit.rows.length.toLocaleString("en")} shown` : "";
  }

  use(tool) {
    this.tool = tool;
    for (const button of this.bar.querySelectorAll("[data-tool]")) {
      if (button.dataset.tool in this.tools) button.ariaPressed = String(button.dataset.tool === tool);
    }
    window.Plotly?.relayout(this.plot, { dragmode: tool });
  }

  home() {
    const [x0, x1, y0, y1] = this.cloud.extent;
    window.Plotly.relayout(this.plot, { "xaxis.range": [x0, x1], "yaxis.range": [y0, y1] });
  }

  key(event) {
    const moves = {
      ArrowLeft: [-0.15, 0, 1], ArrowRight: [0.15, 0, 1], ArrowUp: [0, 0.15, 1], ArrowDown: [0, -0.15, 1],
      "+": [0, 0, 0.7], "=": [0, 0, 0.7], "-": [0, 0, 1 / 0.7],
    };
    if (event.key === "Escape") this.clear();
    else if (event.key === "0") this.home();
    else if (moves[event.key]) this.move(...moves[event.key]);
    else return;
    event.preventDefault();
  }

  move(right, up, zoom) {
    const { xaxis, yaxis } = this.plot._fullLayout;
    const shifted = ([low, high], by) => {
      const [middle, half] = [(low + high) / 2 + by * (high - low), ((high - low) / 2) * zoom];
      return [middle - half, middle + half];
    };
    window.Plotly.relayout(this.plot, {
      "xaxis.range": shifted(xaxis.range, right),
      "yaxis.range": shifted(yaxis.range, up),
    });
  }

  fillLegend() {
    const { scale, names, palette, counts, legend } = this.data;
    const focused = this.legend.querySelector(":focus")?.dataset.code;
    const entries = legend ? [element("div", "cm-legend-title", legend)] : [];
    if (scale) entries.push(this.scaleOf(scale));
    const entry = (code) => {
      const name = this.entryOf(code);
      const made = this.button("", () => this.choose(name));
      const swatch = element("i");
      swatch.style.background = palette[code];
      made.append(swatch, element("span", "", name), element("b", "", counts[code].toLocaleString("en")));
      made.title = name;
      made.dataset.code = code;
      return made;
    };
    names.forEach((_, code) => counts[code] && entries.push(entry(code)));
    const none = palette.length - 1;
    if (counts[none]) entries.push(entry(none));
    this.legend.replaceChildren(...entries);
    this.markLegend();
    if (focused) this.legend.querySelector(`[data-code="${focused}"]`)?.focus();
  }

  scaleOf({ title, ends }) {
    const made = element("div", "cm-scale", title);
    const bar = element("i");
    const colors = this.data.palette.slice(0, -1);
    bar.style.background = `linear-gradient(to right, ${colors.join(",")})`;
    const digits = (value) => Number(value.toPrecision(3)).toLocaleString("en");
    const line = element("div", "cm-ends");
    line.append(...ends.map((end) => element("span", "", digits(end))));
    made.append(bar, line);
    return made;
  }

  markLegend() {
    this.legend.classList.toggle("cm-chosen", this.groups.size > 0);
    for (const button of this.legend.querySelectorAll("button")) {
      button.ariaPressed = String(this.groups.has(this.entryOf(button.dataset.code)));
    }
  }

  // The name of a code in the legend; a step of a scale has none.
  entryOf(code) {
    const { names, palette, scale } = this.data;
    return names[code] ?? (Number(code) === palette.length - 1 ? (scale ? "Unknown" : "None") : null);
  }

  choose(name) {
    if (!this.groups.delete(name)) this.groups.add(name);
    this.markLegend();
    this.report();
    this.update();
  }

  // A group that a new colouring does not have is no longer chosen.
  keepGroups() {
    const known = new Set(this.data.palette.map((_, code) => this.entryOf(code)));
    const gone = [...this.groups].filter((name) => !known.has(name));
    gone.forEach((name) => this.groups.delete(name));
    if (gone.length) this.report();
  }

  // A label of several words also comes with its first word alone, where more has no room.
  fillLabels() {
    const { labels, marker } = this.data;
    const all = marker ? [[...marker, "cm-here"], ...labels] : labels;
    this.tags = all.filter(([, , text]) => text).map(([x, y, text, more]) => {
      const texts = [text.split(" · ")[0], text];
      const tags = (more ? [text] : [...new Set(texts)]).map((one) => {
        const tag = element("div", `cm-label ${more ?? ""}`, one);
        tag.title = text;
        return tag;
      });
      return { x, y, tags, lift: more ? 20 : 0 };
    });
    this.labels.replaceChildren(...this.tags.flatMap(({ tags }) => tags));
  }

  // Everything that is not a point hangs over the chart and follows its axes.
  place() {
    if (!this.plot._fullLayout?.xaxis?.l2p) return;
    for (const one of this.tags) one.sizes ??= one.tags.map((tag) => [tag.offsetWidth, tag.offsetHeight]);
    const shown = [];
    const free = (box, self) => shown.every(({ one, box: other }) => one === self
      || box[0] > other[2] + 3 || box[2] < other[0] - 3 || box[1] > other[3] + 2 || box[3] < other[1] - 2);
    for (const one of this.tags) {
      const box = this.boxOf(one, 0);
      if (free(box, one)) shown.push({ one, at: 0, box });
    }
    for (const each of shown) {
      const last = each.one.tags.length - 1;
      const box = this.boxOf(each.one, last);
      if (free(box, each.one)) Object.assign(each, { at: last, box });
    }
    for (const one of this.tags) for (const tag of one.tags) tag.style.visibility = "hidden";
    for (const { one, at, box } of shown) {
      one.tags[at].style.visibility = "visible";
      one.tags[at].style.transform = `translate(${Math.round(box[0])}px, ${Math.round(box[1])}px)`;
    }
    this.paintInk();
  }

  // Where a label stands: over its point, but inside the frame as long as the point is.
  boxOf({ x, y, sizes, lift }, at) {
    const [px, py] = this.pixels(x, y);
    const [width, height] = sizes[at];
    const { clientWidth, clientHeight } = this.stage;
    const visible = px >= 0 && px <= clientWidth && py >= 0 && py <= clientHeight;
    const inside = (low, most) => (visible ? Math.max(3, Math.min(low, most - 3)) : low);
    const left = inside(px - width / 2, clientWidth - width);
    const top = inside(py - height / 2 - lift, clientHeight - height);
    return [left, top, left + width, top + height];
  }

  paintInk() {
    const { marker, neighbors } = this.data;
    const { polygon, clicked } = this.selection;
    const shapes = [];
    const points = (list) => list.map(([x, y]) => this.pixels(x, y).map((v) => v.toFixed(1)).join(",")).join(" ");
    if (polygon) shapes.push(shape("polygon", { class: "cm-region", points: points(polygon) }));
    const row = clicked === undefined ? -1 : this.cloud.ids.indexOf(clicked);
    if (row >= 0) {
      const [cx, cy] = this.pixels(this.cloud.x[row], this.cloud.y[row]);
      shapes.push(shape("circle", { class: "cm-ring", cx, cy, r: 7 }));
    }
    if (marker) {
      const [x, y] = this.pixels(marker[0], marker[1]);
      for (const end of neighbors) shapes.push(shape("polyline", { class: "cm-thread", points: points([marker, end]) }));
      shapes.push(shape("path", { class: "cm-star", d: `M${x},${y - 9} l9,9 l-9,9 l-9,-9 z` }));
    }
    this.ink.replaceChildren(...shapes);
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    const drawn = this.plot._fullLayout;
    if (!width || !this.data) return;
    if (this.stale || drawn?.width !== width || drawn?.height !== height) this.update();
  }

  destroy() {
    this.observer.disconnect();
    clearTimeout(this.revival);
    clearTimeout(this.telling);
    window.Plotly?.purge(this.plot);
  }
}
