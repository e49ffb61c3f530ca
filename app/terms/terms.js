// Words of the page that are explained: links whose address begins with #term-. Pointer, keyboard
// focus and touch show the sentence beside the word; screen readers get it as its description.

const MARKED = 'a[href^="#term-"]';
const GAP = 6; // px between the word and its sentence, and to the edges of the window
const LINGER = 200; // ms for a pointer to go from the word to its sentence

const pages = new WeakMap();

export default function ({ data, parentElement }) {
  if (!pages.has(parentElement)) pages.set(parentElement, new Terms(parentElement));
  pages.get(parentElement).describe(data);
  // Streamlit may run this for an outdated call: only an element that left the page is over.
  return () =>
    setTimeout(() => parentElement.isConnected || (pages.get(parentElement)?.stop(), pages.delete(parentElement)));
}

class Terms {
  constructor(element) {
    this.element = element;
    this.hint = document.createElement("div");
    Object.assign(this.hint, { className: "cascal-term-hint", role: "tooltip", popover: "manual" });
    (document.querySelector(".stApp") ?? document.body).append(this.hint);
    this.stopping = new AbortController();
    const on = (name, act) => document.addEventListener(name, act, { capture: true, signal: this.stopping.signal });
    on("pointerover", (event) => event.pointerType === "touch" || this.over(event.target));
    on("focusin", (event) => this.marked(event.target) && this.show(this.marked(event.target)));
    on("focusout", (event) => this.marked(event.target) === this.word && this.hide());
    on("keydown", (event) => event.key === "Escape" && this.hide());
    on("scroll", () => this.word && this.place()); // focus scrolls a word into view
    on("click", (event) => this.click(event));
    this.watcher = new MutationObserver(() => (this.frame ??= requestAnimationFrame(() => this.dress())));
    this.watcher.observe(document.querySelector(".stApp") ?? document.body, { childList: true, subtree: true });
  }

  // The sentences, hidden on the page: a description by id is read as soon as the word has focus.
  describe(sentences) {
    const known = Object.entries(sentences).map(([id, text]) => {
      return Object.assign(document.createElement("span"), { id, textContent: text });
    });
    this.element.replaceChildren(...known);
    this.dress();
  }

  dress() {
    this.frame = undefined;
    for (const word of document.querySelectorAll(`${MARKED}:not([aria-describedby])`)) {
      word.setAttribute("role", "button");
      word.setAttribute("aria-describedby", word.hash.slice(1));
    }
    if (this.word && !this.word.isConnected) this.hide();
  }

  marked(target) {
    return target?.closest?.(MARKED) ?? undefined;
  }

  over(target) {
    const word = this.marked(target);
    if (word) return this.show(word);
    if (!this.word || this.hint.contains(target) || this.word === document.activeElement) return this.stay();
    this.leaving ??= setTimeout(() => this.hide(), LINGER);
  }

  click(event) {
    const word = this.marked(event.target);
    if (!word) return this.hint.contains(event.target) || this.hide();
    event.preventDefault(); // the word is no way to another place
    event.stopPropagation();
    this.show(word);
  }

  stay() {
    clearTimeout(this.leaving);
    this.leaving = undefined;
  }

  show(word) {
    this.stay();
    this.word = word;
    this.hint.textContent = document.getElementById(word.hash.slice(1))?.textContent ?? "";
    this.hint.showPopover();
    this.place();
  }

  place() {
    const at = this.word.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.hint;
    const left = Math.max(GAP, Math.min(at.left, window.innerWidth - width - GAP));
    const above = at.top - height - GAP;
    const top = above >= GAP ? above : at.bottom + GAP;
    Object.assign(this.hint.style, { left: `${left}px`, top: `${top}px` });
  }

  hide() {
    this.stay();
    this.word = undefined;
    if (this.hint.matches(":popover-open")) this.hint.hidePopover();
  }

  stop() {
    this.stopping.abort();
    this.watcher.disconnect();
    this.hint.remove();
  }
}
