// Names over the map: the important ones first, none over another, long ones where there is room.

import { element } from "./dom.js";

const NARROW = 480; // px: in such a frame the names of the largest clusters only
const FEW = 7;

export class Labels {
  constructor() {
    this.root = element("div", "cm-labels");
    this.root.ariaHidden = "true";
    this.tags = [];
    this.shown = [];
  }

  // A label of several words also comes with its first word alone, where more has no room.
  fill({ labels, labelAbouts = [], marker }) {
    const named = labels.map((label, at) => ({ label, about: labelAbouts[at] ?? label[2] }));
    const all = marker ? [{ label: marker, about: marker[2], more: "cm-here" }, ...named] : named;
    this.tags = all.filter(({ label }) => label[2]).map(({ label: [x, y, text], about, more }) => {
      const texts = more ? [text] : [...new Set([text.split(" · ")[0], text])];
      const tags = texts.map((one) => element("div", `cm-label ${more ?? ""}`, one));
      return { x, y, tags, about, lift: more ? 20 : 0 };
    });
    this.root.replaceChildren(...this.tags.flatMap(({ tags }) => tags));
  }

  // A label lets the pointer through to the points below it, so its frame says what it is about.
  explain(frame) {
    frame.addEventListener("pointermove", ({ clientX, clientY }) => {
      const { left, top } = frame.getBoundingClientRect();
      const [x, y] = [clientX - left, clientY - top];
      const over = this.shown.find(({ box: [x0, y0, x1, y1] }) => x >= x0 && x <= x1 && y >= y0 && y <= y1);
      if (frame.title !== (over?.about ?? "")) frame.title = over?.about ?? "";
    });
  }

  place(pixels, frame) {
    for (const one of this.tags) {
      one.sizes ??= one.tags.map((tag) => [tag.offsetWidth, tag.offsetHeight]);
      one.whole ??= one.tags.map((tag) => tag.scrollWidth <= tag.clientWidth);
    }
    for (const one of this.tags) for (const tag of one.tags) tag.style.visibility = "hidden";
    this.shown = [];
    for (const { one, at, box } of this.fitting(pixels, frame)) {
      this.shown.push({ text: one.tags[at].textContent, box, about: one.about });
      one.tags[at].style.visibility = "visible";
      one.tags[at].style.transform = `translate(${Math.round(box[0])}px, ${Math.round(box[1])}px)`;
    }
  }

  // First every label that has room for its first word, then as many as have room for all.
  fitting(pixels, frame) {
    const shown = [];
    const tags = frame.clientWidth < NARROW ? this.tags.slice(0, FEW) : this.tags;
    const free = (box, self) => shown.every(({ one, box: other }) => one === self
      || box[0] > other[2] + 3 || box[2] < other[0] - 3 || box[1] > other[3] + 2 || box[3] < other[1] - 2);
    for (const one of tags) {
      const box = boxOf(one, 0, pixels, frame);
      if (free(box, one)) shown.push({ one, at: 0, box });
    }
    for (const each of shown) {
      const last = each.one.tags.length - 1;
      const box = boxOf(each.one, last, pixels, frame);
      if (each.one.whole[last] && free(box, each.one)) Object.assign(each, { at: last, box });
    }
    return shown;
  }
}

// Where a label stands: over its point, but inside the frame as long as the point is.
function boxOf({ x, y, sizes, lift }, at, pixels, { clientWidth, clientHeight }) {
  const [px, py] = pixels(x, y);
  const [width, height] = sizes[at];
  const visible = px >= 0 && px <= clientWidth && py >= 0 && py <= clientHeight;
  const inside = (low, most) => (visible ? Math.max(3, Math.min(low, most - 3)) : low);
  const left = inside(px - width / 2, clientWidth - width);
  const top = inside(py - height / 2 - lift, clientHeight - height);
  return [left, top, left + width, top + height];
}
