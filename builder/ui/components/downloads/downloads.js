export default function ({ parentElement, data }) {
  const root = parentElement.querySelector("#root");
  const surface = () => css(parentElement, "--surface") || "#fff";

  // The chart as it is shown: Plotly lays several drawings over each other, dots of its own canvas between them.
  function shown() {
    const chart = document.querySelector(`.${data.chart} .js-plotly-plot`);
    const layers = chart ? [...chart.querySelectorAll(".main-svg, .gl-container canvas:not(.gl-canvas-pick)")] : [];
    if (!layers.length) return null;
    const { width, height } = layers.find((layer) => layer.tagName === "svg").getBoundingClientRect();
    const to = sv("svg", { viewBox: `0 0 ${width} ${height}`, width, height });
    for (const layer of layers) {
      const place = { x: 0, y: 0, width, height };
      to.append(layer.tagName === "svg" ? put(dressed(layer), place, []) : sv("image", { ...place, href: layer.toDataURL("image/png"), preserveAspectRatio: "none" }));
    }
    return to;
  }
  function take(format) {
    const svg = shown();
    if (svg) (format === "png" ? savePng : saveSvg)(data.name, svg, surface());
  }

  const button = (format) => {
    const title = `Download ${data.of || "the chart"} as ${format.toUpperCase()}`;
    return el("button", { class: "quiet", title, "aria-label": title, "data-testid": `${format}-${data.name}`, onclick: () => take(format) }, format.toUpperCase());
  };
  root.replaceChildren(el("div", { class: "files" }, button("png"), button("svg")));
}
