// A plotly chart that is updated in place, with a line that can be dragged up and down.
// One chart lives on its element; a drag sends one message, when the line is let go.

const NAMES = 90; // pixels that the names of rows take
const TEXT = 54; // pixels that the text of a cell takes
const SHORT = 32; // and without what is in brackets, in small letters

const charts = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".cascal-live");
  if (!charts.has(root)) charts.set(root, new LiveChart(root));
  const chart = charts.get(root);
  chart.send = setTriggerValue;
  chart.update(data);
  // Streamlit may run this for an outdated call: only an element that left the page is over.
  return () => setTimeout(() => root.isConnected || (chart.destroy(), charts.delete(root)));
}

// What a CSS variable of the theme is as three numbers.
function rgb(root, name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  root.append(probe);
  const parts = getComputedStyle(probe).color.match(/[\d.]+/g) ?? [];
  probe.remove();
  return parts.slice(0, 3).map(Number);
}

function mixed(first, second, share) {
  return `rgb(${first.map((one, at) => Math.round(share * one + (1 - share) * second[at])).join(",")})`;
}

const shortened = (trace) => ({
  ...trace,
  text: trace.text.map((text) => text.replace(/ \(.*/, "")),
  textfont: { ...trace.textfont, size: 10 },
});

class LiveChart {
  constructor(root) {
    this.root = root;
    this.plot = document.createElement("div");
    this.plot.className = "cl-plot";
    this.plot.setAttribute("role", "img");
    this.line = document.createElement("div");
    this.line.className = "cl-line";
    this.line.hidden = true;
    this.line.ariaHidden = "true"; // the slider in the sidebar is the keyboard's way
    this.grip = document.createElement("span");
    this.grip.className = "cl-grip";
    this.line.append(this.grip);
    root.replaceChildren(this.plot, this.line);
    this.line.onpointerdown = (event) => this.take(event);
    this.line.onpointermove = (event) => this.move(event);
    this.line.onpointerup = () => this.release();
    this.line.onpointercancel = () => this.cancel();
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(root);
  }

  // Only the newest state is drawn; states that arrive during a drawing replace one another.
  async update(data) {
    this.waiting = data;
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.waiting) {
        this.data = this.waiting;
        this.waiting = null;
        const { loadPlotly } = await import(new URL(this.data.loader, document.baseURI).href);
        await loadPlotly(this.data.plotly);
        await this.draw();
      }
    } catch (error) {
      this.plot.textContent = `The chart could not be drawn: ${error.message}`;
      console.error(error);
    } finally {
      this.busy = false;
    }
  }

  async draw() {
    const { figure, height, alt, line } = this.data;
    const { data, layout } = JSON.parse(figure);
    this.root.style.height = `${height}px`;
    this.root.dataset.clicks = "1";
    this.plot.ariaLabel = alt;
    const first = !this.plot.data;
    await window.Plotly.react(this.plot, this.fitted(data, layout), this.themed(layout), {
      displayModeBar: false,
      responsive: false,
      scrollZoom: false,
    });
    if (first) this.plot.on("plotly_click", (event) => this.click(event.points[0]));
    if (!this.line.dataset.moving) this.at = this.told = line?.at; // else it is in a hand
    this.place();
    this.root.dataset.at = this.at ?? "";
    this.root.dataset.drawn = Number(this.root.dataset.drawn ?? 0) + 1;
  }

  // Texts of a table as they fit into its columns: whole, without their brackets, or none.
  fitted(data, layout) {
    const columns = layout.xaxis?.tickvals?.length ?? 1;
    const room = (this.root.clientWidth - NAMES) / columns;
    if (room >= TEXT) return data;
    if (room < SHORT) return data.filter((trace) => trace.mode !== "text");
    return data.map((trace) => (trace.mode === "text" ? shortened(trace) : trace));
  }

  themed(layout) {
    const ink = rgb(this.root, "--st-text-color");
    const paper = rgb(this.root, "--st-background-color");
    const faint = mixed(ink, paper, 0.12);
    const axis = { ticks: "", gridcolor: faint, zerolinecolor: faint, fixedrange: true, automargin: true };
    return {
      ...layout,
      width: this.root.clientWidth,
      height: this.data.height,
      dragmode: false,
      hovermode: "closest",
      font: { family: getComputedStyle(this.root).fontFamily, size: 12, color: mixed(ink, paper, 0.75) },
      hoverlabel: { align: "left", namelength: -1, bgcolor: mixed(paper, ink, 0.95), font: { color: mixed(ink, paper, 1) } },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      xaxis: { ...layout.xaxis, ...axis },
      yaxis: { ...layout.yaxis, ...axis },
    };
  }

  click({ x, y, data }) {
    this.send("click", { x, y, meta: data.meta ?? null });
  }

  place() {
    const { line } = this.data;
    this.line.hidden = !line;
    if (!line) return;
    const { xaxis, yaxis } = this.plot._fullLayout;
    this.line.style.left = `${xaxis._offset}px`;
    this.line.style.width = `${xaxis._length}px`;
    this.line.style.top = `${yaxis._offset + yaxis.l2p(this.at)}px`;
    const reached = line.values.filter((value) => value >= this.at).length;
    const at = this.at.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 4 });
    this.grip.textContent = `${line.name} ${at} · ${reached} of ${line.values.length} reach it`;
  }

  take(event) {
    if (event.button) return;
    event.preventDefault();
    this.line.setPointerCapture(event.pointerId);
    this.line.dataset.moving = "1";
    this.offset = event.clientY - this.line.getBoundingClientRect().top - this.line.offsetHeight / 2;
  }

  move(event) {
    if (!this.line.dataset.moving) return;
    const { low, high, step } = this.data.line;
    const { yaxis } = this.plot._fullLayout;
    const y = event.clientY - this.offset - this.plot.getBoundingClientRect().top - yaxis._offset;
    const snapped = Math.round(yaxis.p2l(y) / step) * step;
    this.at = Number(Math.min(high, Math.max(low, snapped)).toFixed(6));
    this.place();
  }

  release() {
    if (!this.line.dataset.moving) return;
    delete this.line.dataset.moving;
    if (this.at === this.told) return;
    this.told = this.at;
    this.send("line", this.at);
  }

  cancel() {
    delete this.line.dataset.moving;
    this.at = this.data.line.at;
    this.place();
  }

  resize() {
    const width = this.root.clientWidth;
    if (!width || !this.data || this.plot._fullLayout?.width === width) return;
    this.update(this.waiting ?? this.data);
  }

  destroy() {
    this.observer.disconnect();
    window.Plotly?.purge(this.plot);
  }
}
