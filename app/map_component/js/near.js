// Of a map with more points than are drawn at once: all those in view, fetched when the reader zooms.

import { decoded } from "./points.js";

export class Near {
  constructor() {
    this.points = null;
    this.asked = ""; // what the points are of; a newer question makes an older answer void
  }

  // Whether there are other points to draw than before.
  async look(address, view) {
    const asked = address && view ? `${address}?view=${view.flat().join(",")}` : "";
    if (asked === this.asked) return false;
    this.asked = asked;
    const points = asked ? await ask(asked) : null;
    if (this.asked !== asked) return false;
    const changed = points !== this.points;
    this.points = points;
    return changed;
  }

  // Whether some points in view are not among them.
  get partial() {
    return !this.points || this.points.x.length < this.points.total;
  }

  get note() {
    if (!this.points) return null;
    const { x, total } = this.points;
    if (total === 1) return "The query in view is shown.";
    const [drawn, all] = [x.length, total].map((n) => n.toLocaleString("en"));
    return this.partial ? `${drawn} of ${all} queries in view are shown.` : `All ${all} queries in view are shown.`;
  }
}

async function ask(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(await answer.text());
  return decoded(await answer.json());
}
