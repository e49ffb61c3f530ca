// The skill map in the browser. One SkillMap lives on its element for as long as that element is
// in the page: a rerun hands it new colours, and plotly updates the drawing in place.

import { Card } from "./card.js";
import { element, shape } from "./dom.js";
import { LIT, cut, hasWebGL, layout, sizeFor, traces } from "./figure.js";
import { Flips } from "./flips.js";
import { marks } from "./ink.js";
import { HELP, PINNED, onMap, onPage } from "./keys.js";
import { Labels } from "./labels.js";
import { Legend } from "./legend.js";
import { Near } from "./near.js";
import { loadPlotly } from "./plotly.js";
import { decodedState, halves, insidePolygon, loadPoints, outline, readCodes } from "./points.js";
import { afterChange, enter, isFull, leave } from "./screen.js";
import { Toolbar } from "./toolbar.js";

const NARROW = 600; // px: the full card stands below such a map
const VIEW_PAUSE = 400; // ms without a move, after which a zoom is told

const maps = new WeakMap();

export function mount(root, data, tell) {
  if (!maps.has(root)) maps.set(root, new SkillMap(root));
  const map = maps.get(root);
  map.tellPython = tell;
  map.update(data);
}

export function unmount(root) {
  maps.get(root)?.destroy();
  maps.delete(root);
}

