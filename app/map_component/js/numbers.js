// In a narrow frame names have no room: every cluster has its number, that of the table, and a list
// below the map says what each is called.

import { element } from "./dom.js";

const NARROW = 480; // px
const FEW = 7; // clusters in view have names there all the same
const LEAST = 28; // px, of an island that has the number of its cluster besides the largest
const REPEATED = "A number that stands more than once is one cluster in parts.";
const APART = 24; // px between two numbers

export class Numbers {
  constructor() {
    this.root = element("div", "cm-index");
    this.root.hidden = true;
    this.list = element("ol", "");
    this.root.append(element("p", "", REPEATED), this.list);
  }

  // Give every name its number and a line in the list. point : called with a name that is pointed at
  fill(names, point) {
    const ordered = names.map((name, at) => [name.number ?? at, name]).sort(([a], [b]) => a - b);
    ordered.forEach(([number, name]) => {
      name.numbers = (name.curves.length ? name.curves : [null]).map(() => {
        const made = element("div", "cm-number", String(number));
        made.style.setProperty("--cm-own", name.colour);
        return made;
      });
    });
    this.lines = new Map(ordered.map(([, name]) => [name, this.line(name, point)]));
    this.list.replaceChildren(...this.lines.values());
  }

  line(name, point) {
    const made = element("li", "");
    made.append(name.numbers[0].cloneNode(true), element("span", "", name.text));
    made.onpointerenter = () => point(name);
    made.onpointerleave = () => point(undefined);
    return made;
  }

  // Whether numbers take the place of names; the map keeps its height, the list has its own below.
  look(stage, n_visible) {
    const on = stage.clientWidth < NARROW && n_visible > FEW;
    const root = stage.parentElement;
    if (on && this.root.hidden) root.style.setProperty("--cm-kept", `${stage.offsetHeight}px`);
    root.classList.toggle("cm-numbered", on);
    this.root.hidden = !on;
    return on;
  }

  // In the middle of its cluster's islands, of the largest where its points are densest: of every
  // cluster one, on its other islands where they are large enough and no number is near. The list
  // tells the names of these clusters.
  place(names) {
    for (const [name, line] of this.lines) line.hidden = !names.includes(name);
    const placed = [];
    const put = (name, part, [x, y]) => {
      const tag = name.numbers[part];
      const size = [tag.offsetWidth, tag.offsetHeight];
      const at = [x - size[0] / 2, y - size[1] / 2];
      placed.push({ name, tag, size, middle: [x, y], from: at.map((one, k) => one - name.at[k]) });
    };
    for (const name of names) put(name, 0, name.at);
    for (const name of names) {
      for (const [part, ring] of name.rings.entries()) {
        const [middle, size] = frameOf(ring);
        const free = placed.every((one) => Math.hypot(one.middle[0] - middle[0], one.middle[1] - middle[1]) > APART);
        if (part && free && Math.min(...size) >= LEAST) put(name, part, middle);
      }
    }
    return placed;
  }
}

// The middle and the size of what a ring takes up, across and down.
function frameOf(ring) {
  const sides = [0, 1].map((k) => ring.map((one) => one[k]));
  const [low, high] = [sides.map((side) => Math.min(...side)), sides.map((side) => Math.max(...side))];
  return [low.map((one, k) => (one + high[k]) / 2), low.map((one, k) => high[k] - one)];
}
