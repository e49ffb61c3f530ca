// Where names stand: on or beside their own outline, on as few points as possible, none on another
// name, on the outline of another cluster or over its centre. One that stands near another outline,
// or away from its own, has a line to it, which crosses no other cluster. What then has no place may
// stand farther off on such a line. A name without any place is told under the pointer.

const CELL = 6; // px
const ANGLES = 24;
const GAPS = [2, 7, 14, 22, 32]; // px between a name and its outline, the nearest first
const FARTHER = [...GAPS, 44, 58, 74, 92, 112, 136, 164]; // px, for a name that has no place nearer
const COVERED = 0.12; // of a name may lie on points and outlines
const CROWDED = 0.28; // of a name that has no room else, close to its outline
const LAST = 0.5; // of one that has no place else
const EDGE = 4; // px to the frame
const CENTRE = 3; // px: no name is so near to the centre of another cluster
const [FREE, TIGHT, AFAR] = [0, 1, 2]; // how a name is placed: first on free ground, at last farther off
const UP = [0, -0.4, 0.4, -0.8, 0.8, -1.2, 1.2, -1.6, 1.6, -2, 2, -2.4, 2.4]; // of its height, on its own cluster
const ON_IT = UP.flatMap((up) => [0, -0.2, 0.2, -0.4, 0.4].map((across) => [across, up])); // and of its width
const APART = [5, 2]; // px between two names, across and up
const BESIDE = 7; // px: so near to its outline a name needs no line, where no other is as near
const NEAR = 5; // px to another outline, from which on a name could be taken for its name
const FOREIGN = 0.04; // of a name may lie on another cluster: a corner
const INSIDE = 0.33; // of a name on its own cluster lies on it
const [MOST, CORNER] = [0.5, 0.05]; // or so much of it, and then so much of it on another
const [PARTS, SMALLER] = [3, 3]; // so many parts of a cluster may have its name, at such a cost each
const LED = 4; // what a line costs, beside a name that needs none
const STRIDE = 3; // px between the points of a line that are looked at
const UNLED = { led: false, cost: 0 };
const [NOBODY, SEVERAL] = [-1, -2];

// Which cells of the frame hold points or an outline, as sums over all cells up to each: any box is
// four look-ups; and on whose outline each cell lies. shapes : the rings of every cluster; centres :
// where its points are densest
export class Crowd {
  constructor(width, height, { x, y }, shapes, centres, pixels) {
    const rings = shapes.flat();
    this.centres = centres;
    this.columns = Math.ceil(width / CELL) + 1;
    this.rows = Math.ceil(height / CELL) + 1;
    const sums = new Uint32Array(this.columns * this.rows);
    const [left, bottom] = pixels(0, 0);
    const [right, top] = pixels(1, 1);
    const mark = (px, py) => {
      const [column, row] = [Math.floor(px / CELL) + 1, Math.floor(py / CELL) + 1];
      if (column > 0 && row > 0 && column < this.columns && row < this.rows) sums[row * this.columns + column] = 1;
    };
    for (let i = 0; i < x.length; i++) mark(left + x[i] * (right - left), bottom + y[i] * (top - bottom));
    for (const ring of rings) for (const [px, py] of ring) mark(px, py);
    for (let row = 1; row < this.rows; row++) {
      for (let column = 1, line = 0; column < this.columns; column++) {
        line += sums[row * this.columns + column];
        sums[row * this.columns + column] = line + sums[(row - 1) * this.columns + column];
      }
    }
    this.sums = sums;
    this.owners = new Int16Array(this.columns * this.rows).fill(NOBODY);
    shapes.forEach((own, at) => own.forEach((ring) => this.give(ring, at)));
  }

  // The cells inside a ring to a cluster, line by line.
  give(ring, to) {
    const levels = ring.map(([, y]) => y);
    const first = Math.max(0, Math.floor(Math.min(...levels) / CELL));
    const last = Math.min(this.rows - 1, Math.floor(Math.max(...levels) / CELL));
    for (let row = first; row <= last; row++) {
      const ends = crossings(ring, (row + 0.5) * CELL);
      for (let k = 0; k + 1 < ends.length; k += 2) {
        const right = Math.min(this.columns - 1, Math.floor(ends[k + 1] / CELL));
        for (let column = Math.max(0, Math.floor(ends[k] / CELL)); column <= right; column++) {
          const at = row * this.columns + column;
          this.owners[at] = [NOBODY, to].includes(this.owners[at]) ? to : SEVERAL;
        }
      }
    }
  }

  // The shares of a box's cells that are a cluster's own, and that are another's.
  owned([x0, y0, x1, y1], by) {
    let [own, foreign, all] = [0, 0, 0];
    for (let y = y0 + CELL / 4; y < y1; y += CELL / 2) {
      for (let x = x0 + CELL / 4; x < x1; x += CELL / 2, all++) {
        const owner = this.at(x, y);
        if (owner === by) own++;
        else if (owner !== NOBODY) foreign += owner === SEVERAL ? 0.5 : 1;
      }
    }
    return [own / all, foreign / all];
  }

