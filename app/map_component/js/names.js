// Where names stand: outside their outline, on as few points as possible, none on another.

const CELL = 6; // px
const ANGLES = 24;
const GAPS = [2, 7, 14, 22, 32]; // px between a name and its outline, the nearest first
const COVERED = 0.12; // of a name may lie on points and outlines
const CROWDED = 0.28; // of a name that has no room else, close to its outline
const EDGE = 4; // px to the frame
const APART = [5, 2]; // px between two names, across and up

// Which cells of the frame hold points or an outline, as sums over all cells up to each: any box is four look-ups.
export class Crowd {
  constructor(width, height, { x, y }, rings, pixels) {
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

// Names with their places, as far as there is room: first short ones on free ground, then those that
// have to lie on points, where nobody takes them for another's: on their own cluster or right beside
// it; at last as many whole ones as fit.
export function arrange(names, crowd, frame, taken) {
  const placed = [];
  for (const crowded of [false, true]) {
    for (const name of names) {
      if (placed.some((one) => one.name === name)) continue;
      const others = [...taken, ...placed.map(({ box }) => box)];
      const spot = name.over ? above(name, frame) : bestSpot(name, crowd, frame, others, crowded);
      if (spot) placed.push({ name, text: 0, ...spot });
    }
  }
  for (const one of placed) {
    const last = one.name.tags.length - 1;
    if (!last || !one.name.whole[last]) continue;
    const box = one.boxOf(one.name.sizes[last]);
    const others = [...taken, ...placed.filter((other) => other !== one).map(({ box: other }) => other)];
    if (isFree(box, frame, others) && crowd.under(box) <= COVERED / 2) Object.assign(one, { text: last, box });
  }
  return placed.map(({ name, text, box, away }) => (
    { name, text, away, from: [box[0] - name.at[0], box[1] - name.at[1]] }
  ));
}

// Over its point, but inside the frame as long as the point is.
function above({ at: [x, y], over, sizes: [[width, height]] }, frame) {
  if (x < 0 || y < 0 || x > frame[0] || y > frame[1]) return null;
  const left = Math.max(EDGE, Math.min(x - width / 2, frame[0] - width - EDGE));
  const top = Math.max(EDGE, y - height / 2 - over);
  const box = [left, top, left + width, top + height];
  return { box, away: 0, boxOf: () => box };
}

function bestSpot(name, crowd, frame, taken, crowded) {
  const start = centreOf(name.ring, name.at, frame);
  if (!start) return null;
  let best = null;
  for (const candidate of candidates(name, start)) {
    const box = candidate.boxOf(name.sizes[0]);
    if (candidate.cost >= (best?.cost ?? Infinity) || !isFree(box, frame, taken)) continue;
    const under = crowd.under(box);
    const cost = candidate.cost + 60 * under;
    if (mayCover(candidate, under, crowded) && cost < (best?.cost ?? Infinity)) best = { ...candidate, cost, box };
  }
  return best;
}

// The halo of a name keeps it readable on points; on its own cluster it may lie on any.
function mayCover({ away }, under, crowded) {
  if (!crowded) return under <= COVERED;
  return away === 0 || (away <= GAPS[0] && under <= CROWDED);
}

// Around the outline in all directions, nearest first; better over and under it than beside it.
function* candidates({ ring, sizes }, [cx, cy]) {
  for (const gap of GAPS) {
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
  const boxOf = ([width, height]) => [cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2];
  yield { away: 0, cost: 14 + sizes.length, boxOf };
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
