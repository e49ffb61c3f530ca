// Puts the drawing into the page, where it has the font of the page.

export default function ({ data, parentElement }) {
  const place = parentElement.querySelector("[role=img]");
  place.setAttribute("aria-label", data.alt);
  const drawing = new DOMParser().parseFromString(data.svg, "image/svg+xml").documentElement;
  place.replaceChildren(document.importNode(drawing, true));
}
