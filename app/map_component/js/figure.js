// What plotly draws: grey points, points in colour, the density behind them.

export const MUTED_OPACITY = 0.2;
export const OPACITY = 0.78;
const MAX_STRETCH = 1.5; // of one axis against the other, to fill the frame; they have no meaning

export const LIT = 1; // the trace of the points in colour

export function hasWebGL() {
  try {
    return Boolean(document.createElement("canvas").getContext("webgl"));
  } catch {
    return false;
  }
}

// Crisp single points in a small set, less ink in a large one.
export const sizeFor = (n) => Math.min(6, Math.max(3.6, 6 - (n - 6000) / 10000));

export function cut(points, shown, wanted) {
  const rows = [];
  shown.forEach((value, i) => value === wanted && rows.push(i));
  const pick = (values) => Float32Array.from(rows, (i) => values[i]);
  return { rows, x: pick(points.x), y: pick(points.y) };
}

// Whether grey points take the pointer and a click: not those that a filter leaves out.
export const greyedAct = ({ data, legend }) => data.greyedAct && !legend.chosen.size;

export function traces({ data, codes, drawing, legend }) {
  const { dim, lit, webgl, halo, size } = drawing;
  const { palette } = data;
  const trace = ({ x, y }, acts, marker) => ({
    type: webgl ? "scattergl" : "scatter",
    mode: "markers",
    x,
    y,
    hoverinfo: acts ? "none" : "skip",
    showlegend: false,
    marker: { size, ...marker },
    selected: { marker: { opacity: OPACITY } },
    unselected: { marker: { opacity: MUTED_OPACITY } },
  });
  return [
    trace(dim, greyedAct({ data, legend }), { color: palette.at(-1), opacity: MUTED_OPACITY, line: { width: 0 } }),
    trace(lit, true, {
      color: lit.rows.map((i) => palette[codes[i]]),
      opacity: OPACITY,
      line: { width: size / 10, color: halo },
    }),
  ];
}

export function layout({ data, all, near, view, drawing, tool, stage }) {
  const [x0, x1, y0, y1] = all.extent;
  const [across, up] = view.ranges; // the reader's, whoever moved it: plotly only keeps drags
  const image = {
    source: all.density, xref: "x", yref: "y", x: x0, y: y1,
    sizex: x1 - x0, sizey: y1 - y0, sizing: "stretch", layer: "below",
  };
  return {
    uirevision: data.dataKey,
    selectionrevision: drawing.draws,
    selections: [],
    dragmode: tool,
    hovermode: "closest",
    hoverdistance: 12,
    autosize: false,
    width: stage.clientWidth,
    height: stage.clientHeight,
    margin: { l: 0, r: 0, t: 0, b: 0 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    xaxis: { visible: false, range: across },
    yaxis: { visible: false, range: up, scaleanchor: "x", scaleratio: stretch(all.extent, stage) },
    images: all.density && near.partial ? [image] : [],
  };
}

// What makes the points fill the frame, as far as it does not distort them much.
function stretch([x0, x1, y0, y1], { clientWidth, clientHeight }) {
  const filling = (clientHeight / (y1 - y0)) / (clientWidth / (x1 - x0));
  return Math.min(MAX_STRETCH, Math.max(1 / MAX_STRETCH, filling));
}
