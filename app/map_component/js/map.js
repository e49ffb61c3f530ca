// The skill map in the browser. One SkillMap lives on its element for as long as that element is
// in the page: a rerun hands it new colours, and plotly updates the drawing in place.

import { Areas } from "./areas.js";
import { Card } from "./card.js";
import { Choice } from "./choice.js";
import { element, shape } from "./dom.js";
import { Drawing } from "./drawing.js";
import { Flips } from "./flips.js";
import { marks } from "./ink.js";
import { PINNED, onMap, onPage } from "./keys.js";
import { Legend } from "./legend.js";
import { Near } from "./near.js";
import { loadPlotly } from "./plotly.js";
import { decodedState, halves, loadPoints, readCodes } from "./points.js";
import { afterChange, enter, isFull, leave } from "./screen.js";
import { Toolbar } from "./toolbar.js";
import { View } from "./view.js";

const NARROW = 600; // px: the full card stands below such a map

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
    this.near = new Near();
    this.choice = new Choice(this);
    this.build();
    this.view = new View(this.plot);
    this.drawing = new Drawing(this.plot, () => this.revived());
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
    this.areas = new Areas();
    this.tip = new Card("cm-card cm-tip");
    this.pinned = new Card("cm-card cm-pinned");
    this.legend = new Legend(() => { this.choice.report(); this.update(); });
    this.flips = new Flips(() => this.flips.paint(this));
    this.badge = element("div", "cm-badge", "The pinned state");
    this.badge.hidden = true;
    this.foot = element("div", "cm-foot");
    this.under = element("div", "cm-under");
    this.under.append(this.flips.line, this.foot);
    this.plot.tabIndex = 0;
    this.plot.setAttribute("role", "img");
    this.plot.setAttribute("aria-label", "Map of the queries, being drawn");
    this.plot.onkeydown = (event) => onMap(this, event);
    this.stage.append(this.areas.below, this.plot, this.flips.canvas, this.areas.above, this.ink);
    this.areas.explain(this.stage);
    this.stage.append(this.pinned.root, this.tip.root, this.badge);
    this.root.replaceChildren(this.bar.root, this.stage, this.under, this.legend.root, this.areas.numbers.root);
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
    this.answered = true;
    const [, points] = await Promise.all([loadPlotly(data.plotly), loadPoints(data.points)]);
    const known = this.now;
    const own = { ...points, ...decodedState(data) };
    if (data.pinned) own.pinned = readCodes(data.pinned.codes, data.pinned.wide);
    this.all = own;
    this.now = data;
    if (known?.dataKey !== data.dataKey) this.view.reset(own.extent);
    if (known?.token !== data.token) this.restore(data.selection);
    await this.near.look(data.near, this.view.zoomed && this.view.ranges);
    this.show(this.holding);
    this.flips.fill(data.flips, !known);
    if (this.legend.forgetMissing()) this.choice.report();
    this.root.style.height = `${data.height}px`;
    this.plot.ariaLabel = data.alt;
  }

  // Points, colours and legend of the present state, or of the pinned one in its place.
  show(pinned) {
    const instead = pinned && this.now.pinned;
    this.points = this.near.points ?? this.all;
    this.data = { ...this.now, ...(instead || {}) };
    this.codes = instead ? this.points.pinned : this.points.codes;
    this.badge.hidden = !instead;
    this.legend.fill(this.data);
    this.areas.fill(this.data, this.all.extent);
    const slow = this.drawing.webgl ? "" : "Drawn without WebGL, which this browser lacks: moving is slow.";
    this.notes = [this.near.note ?? this.now.note, slow];
  }

  // After a zoom: the points in view instead of a sample of all, where that is a difference.
  async lookNear() {
    if (!(await this.near.look(this.now.near, this.view.zoomed && this.view.ranges))) return;
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

  restore({ groups, view, ...selection }) {
    this.choice.restore(selection);
    this.legend.chosen = new Set(groups);
    this.legend.mark();
    if (view) this.view.ranges = halves(view);
  }

  async draw() {
    if (await this.drawing.draw(this)) this.listen();
    this.pin();
    this.bar.tell(this);
    this.areas.fade(this.legend.shown());
    this.place();
    await new Promise(requestAnimationFrame);
    this.mark();
  }

  mark() {
    const { lit, webgl, draws } = this.drawing;
    const mark = this.root.dataset;
    mark.revision = this.data.revision;
    mark.key = this.data.dataKey;
    mark.n = this.points.x.length;
    mark.lit = lit.rows.length;
    mark.engine = webgl ? "webgl" : "svg";
    mark.draws = draws;
    mark.drawn = "1";
    this.root.dispatchEvent(new CustomEvent("cascal-map-drawn", { bubbles: true, detail: { ...mark } }));
  }

  listen() {
    this.plot.on("plotly_hover", (event) => this.tip.show(this, this.drawing.rowOf(event.points[0])));
    this.plot.on("plotly_unhover", () => this.tip.hide());
    this.plot.on("plotly_click", (event) => this.click(event.points[0]));
    this.plot.on("plotly_selected", (event) => this.choice.region(event));
    this.plot.on("plotly_deselect", () => this.choice.clear());
    this.plot.on("plotly_doubleclick", () => (this.choice.any ? this.choice.clear() : this.view.home()));
    this.plot.on("plotly_relayouting", () => { this.tip.hide(); this.follow(); });
    this.plot.on("plotly_relayout", () => this.moved());
  }

  revived() {
    this.root.dataset.revived = Number(this.root.dataset.revived ?? 0) + 1;
    return this.update();
  }

  moved() {
    this.view.read();
    this.drawing.seen(this.view.ranges);
    this.place();
    this.choice.reportLater(() => {
      if (this.now.near) this.lookNear().catch((error) => this.bar.say(error.message));
    });
  }

  pixels(x, y) {
    return this.view.pixels(x, y);
  }

  // The card and the ring at once: no colour changes, so nothing is drawn before the server answers.
  click(point) {
    this.tip.hide();
    this.answered = false;
    this.choice.click(this.drawing.rowOf(point));
    this.pin();
    this.follow();
    this.bar.tell(this);
  }

  // The short card stands in for the full one: until that has come, and where it is out of sight.
  pin() {
    const { row } = this.choice;
    const alone = this.isFull() || this.stage.clientWidth < NARROW;
    if (row >= 0 && (alone || !this.answered)) this.pinned.show(this, row);
    else this.pinned.hide();
  }

  step(by) {
    this.tellPython.setTriggerValue("step", by);
  }

  use(tool) {
    this.tool = tool;
    this.bar.press(tool);
    window.Plotly?.relayout(this.plot, { dragmode: tool });
  }

  escape() {
    if (this.isFull()) this.leaveFullScreen();
    else this.choice.clear();
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

  // Everything that is not a point hangs over the chart: here in its place, later after its axes.
  place() {
    if (!this.view.ready) return;
    this.areas.lay(this);
    const about = this.flips.told ? [] : [this.now.caption, this.areas.hint];
    this.foot.textContent = [...about, ...this.notes, this.areas.note].filter(Boolean).join(" ");
    this.follow();
  }

  follow() {
    if (!this.view.ready) return;
    this.areas.follow(this);
    this.ink.replaceChildren(...marks(this));
    this.flips.paint(this);
    const { row } = this.choice;
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
    this.choice.stop();
    this.drawing.stop();
  }
}
