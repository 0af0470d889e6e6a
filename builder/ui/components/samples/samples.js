function curve(lines, low, high) {
  const svg = sv("svg", { class: "line", viewBox: "0 0 128 44", preserveAspectRatio: "none", "aria-hidden": "true" });
  lines.forEach((values, at) => {
    const points = values.map((v, i) => [2 + (124 * i) / Math.max(1, values.length - 1), 40 - (36 * (v - low)) / (high - low || 1)]);
    svg.append(sv("path", { d: path(points), fill: "none", "vector-effect": "non-scaling-stroke", style: { stroke: at ? "var(--ctl)" : "var(--train)" }, "stroke-width": 1.5 }));
  });
  return svg;
}

/** Characters from a figure's point on, 0 without one; -1 where it is no plain figure. */
function after(cell) { return /^[-−+]?[\d,]+(\.\d+)?$/.test(cell) ? (cell.match(/\..*/) || [""])[0].length : -1; }

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector("#root");
  const { kind, items, columns, selected } = data;
  const open = (row) => setTriggerValue("open", { row, at: Date.now() });
  const button = (item, name, ...children) => el("button", { class: `one ${name}${item.row === selected ? " on" : ""}`, "data-testid": `sample-${item.row}`, "aria-current": item.row === selected ? "true" : false, title: item.title || `Row ${item.number}: explain this prediction`, onclick: () => open(item.row) }, children);
  const line = (name, figure) => el("span", { class: "ln" }, el("span", { class: "nm" }, name), el("b", {}, figure));
  const caption = (item) => (item.left === undefined ? null : el("div", { class: "cap" }, line(item.left, item.leftFigure), item.right === undefined ? null : line(item.right, item.rightFigure)));
  let body;
  if (!items.length) body = el("div", { class: "none" }, data.none || "No rows here.");
  else if (kind === "image") body = el("div", { class: data.strip ? "strip" : "grid" }, items.map((item) => button(item, "", el("img", { src: item.src, alt: item.alt || `row ${item.number}` }), data.strip ? null : caption(item))));
  else if (kind === "series") {
    const all = items.flatMap((item) => item.lines.flat());
    const low = Math.min(...all), high = Math.max(...all);
    body = el("div", { class: data.strip ? "strip" : "grid wide" }, items.map((item) => button(item, "", curve(item.lines, low, high), data.strip ? null : caption(item))));
  } else if (kind === "tokens") body = el("div", { class: `list wrap${data.tall ? " tall" : ""}` }, items.map((item) => button(item, "text", el("span", { class: "snip" }, item.text), caption(item))));
  else {
    const number = columns.map((_, at) => items.every((item) => /^(?:[-−+–\d.,e%()\s]|to)*$/.test(item.cells[at])));
    const places = columns.map((_, at) => (number[at] ? Math.max(0, ...items.map((item) => after(item.cells[at]))) : 0));
    const level = (cell, at) => { const own = after(cell); return places[at] && own >= 0 ? cell + " ".repeat(places[at] - own) : cell; };
    const rows = items.map((item) => el("tr", { class: item.row === selected ? "on" : "", tabindex: 0, "data-testid": `sample-${item.row}`, "aria-label": item.title || `Row ${item.number}: explain this prediction`, onclick: () => open(item.row), onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(item.row); } event.stopPropagation(); } },
      item.cells.map((cell, at) => el("td", { class: number[at] ? "n" : "", title: cell }, number[at] ? level(cell, at) : cell))));
    body = el("div", { class: `wrap${data.tall ? " tall" : ""}` }, el("table", {}, el("thead", {}, el("tr", {}, columns.map((column, at) => el("th", { class: number[at] ? "n" : "", scope: "col", title: column }, column)))), el("tbody", {}, rows)));
  }
  root.replaceChildren(body);
}
