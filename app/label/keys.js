// Keys that press buttons of the page. A key that was pressed waits for the answer of the server,
// so that nobody answers a question before having seen it.

const TYPED = "input:not([type=range], [type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]";
// What has a use of its own for arrows, or for Enter.
const MOVED = "[role=slider], [role=tab], [role=radio], [role=grid], [role=combobox], [role=option], canvas, input";
const PRESSED = `${MOVED}, button, a, summary, [role=button]`;
const PATIENCE = 5000; // ms until a press that the server never answered is forgotten

const listeners = new WeakMap();

export default function ({ data, parentElement }) {
  if (!listeners.has(parentElement)) listeners.set(parentElement, new Keys(parentElement));
  const keys = listeners.get(parentElement);
  keys.data = data;
  keys.enter();
  // Streamlit may run this for an outdated call: only an element that left the page is over.
  return () => setTimeout(() => parentElement.isConnected || (keys.stop(), listeners.delete(parentElement)));
}

class Keys {
  constructor(element) {
    this.element = element;
    this.listen = (event) => this.press(event);
    document.addEventListener("keydown", this.listen, true);
  }

  // Once a turn the field that is to be filled in, where there is one.
  enter() {
    const { buttons, turn } = this.data;
    if (!buttons.field || this.entered === turn) return;
    const field = document.querySelector(`.st-key-${buttons.field} input`);
    if (!field) return this.element.isConnected && setTimeout(() => this.enter(), 50); // not yet there
    this.entered = turn;
    field.focus();
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const types = event.key !== "Escape" && event.target.closest?.(TYPED);
    if (types || document.querySelector("[role=dialog], [role=listbox]")) return;
    if (event.key.startsWith("Arrow") && event.target.closest?.(MOVED)) return;
    if (event.key === "Enter" && event.target.closest?.(PRESSED)) return;
    const name = this.data.buttons[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    const button = name && document.querySelector(`.st-key-${name} button`);
    if (!button || button.disabled) return;
    event.preventDefault();
    event.stopPropagation();
    const waiting = this.answered === this.data.turn && performance.now() - this.at < PATIENCE;
    if (event.repeat || waiting) return;
    this.answered = this.data.turn;
    this.at = performance.now();
    button.click();
  }

  stop() {
    document.removeEventListener("keydown", this.listen, true);
  }
}
