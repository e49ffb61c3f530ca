// Streamlit imports this text from a blob, and a blob cannot import its neighbours: the modules of
// the map come from the server, under an address that names their content.

let loading = null;

export default function ({ data, parentElement, ...tell }) {
  const root = parentElement.querySelector(".cascal-map");
  loading ??= import(new URL(data.module, document.baseURI).href);
  loading
    .then(({ mount }) => mount(root, data, tell))
    .catch((error) => {
      loading = null;
      root.textContent = `The map could not be loaded: ${error.message} Reload the page.`;
    });
  // Streamlit may run this for an outdated call: only an element that left the page is over.
  return () => setTimeout(() => root.isConnected || loading?.then(({ unmount }) => unmount(root)));
}
