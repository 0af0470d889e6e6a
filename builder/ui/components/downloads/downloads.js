export default function ({ parentElement, data }) {
  const root = parentElement.querySelector("#root");
  const surface = () => css(parentElement, "--surface") || "#fff";

  // Plotly itself draws the file, asked by its own camera button: only it knows its canvases.
  function take(format) {
    const chart = document.querySelector(`.${data.chart} .js-plotly-plot`);
    const camera = chart && chart.querySelector('.modebar-btn[data-attr="toImage"], .modebar-btn[data-title^="Download"]');
    if (!camera) return;
    const { layout, _context: context } = chart;
    const held = [layout.paper_bgcolor, context.toImageButtonOptions];
    layout.paper_bgcolor = surface();
    context.toImageButtonOptions = { ...held[1], format, filename: data.name, scale: format === "png" ? 2 : 1 };
    camera.click(); // copies the layout before it returns
    [layout.paper_bgcolor, context.toImageButtonOptions] = held;
  }

  const button = (format) => {
    const title = `Download ${data.of || "the chart"} as ${format.toUpperCase()}`;
    return el("button", { class: "quiet", title, "aria-label": title, "data-testid": `${format}-${data.name}`, onclick: () => take(format) }, format.toUpperCase());
  };
  root.replaceChildren(el("div", { class: "files" }, button("png"), button("svg")));
}
