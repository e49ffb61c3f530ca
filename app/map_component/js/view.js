// What part of the map is in view: the zoom, and where a place of the map lies on the screen.

import { halves } from "./points.js";

export class View {
  constructor(plot) {
    this.plot = plot;
    this.ranges = null; // [[x0, x1], [y0, y1]], whoever moved them
    this.extent = null; // the whole map
  }

  // Another map: all of it.
  reset(extent) {
    this.extent = extent;
    this.ranges = halves(extent);
  }

  // After plotly has moved.
  read() {
    const { xaxis, yaxis } = this.plot._fullLayout;
    this.ranges = [[...xaxis.range], [...yaxis.range]];
  }

  get zoomed() {
    const [x0, x1, y0, y1] = this.extent;
    const [[left, right], [bottom, top]] = this.ranges;
    const slack = 1e-3 * (x1 - x0 + y1 - y0);
    return left > x0 + slack || right < x1 - slack || bottom > y0 + slack || top < y1 - slack;
  }

  get ready() {
    return Boolean(this.plot._fullLayout?.xaxis?.l2p);
  }

  pixels(x, y) {
    const { xaxis, yaxis } = this.plot._fullLayout;
    return [xaxis._offset + xaxis.l2p(x), yaxis._offset + yaxis.l2p(y)];
  }

  home() {
    const [x0, x1, y0, y1] = this.extent;
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
}
