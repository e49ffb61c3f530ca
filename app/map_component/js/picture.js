// The map as a file to pass on: one SVG with title, points, labels, legend and what it was made
// from; a PNG is the same drawing in pixels.

import { count, shape } from "./dom.js";
import { MUTED_OPACITY, OPACITY } from "./figure.js";
import { FONT, folded, fontFace, save as saveFile, widthOf } from "./files.js";

const MARGIN = 24;
const HEAD = 34; // the title
const LINE = 22;
const SCALE_WIDTH = 200;
const JOINT = " · ";

export async function save(map, kind) {
  await saveFile(drawn(map, await fontFace(map.data.font)), map.data.picture.name, kind);
}

function drawn(map, font) {
  const look = colours(map);
  const { clientWidth: width, clientHeight: height } = map.stage;
  const legend = legendOf(map, width, look);
  const { title, subtitle, footer } = map.data.picture;
  const about = folded(subtitle, width, { joint: JOINT });
  const head = HEAD + about.length * LINE;
  const all = { width: width + 2 * MARGIN, height: head + height + legend.height + LINE + 2 * MARGIN };
  const at = (y, ...content) => shape("g", { transform: `translate(${MARGIN}, ${y})` }, ...content);
  return shape(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", ...all, viewBox: `0 0 ${all.width} ${all.height}`, "font-family": FONT },
    shape("title", {}, title),
    shape("style", {}, font),
    shape("rect", { width: "100%", height: "100%", fill: look.paper }),
    at(MARGIN, words(title, 0, 18, { size: 20, weight: 600, fill: look.text }),
      ...about.map((line, i) => words(line, 0, 40 + i * LINE, { size: 13, fill: look.muted }))),
    at(MARGIN + head, ...stage(map, width, height, look)),
    at(MARGIN + head + height + 10, ...legend.shapes),
    at(all.height - MARGIN, words(footer, 0, 0, { size: 12, fill: look.muted })),
  );
}

function colours({ root, foot }) {
  const style = getComputedStyle(root);
  const [paper, border] = ["background", "border"].map((name) => style.getPropertyValue(`--st-${name}-color`).trim());
  return { text: style.color, muted: getComputedStyle(foot).color, paper, border };
}

function words(text, x, y, { size = 12, weight = 400, fill, anchor = "start" }) {
  const attributes = { x, y, "font-size": size, "font-weight": weight, fill, "text-anchor": anchor };
  return shape("text", attributes, text);
}

function stage(map, width, height, look) {
  const frame = { width, height, rx: 6 };
  return [
    shape("clipPath", { id: "frame" }, shape("rect", frame)),
    shape("rect", { ...frame, fill: "none", stroke: look.border }),
    shape("g", { "clip-path": "url(#frame)" }, ...density(map), outlines(map), ...points(map, width, height), ...rings(map), ...ink(map)),
    ...names(map, look),
  ];
}

function density(map) {
  const { extent, density: href } = map.all;
  if (!href || !map.near.partial) return [];
  const [x0, y0] = map.pixels(extent[0], extent[3]);
  const [x1, y1] = map.pixels(extent[1], extent[2]);
  return [shape("image", { href, x: x0, y: y0, width: x1 - x0, height: y1 - y0, preserveAspectRatio: "none" })];
}

