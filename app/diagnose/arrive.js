// Brings a part of the page into view, once a turn.

let seen = 0;

export default function ({ data }) {
  if (data.turn <= seen) {
    seen = Math.min(seen, data.turn); // a new session counts from 0
    return;
  }
  seen = data.turn;
  const part = document.querySelector(data.at);
  if (!part) return;
  part.style.scrollMarginTop = "64px"; // the bar of pages covers what is above
  part.scrollIntoView({ block: "start", behavior: "smooth" });
}
