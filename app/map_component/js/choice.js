// What the reader chose: a point, a region, entries of the legend; and how Python hears of it.

import { insidePolygon, outline } from "./points.js";

const VIEW_PAUSE = 400; // ms without a move, after which a zoom is told

export class Choice {
  constructor(map) {
    this.map = map;
    this.selection = {};
  }

  // Mounted anew, or cleared by Python: what Python holds.
  restore(selection) {
    clearTimeout(this.telling);
    this.selection = selection;
  }

  get any() {
    const { polygon, clicked } = this.selection;
    return Boolean(polygon) || clicked !== undefined || this.map.legend.chosen.size > 0;
  }

  // The row of the clicked point; -1 without one.
  get row() {
    const { clicked } = this.selection;
    return clicked === undefined ? -1 : this.map.points.ids.indexOf(clicked);
  }

  click(row) {
    this.selection = { ...this.selection, clicked: this.map.points.ids[row] };
    this.report();
  }

  // A lasso or a box of plotly.
  region(event) {
    if (!event || (!event.range && !event.lassoPoints)) return;
    const { data, points } = this.map;
    const polygon = outline(event);
    const sampled = data.total !== points.x.length;
    const found = insidePolygon(polygon, points.x, points.y);
    const count = sampled ? null : found.reduce((sum, one) => sum + one, 0);
    this.select({ ...this.selection, polygon, count });
  }

  select(selection) {
    this.selection = selection;
    this.report();
    this.map.update();
  }

  clear() {
    if (!this.any) return;
    this.map.legend.clear();
    this.select({});
  }

  // Tell Python everything that the reader has done.
  report() {
    clearTimeout(this.telling);
    const { legend, view, data, tellPython } = this.map;
    const zoom = view.zoomed ? view.ranges.flat() : undefined;
    const done = { ...this.selection, groups: [...legend.chosen], view: zoom, token: data.token };
    tellPython.setStateValue("selection", this.any || zoom ? done : null);
  }

  // After a zoom, which others may follow.
  reportLater(before) {
    clearTimeout(this.telling);
    this.telling = setTimeout(() => { before(); this.report(); }, VIEW_PAUSE);
  }

  stop() {
    clearTimeout(this.telling);
  }
}
