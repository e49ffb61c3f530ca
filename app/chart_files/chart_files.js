// Buttons on every chart of the page that save it as PNG or SVG. What is saved is the drawing of
// plotly.js below the heading it stands under, above the data set and the state it was made from.

const CHART = '[data-testid="stPlotlyChart"]';
const KINDS = ["png", "svg"];
const MARGIN = 24;
const TITLE = { size: 18, weight: 600, line: 24 };
const FOOT = { size: 12, weight: 400, line: 18 };

const pages = new WeakMap();

export default function ({ data, parentElement }) {
  if (!pages.has(parentElement)) pages.set(parentElement, new Files(parentElement));
  pages.get(parentElement).data = data;
  // Streamlit may run this for an outdated call: only an element that left the page is over.
  return () =>
    setTimeout(() => parentElement.isConnected || (pages.get(parentElement)?.watcher.disconnect(), pages.delete(parentElement)));
}

class Files {
  constructor(element) {
    this.element = element;
    this.watcher = new MutationObserver(() => (this.frame ??= requestAnimationFrame(() => this.dress())));
    this.watcher.observe(document.querySelector(".stApp") ?? document.body, { childList: true, subtree: true });
    this.dress();
  }

  dress() {
    this.frame = undefined;
    for (const chart of document.querySelectorAll(CHART)) {
      if (chart.parentElement.querySelector(":scope > .cascal-files")) continue;
      const bar = document.createElement("div");
      bar.className = "cascal-files";
      bar.append(...KINDS.map((kind) => this.button(bar, kind)));
      chart.after(bar);
      bar.parentElement.addEventListener("pointerdown", () => touch(bar), { capture: true });
    }
  }

  button(bar, kind) {
    const made = document.createElement("button");
    Object.assign(made, { type: "button", textContent: kind.toUpperCase(), title: `Save this chart as ${kind.toUpperCase()}` });
    made.setAttribute("aria-label", made.title);
    made.onclick = () => this.save(bar.parentElement.querySelector(CHART), kind);
    return made;
  }

  async save(chart, kind) {
    const { files, font, name } = this.data;
    const tools = await import(new URL(files, document.baseURI).href);
    const key = /st-key-([\w-]+)/.exec(chart.closest('[class*="st-key-"]')?.className ?? "")?.[1] ?? "chart";
    await tools.save(this.drawn(chart, await tools.fontFace(font), tools), `${name}-${key}`, kind);
  }

  drawn(chart, font, { FONT, folded, shape }) {
    const box = chart.querySelector(".svg-container").getBoundingClientRect();
    const style = getComputedStyle(this.element);
    const paper = style.getPropertyValue("--st-background-color").trim();
    const title = folded(heading(chart), box.width, TITLE);
    const foot = [this.data.about, this.data.state].flatMap((text) => folded(text, box.width, { ...FOOT, joint: " · " }));
    const top = MARGIN + title.length * TITLE.line + 8;
    const all = { width: box.width + 2 * MARGIN, height: top + box.height + 12 + foot.length * FOOT.line + MARGIN };
    const lines = (texts, from, { size, weight, line }) =>
      texts.map((text, at) => shape("text", { x: MARGIN, y: from + at * line, "font-size": size, "font-weight": weight, fill: style.color }, text));
    const drawing = shape("svg", { xmlns: "http://www.w3.org/2000/svg", ...all, viewBox: `0 0 ${all.width} ${all.height}`, "font-family": FONT });
    drawing.append(
      shape("title", {}, title.join(" ")),
      shape("style", {}, font),
      shape("rect", { width: "100%", height: "100%", fill: paper }),
      ...lines(title, MARGIN + TITLE.size, TITLE),
      shape("g", { transform: `translate(${MARGIN}, ${top})` }, ...layers(chart)),
      ...lines(foot, top + box.height + 12 + FOOT.size, FOOT),
    );
    return drawing;
  }
}

// A touch screen has no pointer that rests on a chart: the one that was touched last has its buttons.
function touch(bar) {
  document.querySelectorAll(".cascal-files.touched").forEach((one) => one.classList.remove("touched"));
  bar.classList.add("touched");
}

// The heading that a chart stands under: the last one before it on the page.
function heading(chart) {
  const before = [...document.querySelectorAll("h1, h2, h3")].filter(
    (one) => one.compareDocumentPosition(chart) & Node.DOCUMENT_POSITION_FOLLOWING && one.checkVisibility(),
  );
  return before.at(-1)?.innerText.trim() ?? "";
}

function layers(chart) {
  return [...chart.querySelectorAll(".main-svg")].map((layer) => {
    const copy = layer.cloneNode(true);
    copy.querySelectorAll(".hoverlayer, .zoomlayer, .selectionlayer").forEach((one) => one.remove());
    copy.style.background = "none";
    return copy;
  });
}
