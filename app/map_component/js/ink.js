// Marks over the points: the region, the ring of the chosen query, a typed query and its nearest.

import { shape } from "./dom.js";

export function marks(map) {
  const { marker, neighbors } = map.data;
  const { polygon } = map.choice.selection;
  const at = (list) => list.map(([x, y]) => map.pixels(x, y).map((v) => v.toFixed(1)).join(",")).join(" ");
  const made = [];
  if (polygon) made.push(shape("polygon", { class: "cm-region", points: at(polygon) }));
  const row = map.choice.row;
  if (row >= 0) {
    const [cx, cy] = map.pixels(map.points.x[row], map.points.y[row]);
    made.push(shape("circle", { class: "cm-ring", cx, cy, r: 7 }));
  }
  if (marker) {
    const [x, y] = map.pixels(marker[0], marker[1]);
    for (const end of neighbors) {
      const [cx, cy] = map.pixels(...end);
      made.push(shape("polyline", { class: "cm-thread", points: at([marker, end]) }));
      made.push(shape("circle", { class: "cm-near", cx, cy, r: 7 }));
    }
    made.push(shape("path", { class: "cm-star", d: `M${x},${y - 9} l9,9 l-9,9 l-9,-9 z` }));
  }
  return made;
}