class SkillMap {
  constructor(root) {
    this.root = root;
    this.tool = "pan";
    this.selection = {};
    this.draws = 0;
    this.near = new Near();
    this.webgl = hasWebGL();
    this.build();
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.stage);
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    document.addEventListener("keydown", (event) => onPage(this, event), { signal });
    document.addEventListener("keyup", (event) => event.key === PINNED && this.holdPinned(false), { signal });
    window.addEventListener("blur", () => this.holdPinned(false), { signal });
    document.addEventListener("fullscreenchange", () => afterChange(this.root), { signal });
  }

  build() {
    this.bar = new Toolbar(this);
    this.stage = element("div", "cm-stage");
    this.plot = element("div", "cm-plot");
    this.ink = shape("svg", { class: "cm-ink", "aria-hidden": "true" });
    this.labels = new Labels();
    this.tip = new Card("cm-card cm-tip");
    this.pinned = new Card("cm-card cm-pinned");
    this.legend = new Legend(() => { this.report(); this.update(); });
    this.flips = new Flips(() => this.flips.paint(this));
    this.badge = element("div", "cm-badge", "The pinned state");
    this.badge.hidden = true;
    this.foot = element("div", "cm-foot");
    this.caption = element("div");
    this.foot.append(this.caption, element("div", "cm-keys", HELP));
    this.plot.tabIndex = 0;
    this.plot.setAttribute("role", "img");
    this.plot.setAttribute("aria-label", "Map of the queries, being drawn");
    this.plot.onkeydown = (event) => onMap(this, event);
    this.stage.append(this.plot, this.flips.canvas, this.ink, this.labels.root);
    this.labels.explain(this.stage);
    this.stage.append(this.pinned.root, this.tip.root, this.badge);
    this.root.replaceChildren(this.bar.root, this.stage, this.flips.line, this.legend.root, this.foot);
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
      this.caption.textContent = `The map could not be drawn: ${error.message}`;
      console.error(error);
    } finally {
      this.busy = false;
    }
  }

  async take(data) {
    this.waiting = null;
    this.answered = true;
    const [, points] = await Promise.all([loadPlotly(data.plotly), loadPoints(data.points)]);
    const known = this.now;
    const own = { ...points, ...decodedState(data) };
    if (data.pinned) own.pinned = readCodes(data.pinned.codes, data.pinned.wide);
    this.all = own;
    this.now = data;
    if (known?.dataKey !== data.dataKey) this.view = halves(own.extent);
    if (known?.token !== data.token) this.restore(data.selection);
    await this.near.look(data.near, this.zoomed() && this.view);
    this.show(this.holding);
    this.flips.fill(data.flips, !known);
    if (this.legend.forgetMissing()) this.report();
    this.root.style.height = `${data.height}px`;
    this.plot.ariaLabel = data.alt;
    this.labels.fill(data);
  }

  // Points, colours and legend of the present state, or of the pinned one in its place.
  show(pinned) {
    const instead = pinned && this.now.pinned;
    this.points = this.near.points ?? this.all;
    this.data = { ...this.now, ...(instead || {}) };
    this.codes = instead ? this.points.pinned : this.points.codes;
    this.badge.hidden = !instead;
    this.legend.fill(this.data);
    const slow = this.webgl ? "" : "Drawn without WebGL, which this browser lacks: moving is slow.";
    this.caption.textContent = [this.now.caption, this.near.note ?? this.now.note, slow].join(" ");
  }

  // After a zoom: the points in view instead of a sample of all, where that is a difference.
  async lookNear() {
    if (!(await this.near.look(this.now.near, this.zoomed() && this.view))) return;
    this.show(this.holding);
    this.update();
  }

  // As long as the key is held, the map shows the state that changes are measured against.
  holdPinned(held) {
    if (!this.now || Boolean(this.holding) === held) return;
    this.holding = held;
    if (!this.now.pinned) this.bar.say(held ? "This is the pinned state." : "");
    else {
      this.show(held);
      this.update();
    }
  }

  // Mounted anew, or cleared by Python: what Python holds.
  restore({ groups, view, ...selection }) {
    clearTimeout(this.telling);
    this.selection = selection;
    this.legend.chosen = new Set(groups);
    this.legend.mark();
    if (view) this.view = halves(view);
  }

  async draw() {
    const { polygon } = this.selection;
    this.halo = getComputedStyle(this.root).getPropertyValue("--st-background-color").trim();
    this.inside = polygon && insidePolygon(polygon, this.points.x, this.points.y);
    this.split();
    const first = !this.plot.data;
    this.draws += 1;
    if (this.looksNew() || first) {
      await window.Plotly.react(this.plot, traces(this), layout(this), {
        displayModeBar: false,
        doubleClick: false,
        scrollZoom: true,
        responsive: false,
      });
    }
    if (first) this.listen();
    this.watchCanvases();
    this.pin();
    this.bar.tell(this);
    this.place();
    await new Promise(requestAnimationFrame);
    this.mark();
  }

  // Whether plotly has to draw: a click on a point moves a ring only, and its card comes sooner.
  looksNew() {
    const before = this.look;
    this.look = {
      lit: this.lit,
      places: this.points.x,
      codes: this.data.codes,
      palette: String(this.data.palette),
      polygon: String(this.selection.polygon),
      view: String(this.view),
      halo: this.halo,
      webgl: this.webgl,
      width: this.stage.clientWidth,
      height: this.stage.clientHeight,
    };
    return !before || Object.keys(this.look).some((key) => this.look[key] !== before[key]);
  }

  mark() {
    const mark = this.root.dataset;
    mark.revision = this.data.revision;
    mark.key = this.data.dataKey;
    mark.n = this.points.x.length;
    mark.lit = this.lit.rows.length;
    mark.engine = this.webgl ? "webgl" : "svg";
    mark.draws = this.draws;
    mark.drawn = "1";
    this.root.dispatchEvent(new CustomEvent("cascal-map-drawn", { bubbles: true, detail: { ...mark } }));
  }

  // Which points are in colour (lit) and which only context (dim). Coordinates are cut anew only
  // when that changes: plotly redraws four times faster when it is handed the same arrays.
  split() {
    const { inside, codes, points } = this;
    const { highlight } = points;
    const grouped = this.legend.shown();
    const shown = new Uint8Array(points.x.length);
    for (let i = 0; i < shown.length; i++) {
      shown[i] =
        (!highlight || (highlight[i >> 3] >> (7 - (i & 7))) & 1) &&
        (!inside || inside[i]) &&
        (!grouped || grouped[codes[i]]);
    }
    if (this.cutOf === points.x && this.shown.every((value, i) => value === shown[i])) return;
    this.cutOf = points.x;
    this.shown = shown;
    this.dim = cut(points, shown, 0);
    this.lit = cut(points, shown, 1);
  }

  listen() {
    this.plot.on("plotly_hover", (event) => this.tip.show(this, this.rowOf(event.points[0])));
    this.plot.on("plotly_unhover", () => this.tip.hide());
    this.plot.on("plotly_click", (event) => this.click(event.points[0]));
    this.plot.on("plotly_selected", (event) => this.selected(event));
    this.plot.on("plotly_deselect", () => this.clear());
    this.plot.on("plotly_doubleclick", () => (this.chosen ? this.clear() : this.home()));
    this.plot.on("plotly_relayouting", () => { this.tip.hide(); this.place(); });
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
    if (this.look) this.look.view = String(this.view); // plotly has drawn it
    this.place();
    this.report(VIEW_PAUSE);
  }

  // Tell Python everything that the reader has done, after a pause in which more may follow.
  report(pause = 0) {
    clearTimeout(this.telling);
    const say = () => {
      if (pause && this.now.near) this.lookNear().catch((error) => this.bar.say(error.message));
      const view = this.zoomed() ? this.view.flat() : undefined;
      const done = { ...this.selection, groups: [...this.legend.chosen], view, token: this.data.token };
      this.tellPython.setStateValue("selection", this.chosen || view ? done : null);
    };
    if (pause) this.telling = setTimeout(say, pause);
    else say();
  }

  zoomed() {
    const [x0, x1, y0, y1] = this.all.extent;
    const [[left, right], [bottom, top]] = this.view;
    const slack = 1e-3 * (x1 - x0 + y1 - y0);
    return left > x0 + slack || right < x1 - slack || bottom > y0 + slack || top < y1 - slack;
  }

  get size() {
    return sizeFor(this.points.x.length);
  }

  rowOf(point) {
    return (point.curveNumber === LIT ? this.lit : this.dim).rows[point.pointNumber];
  }

  clickedRow() {
    const { clicked } = this.selection;
    return clicked === undefined ? -1 : this.points.ids.indexOf(clicked);
  }

  pixels(x, y) {
    const { xaxis, yaxis } = this.plot._fullLayout;
    return [xaxis._offset + xaxis.l2p(x), yaxis._offset + yaxis.l2p(y)];
  }

  // The card and the ring at once: no colour changes, so nothing is drawn before the server answers.
  click(point) {
    this.tip.hide();
    this.selection = { ...this.selection, clicked: this.points.ids[this.rowOf(point)] };
    this.answered = false;
    this.pin();
    this.place();
    this.bar.tell(this);
    this.report();
  }

  selected(event) {
    if (!event || (!event.range && !event.lassoPoints)) return;
    const polygon = outline(event);
    const sampled = this.data.total !== this.points.x.length;
    const found = insidePolygon(polygon, this.points.x, this.points.y);
    const count = sampled ? null : found.reduce((sum, one) => sum + one, 0);
    this.select({ ...this.selection, polygon, count });
  }

  select(selection) {
    this.selection = selection;
    this.report();
    this.update();
  }

  // The short card stands in for the full one: until that has come, and where it is out of sight.
  pin() {
    const row = this.clickedRow();
    const alone = this.isFull() || this.stage.clientWidth < NARROW;
    if (row >= 0 && (alone || !this.answered)) this.pinned.show(this, row);
    else this.pinned.hide();
  }

  get chosen() {
    const { polygon, clicked } = this.selection;
    return Boolean(polygon) || clicked !== undefined || this.legend.chosen.size > 0;
  }

  clear() {
    if (!this.chosen) return;
    this.legend.clear();
    this.select({});
  }

  step(by) {
    this.tellPython.setTriggerValue("step", by);
  }

  use(tool) {
    this.tool = tool;
    this.bar.press(tool);
    window.Plotly?.relayout(this.plot, { dragmode: tool });
  }

  home() {
    const [x0, x1, y0, y1] = this.all.extent;
    window.Plotly.relayout(this.plot, { "xaxis.range": [x0, x1], "yaxis.range": [y0, y1] });
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

  escape() {
    if (this.isFull()) this.leaveFullScreen();
    else this.clear();
  }

  isFull() {
    return isFull(this.root);
  }

  toggleFullScreen() {
    return this.isFull() ? this.leaveFullScreen() : enter(this.root);
  }

  leaveFullScreen() {
    return leave(this.root);
  }

  // Everything that is not a point hangs over the chart and follows its axes.
  place() {
    if (!this.plot._fullLayout?.xaxis?.l2p) return;
    const pixels = (x, y) => this.pixels(x, y);
    this.labels.place(pixels, this.stage);
    this.ink.replaceChildren(...marks(this));
    this.flips.paint(this);
    const row = this.clickedRow();
    if (row >= 0) this.pinned.place(this, row);
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    const drawn = this.plot._fullLayout;
    if (!width || !this.data) return;
    if (this.stale || drawn?.width !== width || drawn?.height !== height) this.update();
  }

  destroy() {
    this.observer.disconnect();
    this.listeners.abort();
    this.flips.stop();
    clearTimeout(this.revival);
    clearTimeout(this.telling);
    window.Plotly?.purge(this.plot);
  }
}
