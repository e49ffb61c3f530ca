// The points as plotly draws them: which are in colour, and whether there is anything new to draw.

import { LIT, cut, greyedAct, hasWebGL, layout, sizeFor, traces } from "./figure.js";
import { insidePolygon } from "./points.js";

const CONFIG = { displayModeBar: false, doubleClick: false, scrollZoom: true, responsive: false };

export class Drawing {
  constructor(plot, lost) {
    this.plot = plot;
    this.lost = lost; // called when the browser has taken the canvas away
    this.webgl = hasWebGL();
    this.draws = 0;
  }

  // Draws where something has changed; says whether it was the first time.
  async draw(map) {
    const { polygon } = map.choice.selection;
    this.halo = getComputedStyle(map.root).getPropertyValue("--st-background-color").trim();
    this.split(map, polygon && insidePolygon(polygon, map.points.x, map.points.y));
    const first = !this.plot.data;
    this.draws += 1;
    if (this.looksNew(map) || first) await window.Plotly.react(this.plot, traces(map), layout(map), CONFIG);
    this.watchCanvases();
    return first;
  }

  // Whether plotly has to draw: a click on a point moves a ring only, and its card comes sooner.
  looksNew({ data, points, choice, legend, view, stage }) {
    const before = this.look;
    this.look = {
      lit: this.lit,
      act: greyedAct({ data, legend }),
      places: points.x,
      codes: data.codes,
      palette: String(data.palette),
      polygon: String(choice.selection.polygon),
      view: String(view.ranges),
      halo: this.halo,
      webgl: this.webgl,
      width: stage.clientWidth,
      height: stage.clientHeight,
    };
    return !before || Object.keys(this.look).some((key) => this.look[key] !== before[key]);
  }

  // Plotly itself has drawn this view.
  seen(ranges) {
    if (this.look) this.look.view = String(ranges);
  }

  // Which points are in colour (lit) and which only context (dim). Coordinates are cut anew only
  // when that changes: plotly redraws four times faster when it is handed the same arrays.
  split({ codes, points, legend }, inside) {
    const { highlight } = points;
    const grouped = legend.shown();
    const shown = new Uint8Array(points.x.length);
    for (let i = 0; i < shown.length; i++) {
      shown[i] =
        (!highlight || (highlight[i >> 3] >> (7 - (i & 7))) & 1) &&
        (!inside || inside[i]) &&
        (!grouped || grouped[codes[i]]);
    }
    this.size = sizeFor(shown.length);
    if (this.cutOf === points.x && this.shown.every((value, i) => value === shown[i])) return;
    this.cutOf = points.x;
    this.shown = shown;
    this.dim = cut(points, shown, 0);
    this.lit = cut(points, shown, 1);
  }

  // The row of a point that plotly tells of.
  rowOf({ curveNumber, pointNumber }) {
    return (curveNumber === LIT ? this.lit : this.dim).rows[pointNumber];
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

  revive() {
    window.Plotly.purge(this.plot);
    this.webgl = hasWebGL();
    this.lost();
  }

  stop() {
    clearTimeout(this.revival);
    window.Plotly?.purge(this.plot);
  }
}
