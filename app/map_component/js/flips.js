// Which points the last move sent to another model: a pulse from the old colour to the new one, then
// rings as long as the reader wants them. All on a canvas of their own: the map is not drawn again.

import { button, element } from "./dom.js";
import { bytes, readCodes } from "./points.js";

const PULSE = 600; // ms
const SWELL = 2.4; // radii by which a point is larger when its pulse begins
const RING = 2; // px around a point

const still = matchMedia("(prefers-reduced-motion: reduce)");

export class Flips {
  constructor(changed) {
    this.canvas = element("canvas", "cm-flips");
    this.canvas.ariaHidden = "true";
    this.line = element("div", "cm-flipped");
    this.line.setAttribute("role", "status");
    this.toggle = button("", () => { this.ringed = !this.ringed; this.tell(); changed(); });
    this.note = element("span");
    this.line.hidden = true;
    this.line.append(this.note, this.toggle);
    this.ringed = false;
    this.points = [];
  }

  // A move that came while the map was on screen pulses once.
  fill(flips, first) {
    const known = this.key;
    this.key = flips?.key;
    this.points = flips ? readPoints(flips) : [];
    this.note.textContent = this.note.title = flips?.sentence ?? "";
    this.line.hidden = !flips;
    if (!first && this.key !== known && this.points.length) this.begin();
    this.tell();
  }

  // Whether a move is told of below the map.
  get told() {
    return !this.line.hidden;
  }

  begin() {
    if (still.matches) this.ringed = true;
    else this.until = performance.now() + PULSE;
  }

  tell() {
    this.toggle.hidden = !this.points.length;
    this.toggle.ariaPressed = String(this.ringed);
    this.toggle.textContent = "Ring them";
  }

  get pulsing() {
    return this.until !== undefined && this.points.length > 0;
  }

  // The points that have a ring now.
  rings() {
    return this.ringed && !this.pulsing ? this.points : [];
  }

  paint(map) {
    const left = this.pulsing ? Math.max(0, this.until - performance.now()) / PULSE : 0;
    const nothing = !this.pulsing && !this.rings().length;
    if (nothing && this.blank) return;
    this.blank = nothing;
    const pen = this.pen(map.stage);
    if (this.pulsing) this.paintPulse(pen, map, left);
    else this.paintRings(pen, map);
    if (!this.pulsing || this.painting) return;
    if (left === 0) this.until = undefined;
    this.painting = requestAnimationFrame(() => { this.painting = undefined; this.paint(map); });
  }

  pen({ clientWidth, clientHeight }) {
    const scale = window.devicePixelRatio;
    const [width, height] = [Math.round(clientWidth * scale), Math.round(clientHeight * scale)];
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const pen = this.canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, clientWidth, clientHeight);
    return pen;
  }

  paintPulse(pen, map, left) {
    for (const { row, from, to } of this.points) {
      for (const [color, opacity] of [[to, 1], [from, left]]) {
        pen.globalAlpha = opacity;
        pen.fillStyle = color;
        this.circle(pen, map, row, (map.drawing.size / 2) * (1 + SWELL * left));
        pen.fill();
      }
    }
    pen.globalAlpha = 1;
  }

  paintRings(pen, map) {
    pen.lineWidth = 1.3;
    for (const { row, to } of this.rings()) {
      pen.strokeStyle = to;
      this.circle(pen, map, row, map.drawing.size / 2 + RING);
      pen.stroke();
    }
  }

  circle(pen, map, row, radius) {
    const [x, y] = map.pixels(map.all.x[row], map.all.y[row]);
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
  }

  stop() {
    cancelAnimationFrame(this.painting);
  }
}

function readPoints(flips) {
  const [before, after] = [flips.before, flips.after].map((codes) => readCodes(codes, flips.wide));
  return [...new Int32Array(bytes(flips.rows))].map((row, i) => (
    { row, from: flips.colors[before[i]], to: flips.colors[after[i]] }
  ));
}
