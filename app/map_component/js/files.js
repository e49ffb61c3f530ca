// Drawings of the page as files to pass on: an SVG that carries its font, or the same in pixels.

export { shape } from "./dom.js";

const PNG_SCALE = 2;
export const FONT = "Inter, system-ui, sans-serif";

export async function save(drawing, name, kind) {
  const text = new XMLSerializer().serializeToString(drawing);
  const svg = new Blob([text], { type: "image/svg+xml" });
  const file = kind === "svg" ? svg : await pixels(svg);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `${name}.${kind}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

async function pixels(svg) {
  const image = new Image();
  image.src = URL.createObjectURL(svg);
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.width * PNG_SCALE;
  canvas.height = image.height * PNG_SCALE;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

// The file carries its font: a picture cannot use that of the page.
export async function fontFace(address) {
  const font = await (await fetch(address)).blob();
  const reader = new FileReader();
  const read = new Promise((resolve) => { reader.onload = () => resolve(reader.result); });
  reader.readAsDataURL(font);
  return `@font-face { font-family: Inter; font-weight: 100 900; src: url(${await read}) }`;
}

const ruler = document.createElement("canvas").getContext("2d");

export function widthOf(text, size, weight = 400) {
  ruler.font = `${weight} ${size}px ${FONT}`;
  return ruler.measureText(text).width;
}

// A text of several parts in as many lines as its width asks for.
export function folded(text, width, { joint = " ", size = 13, weight = 400 } = {}) {
  const lines = [];
  for (const part of text.split(joint)) {
    const longer = lines.length ? lines.at(-1) + joint + part : part;
    if (lines.length && widthOf(longer, size, weight) <= width) lines[lines.length - 1] = longer;
    else lines.push(part);
  }
  return lines;
}
