export default function ({ parentElement, data }) {
  const root = parentElement.querySelector("#root");
  const dark = data.theme === "dark";
  const up = dark ? "#f0935a" : "#c4620a", down = dark ? "#7fbcf0" : "#1c5caa";
  const rows = data.rows, step = rows.length > 9 ? 32 : 38, bar = rows.length > 9 ? 20 : 24;
  const width = 760, left = 224, right = 76;
  const height = 26 + step * (rows.length + 2) + 16;
  const ends = [data.base];
  rows.reduce((at, row) => { ends.push(at + row.part); return at + row.part; }, data.base);
  const low = Math.min(...ends), high = Math.max(...ends), pad = (high - low || Math.abs(high) || 1) * 0.06;
  const x = (v) => left + ((width - left - right) * (v - low + pad)) / (high - low + 2 * pad);
  const cut = (text, most) => (text.length > most ? text.slice(0, most - 1) + "…" : text);
  const svg = sv("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": data.label });
  const bottom = height - 20;
  for (const tick of data.ticks.filter((t) => t.at >= low - pad && t.at <= high + pad)) {
    svg.append(sv("path", { d: `M${x(tick.at)} 6V${bottom}`, style: { stroke: tick.strong ? "var(--ink3)" : "var(--grid)" }, "stroke-width": tick.strong ? 1.2 : 1 }),
      sv("text", { x: x(tick.at), y: height - 4, class: "tk", "text-anchor": "middle" }, tick.text));
  }
  svg.append(sv("path", { d: `M${x(data.base)} 6V${bottom}`, style: { stroke: "var(--ctl)" }, "stroke-dasharray": "3 3" }));
  let y = 30;
  svg.append(sv("text", { x: 0, y: y + 5, class: "wl" }, data.first), sv("circle", { cx: x(data.base), cy: y, r: 4.5, style: { fill: "var(--ink3)" } }),
    sv("text", { x: x(data.base) - 10, y: y + 5, class: "wv", "text-anchor": "end", style: { fill: "var(--ink2)" } }, data.baseShown));
  let at = data.base;
  rows.forEach((row) => {
    const next = at + row.part;
    svg.append(sv("path", { d: `M${x(at)} ${y + (y === 30 ? 5 : bar / 2)}V${y + step - bar / 2}`, style: { stroke: "var(--ctl)" } }));
    y += step;
    const from = Math.min(x(at), x(next)), wide = Math.max(1.5, Math.abs(x(next) - x(at)));
    const label = sv("text", { x: 0, y: y + 5, class: "wl" }, cut(row.name, 22), sv("tspan", { class: "v", dx: 8 }, cut(row.value, Math.max(4, 30 - Math.min(22, row.name.length)))), sv("title", {}, `${row.name}: ${row.value}`));
    const end = Math.max(x(at), x(next));
    const over = end + 8 + row.shown.length * 7 > width;
    svg.append(label, sv("rect", { x: from, y: y - bar / 2, width: wide, height: bar, rx: 2, fill: row.part >= 0 ? up : down }, sv("title", {}, `${row.name}: ${row.shown}`)),
      sv("text", { x: over ? from - 7 : end + 7, y: y + 5, class: "wv", "text-anchor": over ? "end" : "start" }, row.shown));
    at = next;
  });
  svg.append(sv("path", { d: `M${x(at)} ${y + bar / 2}V${y + step - 5}`, style: { stroke: "var(--ctl)" } }));
  y += step;
  svg.append(sv("text", { x: 0, y: y + 5, class: "wl" }, data.last), sv("circle", { cx: x(at), cy: y, r: 4.5, style: { fill: "var(--acc)" } }),
    sv("text", { x: x(at) + 10, y: y + 5, class: "wv", style: { fill: "var(--acc)" } }, data.finalShown));
  root.replaceChildren(el("div", { "data-testid": "waterfall" }, svg, files(root, data.name, "the picture", () => svg, data.csv)));
}