  at(x, y) {
    const [column, row] = [Math.floor(x / CELL), Math.floor(y / CELL)];
    const inside = column >= 0 && row >= 0 && column < this.columns && row < this.rows;
    return inside ? this.owners[row * this.columns + column] : NOBODY;
  }

  // Whether a straight line meets no name, and how many pixels of it lie on other clusters than one.
  line(start, end, by, taken) {
    const points = along(start, end);
    const free = points.every(([x, y]) => taken.every(([x0, y0, x1, y1]) => x < x0 || x > x1 || y < y0 || y > y1));
    return { free, foreign: STRIDE * points.filter(([x, y]) => ![NOBODY, by].includes(this.at(x, y))).length };
  }

  // Whether the centre of another cluster lies under a box.
  hides([x0, y0, x1, y1], by) {
    return this.centres.some(([x, y], at) => (
      at !== by && x > x0 - CENTRE && x < x1 + CENTRE && y > y0 - CENTRE && y < y1 + CENTRE
    ));
  }

  // The share of a box's cells that hold any.
  under([x0, y0, x1, y1]) {
    const across = (px) => Math.max(0, Math.min(this.columns - 1, px));
    const down = (px) => Math.max(0, Math.min(this.rows - 1, px));
    const [left, right] = [across(Math.floor(x0 / CELL)), across(Math.floor(x1 / CELL) + 1)];
    const [top, bottom] = [down(Math.floor(y0 / CELL)), down(Math.floor(y1 / CELL) + 1)];
    const at = (row, column) => this.sums[row * this.columns + column];
    const found = at(bottom, right) - at(top, right) - at(bottom, left) + at(top, left);
    return found / Math.max(1, (right - left) * (bottom - top));
  }
}

// Names with their places, as far as there is room, in one line or else in two: first on free
// ground, then where they have to lie on points of their own cluster, at last farther off on a line.
export function arrange(names, crowd, frame) {
  const placed = [];
  for (const way of [FREE, TIGHT, AFAR]) {
    for (const name of names) {
      if (placed.some((one) => one.name === name)) continue;
      const others = placed.flatMap(held);
      for (const text of name.tags.keys()) {
        const spot = name.over ? above(name, frame) : bestSpot(name, text, crowd, frame, others, way);
        if (spot) placed.push({ name, text, ...spot });
        if (spot) break;
      }
    }
  }
  return placed.map(({ name, text, box, led, part, away }) => (
    { name, tag: name.tags[text], size: name.sizes[text], led, part, over: away === 0, from: [box[0] - name.at[0], box[1] - name.at[1]] }
  ));
}

// Where a line from a name to its outline begins and ends.
export function lineTo(ring, [x0, y0, x1, y1]) {
  const far = ([x, y]) => Math.hypot(Math.max(x0 - x, 0, x - x1), Math.max(y0 - y, 0, y - y1));
  const end = ring.reduce((best, one) => (far(one) < far(best) ? one : best), ring[0] ?? [(x0 + x1) / 2, (y0 + y1) / 2]);
  return [[Math.min(x1, Math.max(x0, end[0])), Math.min(y1, Math.max(y0, end[1]))], end];
}

// The boxes that a name and its line take up.
function held({ name, box, led, part }) {
  if (!led) return [box];
  return [box, ...along(...lineTo(name.rings[part], box)).map(([x, y]) => [x, y, x, y])];
}

function along([x0, y0], [x1, y1]) {
  const steps = Math.max(1, Math.ceil(Math.hypot(x1 - x0, y1 - y0) / STRIDE));
  return Array.from({ length: steps }, (_, k) => [x0 + ((x1 - x0) * k) / steps, y0 + ((y1 - y0) * k) / steps]);
}

// Where the sides of a ring cross a level, from left to right.
function crossings(ring, level) {
  const found = [];
  ring.forEach(([x0, y0], k) => {
    const [x1, y1] = ring[(k + 1) % ring.length];
    if (y0 <= level !== y1 <= level) found.push(x0 + ((level - y0) / (y1 - y0)) * (x1 - x0));
  });
  return found.sort((a, b) => a - b);
}

// Over its point, but inside the frame as long as the point is.
function above({ at: [x, y], over, sizes: [[width, height]] }, frame) {
  if (x < 0 || y < 0 || x > frame[0] || y > frame[1]) return null;
  const left = Math.max(EDGE, Math.min(x - width / 2, frame[0] - width - EDGE));
  const top = Math.max(EDGE, y - height / 2 - over);
  return { box: [left, top, left + width, top + height], led: false, part: 0 };
}

