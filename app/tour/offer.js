// Tells once, in one browser, that this reader was never offered the tour. Where nothing can be
// remembered (a private window that forbids it) it is never offered.

const SEEN = "cascal.tour";

export default function ({ setStateValue }) {
  try {
    if (localStorage.getItem(SEEN)) return;
    localStorage.setItem(SEEN, new Date().toISOString());
  } catch {
    return;
  }
  setStateValue("offer", true);
}
