// The keys of the map. Some act when the map has the focus, some anywhere on its page but not in a
// field that the reader types in.

const MOVES = {
  ArrowLeft: [-0.15, 0, 1], ArrowRight: [0.15, 0, 1], ArrowUp: [0, 0.15, 1], ArrowDown: [0, -0.15, 1],
  "+": [0, 0, 0.7], "=": [0, 0, 0.7], "-": [0, 0, 1 / 0.7],
};
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };
const TYPED = "input:not([type=range], [type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]";

export const PINNED = "p"; // while held
export const HELP = [
  ["← →", "previous and next query"],
  ["/", "search the texts"],
  ["f", "full screen"],
  ["hold p", "the pinned state"],
  ["+ − 0", "zoom, all"],
  ["Esc", "clear"],
];

export function onMap(map, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const step = !event.shiftKey && map.choice.selection.clicked !== undefined && STEPS[event.key];
  if (event.key === "Escape") map.escape();
  else if (event.key === "0") map.view.home();
  else if (step) {
    map.step(step);
    event.stopPropagation(); // the card's buttons have the same keys for the rest of the page
  }
  else if (MOVES[event.key]) map.view.move(...MOVES[event.key]);
  else return;
  event.preventDefault();
}

const typing = (event) => Boolean(event.target.closest?.(TYPED));

export function onPage(map, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (!map.stage.clientWidth || typing(event)) return;
  if (event.key === "/") {
    const field = document.querySelector(".st-key-map_search input");
    if (!field) return;
    map.leaveFullScreen();
    field.focus();
  } else if (event.key === "f") map.toggleFullScreen();
  else if (event.key === PINNED) map.holdPinned(true);
  else if (event.key === "Escape" && map.isFull()) map.leaveFullScreen();
  else return;
  event.preventDefault();
}
