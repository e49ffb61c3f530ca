// plotly.js comes from the server once, for every chart that is updated in place.

let plotly = null;

export function loadPlotly(address) {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  plotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => { plotly = null; reject(new Error("plotly.js could not be loaded.")); };
    document.head.append(script);
  });
  return plotly;
}