function points(map, width, height) {
  const { palette } = map.data;
  const groups = new Map();
  const add = (rows, colorOf, opacity) => rows.forEach((row) => {
    const [x, y] = map.pixels(map.points.x[row], map.points.y[row]);
    if (x < 0 || y < 0 || x > width || y > height) return;
    const key = `${colorOf(row)} ${opacity}`;
    if (!groups.has(key)) groups.set(key, shape("g", { fill: colorOf(row), "fill-opacity": opacity }));
    groups.get(key).append(shape("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: map.drawing.size / 2 }));
  });
  add(map.drawing.dim.rows, () => palette.at(-1), MUTED_OPACITY);
  add(map.drawing.lit.rows, (row) => palette[map.codes[row]], OPACITY);
  return groups.values();
}

function rings(map) {
  return map.flips.rings().map(({ row, to }) => {
    const [cx, cy] = map.pixels(map.all.x[row], map.all.y[row]);
    return shape("circle", { cx, cy, r: map.drawing.size / 2 + 2, fill: "none", stroke: to, "stroke-width": 1.3 });
  });
}

const INK = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "vector-effect", "opacity"];

// Outlines, region, ring and lines have their places already; their look comes from the style sheet.
function styled(mark) {
  const copy = mark.cloneNode();
  const style = getComputedStyle(mark);
  for (const name of INK) copy.setAttribute(name, style.getPropertyValue(name));
  copy.removeAttribute("class");
  copy.removeAttribute("style");
  return copy;
}

const ink = (map) => [...map.ink.children].map(styled);

function outlines({ areas }) {
  const all = areas.outlines.cloneNode();
  all.append(...areas.paths.map(styled));
  return all;
}

function names({ areas }, look) {
  const halo = Object.entries({ "stroke-width": 4, "stroke-linejoin": "round", "paint-order": "stroke" });
  const written = areas.shown.flatMap(({ tag, text, box: [x0, y0, x1, y1] }) => {
    const style = getComputedStyle(tag);
    const size = parseFloat(style.fontSize);
    const lines = text.split("\n");
    const plated = tag.classList.contains("cm-plate");
    const plate = { x: x0, y: y0, width: x1 - x0, height: y1 - y0, rx: 5, fill: style.backgroundColor };
    const spelt = lines.map((line, at) => {
      const y = y0 + ((at + 0.5) * (y1 - y0)) / lines.length + size / 3;
      const made = words(line, (x0 + x1) / 2, y, { size, weight: 600, fill: style.color, anchor: "middle" });
      made.setAttribute("stroke", plated ? style.webkitTextStrokeColor : look.paper);
      for (const [key, value] of halo) made.setAttribute(key, value);
      return made;
    });
    return plated ? [shape("rect", plate), ...spelt] : spelt;
  });
  return [...[...areas.lines.children].map(styled), ...written];
}

// The legend as pieces that are as wide as they are, set in lines.
function legendOf(map, width, look) {
  const { legend, scale } = map.data;
  const pieces = [
    ...(legend ? [heading(legend, 600, look)] : []),
    ...(scale ? [heading(scale.title, 400, look), ramp(scale, map.data.palette, look)] : []),
    ...map.legend.entries().map((code) => entry(map, code, look)),
  ];
  let [x, y] = [0, 14];
  const shapes = pieces.flatMap(({ wide, draw }) => {
    if (x > 0 && x + wide > width) [x, y] = [0, y + LINE];
    x += wide + 18;
    return draw(x - wide - 18, y);
  });
  return { shapes, height: y + 14 };
}

function heading(text, weight, { text: fill }) {
  return { wide: widthOf(text, 13, weight), draw: (x, y) => [words(text, x, y, { size: 13, weight, fill })] };
}

function entry({ legend, data }, code, look) {
  const [name, number] = [legend.entryOf(code), count(data.counts[code])];
  const wide = widthOf(name, 13);
  const draw = (x, y) => [
    shape("circle", { cx: x + 5, cy: y - 4, r: 4.5, fill: data.palette[code] }),
    words(name, x + 16, y, { size: 13, fill: look.text }),
    words(number, x + wide + 24, y, { size: 13, fill: look.muted }),
  ];
  return { wide: wide + widthOf(number, 13) + 24, draw };
}

function ramp({ ends, marks }, palette, { muted: fill, text }) {
  const steps = palette.slice(0, -1);
  const width = SCALE_WIDTH / steps.length;
  const [low, high] = ends.map((end) => Number(end.toPrecision(3)).toLocaleString("en"));
  const draw = (x, y) => [
    words(low, x, y, { fill }),
    ...steps.map((color, i) => shape("rect", { x: x + 36 + i * width, y: y - 10, width: width + 0.5, height: 10, fill: color })),
    ...marks.map((value) => shape("rect", { x: x + 35 + ((value - ends[0]) / (ends[1] - ends[0])) * SCALE_WIDTH, y: y - 13, width: 2, height: 16, fill: text })),
    words(high, x + 44 + SCALE_WIDTH, y, { fill }),
  ];
  return { wide: SCALE_WIDTH + 80, draw };
}
