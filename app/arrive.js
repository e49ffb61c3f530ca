// Brings a part of the page into view, once a turn.

const seen = new Map();

export default function ({ data }) {
  const last = seen.get(data.at) ?? 0;
  seen.set(data.at, data.turn); // a new session counts from 0
  if (data.turn <= last) return;
  const part = document.querySelector(data.at);
  if (!part) return;
  part.style.scrollMarginTop = "64px"; // the bar of pages covers what is above
  part.scrollIntoView({ block: "start", behavior: "smooth" });
}
