// What the browser knows of a query, shown at once: on hover, and on a click before the server's
// full card has come.

import { element, swatch } from "./dom.js";

export class Card {
  constructor(className) {
    this.root = element("div", className);
    this.root.hidden = true;
  }

  show(map, row) {
    const text = map.points.hover?.[row];
    const list = element("dl");
    for (const { title, value, color } of factsOf(map, row)) {
      const line = element("dd");
      line.append(...(color ? [swatch(color)] : []), value);
      list.append(element("dt", "", title), line);
    }
    this.root.replaceChildren(...(text ? [element("p", "", text)] : []), list);
    this.root.hidden = !this.root.textContent;
    this.place(map, row);
  }

  // Over its point where there is room, else under it.
  place(map, row) {
    if (this.root.hidden) return;
    const [px, py] = map.pixels(map.points.x[row], map.points.y[row]);
    const { clientWidth, clientHeight } = map.stage;
    const { offsetWidth, offsetHeight } = this.root;
    this.root.style.visibility = px < 0 || px > clientWidth || py < 0 || py > clientHeight ? "hidden" : "";
    const left = Math.max(6, Math.min(px + 12, clientWidth - offsetWidth - 6));
    const above = py - offsetHeight - 12;
    this.root.style.transform = `translate(${left}px, ${above > 6 ? above : py + 14}px)`;
  }

  hide() {
    this.root.hidden = true;
  }
}

// The colour's own meaning stands first, unless it is one of the facts: then that has the swatch.
function factsOf({ data, points, codes, legend }, row) {
  const code = codes[row];
  const facts = [...points.moving, ...points.facts].map(({ title, names, codes: of }) => (
    { title, value: names[of[row]] ?? "unknown" }
  ));
  const color = data.palette[code];
  const same = facts.find(({ title }) => title === data.colour);
  if (same) same.color = color;
  else if (legend.nameOf(code) !== null) facts.unshift({ title: data.colour, value: legend.nameOf(code), color });
  return facts;
}
