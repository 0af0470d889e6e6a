const WIDE = 320, HIGH = 30;

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector("#root");
  const { rows, heads, whole, selected } = data;
  const open = (at) => setTriggerValue("open", { at_row: at, at: Date.now() });
  const known = [whole, ...rows.filter((row) => row.tone !== "few")].flatMap((one) => [one.low, one.high, one.at]).filter((v) => v !== null);
  const low = Math.min(...known), high = Math.max(...known);
  const x = (value) => 6 + ((WIDE - 12) * (Math.min(high, Math.max(low, value)) - low)) / (high - low || 1);

  function drawing(row) {
    const svg = sv("svg", { class: `range ${row.tone}`, viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    if (whole.low !== null) svg.append(sv("rect", { class: "all", x: x(whole.low), y: 0, width: Math.max(1, x(whole.high) - x(whole.low)), height: HIGH }));
    svg.append(sv("path", { class: "mid", d: `M${x(whole.at)} 0V${HIGH}`, "vector-effect": "non-scaling-stroke" }));
    if (row.at === null) return svg;
    if (row.low !== null) svg.append(sv("path", { class: "bar", d: `M${x(row.low)} ${HIGH / 2}H${x(row.high)}`, "vector-effect": "non-scaling-stroke" }));
    svg.append(sv("path", { class: "dot", d: `M${x(row.at)} ${HIGH / 2}h0.01`, "vector-effect": "non-scaling-stroke" }));
    return svg;
  }

  const last = heads.length - 1;
  const line = (row, at) => el("tr", { class: `${at === selected ? "on " : ""}${row.tone}`, tabindex: 0, "data-testid": `group-${at}`, "aria-label": `${row.cells.join(", ")}: open its rows`, "aria-current": at === selected ? "true" : false, onclick: () => open(at),
    onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(at); event.stopPropagation(); } } },
    el("td", { class: "name", title: row.cells[0] }, row.cells[0]),
    row.cells.slice(1, last).map((cell) => el("td", { class: "n" }, cell)),
    el("td", { class: "plot" }, drawing(row)), el("td", { class: "said" }, row.cells[last]));
  keeping(root, () => root.replaceChildren(el("div", { class: "wrap", onkeydown: walk }, el("table", {},
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, heads[0]), heads.slice(1, last).map((head) => el("th", { class: "n", scope: "col" }, head)),
      el("th", { class: "plot", scope: "col" }, whole.text), el("th", { scope: "col" }, heads[last]))),
    el("tbody", {}, rows.map(line))))));
}