function bestSpot(name, text, crowd, frame, taken, way) {
  let best = null;
  for (const candidate of allCandidates(name, frame, way === AFAR ? FARTHER : GAPS)) {
    const box = candidate.boxOf(name.sizes[text]);
    if (candidate.cost >= (best?.cost ?? Infinity) || !isFree(box, frame, taken)) continue;
    const under = crowd.under(box);
    if (!mayCover(candidate, under, way) || crowd.hides(box, name.area)) continue;
    const place = way === AFAR ? afar(candidate, box, name, crowd, taken) : needsLine(candidate, box, name, crowd, taken);
    if (place === null) continue;
    const cost = candidate.cost + 60 * under + place.cost;
    if (cost < (best?.cost ?? Infinity)) best = { ...candidate, led: place.led, cost, box };
  }
  return best;
}

// Whether a place needs a line to its outline, and what that costs; null where it would be taken for
// another's name.
function needsLine({ away, part }, box, { area, rings }, crowd, taken) {
  const ring = rings[part];
  const [own, foreign] = crowd.owned(box, area);
  if (away === 0 && own >= MOST && foreign <= CORNER) return UNLED;
  if (foreign > FOREIGN) return null;
  if (away === 0) return own >= INSIDE || ring.length < 3 ? UNLED : null;
  const [x0, y0, x1, y1] = box;
  const alone = crowd.owned([x0 - NEAR, y0 - NEAR, x1 + NEAR, y1 + NEAR], area)[1] === 0;
  if (alone && away <= BESIDE) return UNLED;
  const line = crowd.line(...lineTo(ring, box), area, taken);
  return line.free && !line.foreign ? { led: true, cost: LED } : null;
}

// The line of a name that stands wherever there is room left.
function afar({ away, part }, box, { area, rings }, crowd, taken) {
  const [own, foreign] = crowd.owned(box, area);
  if (foreign > FOREIGN) return null;
  if (away === 0 && own >= INSIDE) return UNLED;
  const line = crowd.line(...lineTo(rings[part], box), area, taken);
  return line.free && !line.foreign ? { led: true, cost: LED } : null;
}

// The halo of a name keeps it readable on points; on its own cluster it may lie on any.
function mayCover({ away }, under, way) {
  if (way === FREE) return under <= COVERED;
  if (way === AFAR) return away === 0 || under <= LAST;
  return away === 0 || (away <= GAPS[0] && under <= CROWDED);
}

// At the parts of a cluster, the largest first.
function* allCandidates(name, frame, gaps) {
  for (const [part, ring] of name.rings.slice(0, PARTS).entries()) {
    const start = centreOf(ring, name.at, frame);
    if (!start) continue;
    for (const one of candidates(ring, name.sizes, start, gaps)) yield { ...one, part, cost: one.cost + part * SMALLER };
  }
}

// Around the outline in all directions, nearest first; better over and under it than beside it.
function* candidates(ring, sizes, [cx, cy], gaps) {
  for (const gap of gaps) {
    for (let k = 0; k < ANGLES; k++) {
      const [dx, dy] = [Math.cos((2 * Math.PI * k) / ANGLES), Math.sin((2 * Math.PI * k) / ANGLES)];
      const reach = ring.reduce((most, [x, y]) => Math.max(most, (x - cx) * dx + (y - cy) * dy), 0);
      const boxOf = ([width, height]) => {
        const by = reach + gap + (Math.abs(dx) * width + Math.abs(dy) * height) / 2;
        const [left, top] = [cx + dx * by - width / 2, cy + dy * by - height / 2];
        return [left, top, left + width, top + height];
      };
      yield { away: gap, cost: gap / 4 + 2 * Math.abs(dx) + (dy > 0 ? 0.5 : 0), boxOf };
    }
  }
  for (const [across, up] of ON_IT) {
    const boxOf = ([width, height]) => {
      const [left, top] = [cx + (across - 0.5) * width, cy + (up - 0.5) * height];
      return [left, top, left + width, top + height];
    };
    yield { away: 0, cost: 14 + sizes.length + Math.abs(across) + Math.abs(up), boxOf };
  }
}

// The middle of what is in view of an outline; null where nothing is.
function centreOf(ring, [x, y], [width, height]) {
  const seen = ring.filter(([px, py]) => px >= 0 && py >= 0 && px <= width && py <= height);
  if (!seen.length) return x >= 0 && y >= 0 && x <= width && y <= height ? [x, y] : null;
  const middle = (at) => (Math.min(...seen.map((one) => one[at])) + Math.max(...seen.map((one) => one[at]))) / 2;
  return [middle(0), middle(1)];
}

function isFree([x0, y0, x1, y1], [width, height], taken) {
  if (x0 < EDGE || y0 < EDGE || x1 > width - EDGE || y1 > height - EDGE) return false;
  return taken.every((other) => (
    x0 > other[2] + APART[0] || x1 < other[0] - APART[0] || y0 > other[3] + APART[1] || y1 < other[1] - APART[1]
  ));
}
