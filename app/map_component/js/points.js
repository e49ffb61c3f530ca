// The points, which come from the server once, and the geometry of polygons.

const MAX_VERTICES = 200;
const KEPT = 4; // sets of points

const sets = new Map(); // address -> promise of points
export function loadPoints(address) {
  if (!sets.has(address)) {
    const points = fetchPoints(address);
    points.catch(() => sets.delete(address));
    sets.set(address, points);
    if (sets.size > KEPT) sets.delete(sets.keys().next().value);
  }
  return sets.get(address);
}

async function fetchPoints(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(await answer.text());
  return decoded(await answer.json());
}

export function decoded(raw) {
  return {
    ...raw,
    x: new Float32Array(bytes(raw.x)),
    y: new Float32Array(bytes(raw.y)),
    ids: new Int32Array(bytes(raw.ids)),
    facts: raw.facts.map(readFact),
    ...(raw.codes ? decodedState(raw) : {}),
    ...(raw.pinned ? { pinned: readCodes(raw.pinned.codes, raw.pinned.wide) } : {}),
  };
}

// What every move can change of each point: its colour, whether it is lit, what a card says of it.
export const decodedState = ({ codes, wide, highlight, moving }) => ({
  codes: readCodes(codes, wide),
  highlight: highlight ? new Uint8Array(bytes(highlight)) : null,
  moving: moving.map(readFact),
});

export function bytes(text) {
  const letters = atob(text);
  const made = new Uint8Array(letters.length);
  for (let i = 0; i < made.length; i++) made[i] = letters.charCodeAt(i);
  return made.buffer;
}

export const readCodes = (text, wide) => (wide ? new Uint16Array(bytes(text)) : new Uint8Array(bytes(text)));

const readFact = (fact) => ({ ...fact, codes: readCodes(fact.codes, fact.wide) });

export const halves = ([x0, x1, y0, y1]) => [[x0, x1], [y0, y1]];

// The same formula as points_in_polygon in Python, in the same precision.
export function insidePolygon(polygon, x, y) {
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

// A lasso or box of plotly as a polygon.
export function outline({ lassoPoints, range }) {
  if (range) {
    const [[x0, x1], [y0, y1]] = [range.x, range.y];
    return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
  }
  const step = Math.ceil(lassoPoints.x.length / MAX_VERTICES);
  const vertices = lassoPoints.x.map((x, i) => [x, lassoPoints.y[i]]);
  return vertices.filter((_, i) => i % step === 0);
}
