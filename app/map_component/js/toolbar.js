// The line above the map: mouse tools, view, what is selected.

import { button, count, element } from "./dom.js";
import { HELP } from "./keys.js";
import { save } from "./picture.js";

const TOOLS = { pan: "Move", lasso: "Lasso", select: "Box" };

export class Toolbar {
  constructor(map) {
    this.root = element("div", "cm-bar");
    this.tools = element("div", "cm-tools");
    this.tools.setAttribute("role", "group");
    this.tools.setAttribute("aria-label", "Mouse tool");
    for (const [tool, text] of Object.entries(TOOLS)) {
      const made = button(text, () => map.use(tool));
      made.dataset.tool = tool;
      this.tools.append(made);
    }
    this.status = element("span", "cm-status");
    this.status.setAttribute("role", "status");
    this.clearer = button("× Clear", () => map.choice.clear());
    this.clearer.dataset.tool = "clear";
    this.clearer.ariaLabel = "Clear selection";
    this.full = button("Full screen", () => map.toggleFullScreen());
    this.full.dataset.tool = "full";
    const reset = button("Reset view", () => map.view.home());
    this.files = ["png", "svg"].map((kind) => this.file(map, kind));
    reset.dataset.tool = "reset";
    this.root.append(this.tools, reset, this.full, ...this.files, keys(), this.status, this.clearer);
    this.press(map.tool);
  }

  file(map, kind) {
    const made = button(kind.toUpperCase(), () => save(map, kind));
    made.dataset.tool = kind;
    made.ariaLabel = `Save the map as ${made.textContent}`;
    made.title = made.ariaLabel;
    return made;
  }

  press(tool) {
    for (const one of this.tools.children) one.ariaPressed = String(one.dataset.tool === tool);
  }

  tell({ choice, legend, drawing, data }) {
    const { selection } = choice;
    for (const one of this.files) one.hidden = !data.picture;
    this.clearer.hidden = !choice.any;
    this.say(
      selection.polygon
        ? selection.count == null ? "Region selected" : `${count(selection.count)} selected`
        : selection.clicked !== undefined ? "1 selected"
        : legend.chosen.size ? `${count(drawing.lit.rows.length)} shown` : "",
    );
  }

  say(text) {
    this.status.textContent = text;
    this.status.title = text;
  }
}

// The keys, on demand.
function keys() {
  const made = element("details", "cm-keys");
  made.append(element("summary", "", "Keys"), element("dl", ""));
  for (const [key, what] of HELP) made.lastChild.append(element("dt", "", key), element("dd", "", what));
  return made;
}
