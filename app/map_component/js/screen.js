// The map alone on the screen: by the browser, or by a fixed place where it refuses.

export function isFull(root) {
  return document.fullscreenElement === root || root.classList.contains("cm-full");
}

export async function enter(root) {
  root.classList.add("cm-full");
  try {
    await root.requestFullscreen?.();
  } catch {
    // The browser refuses, as in a frame without permission: the class alone fills the window.
  }
}

// The browser's own Escape leaves without asking us.
export function afterChange(root) {
  if (document.fullscreenElement !== root) root.classList.remove("cm-full");
}

export async function leave(root) {
  root.classList.remove("cm-full");
  if (document.fullscreenElement === root) await document.exitFullscreen();
}
