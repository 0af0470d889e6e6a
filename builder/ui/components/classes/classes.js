const orders = new Map();
const COLUMNS = [["precision", "Precision"], ["recall", "Recall"], ["f1", "F1"], ["roc_auc", "AUC"]];

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector("#root");
  const state = orders.get(data.id) || { by: "f1", up: true };
  orders.set(data.id, state);
  const open = (code) => setTriggerValue("open", { code, at: Date.now() });
  const value = (row) => (state.by === "name" ? row.name : row[state.by] === null ? 2 : row[state.by]);

  function draw() {
    const sorted = [...data.rows].sort((a, b) => (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : a.code - b.code) * (state.up ? 1 : -1));
    const head = [["name", "Class"], ...COLUMNS, ["rows", "Rows"]].map(([name, text]) => {
      const active = state.by === name;
      return el("th", { scope: "col", "aria-sort": active ? (state.up ? "ascending" : "descending") : "none" },
        el("button", { onclick: () => { state.up = active ? !state.up : true; state.by = name; draw(); } }, text, active ? (state.up ? " ↑" : " ↓") : ""));
    });
    const figure = (share) => el("td", {}, share === null ? el("span", { class: "f" }, "–") : el("div", { class: "fig mono" }, el("span", { class: "meter" }, el("i", { style: { width: `${share * 100}%` } })), share.toFixed(2)));
    const rows = sorted.map((row) => el("tr", { class: row.code === data.selected ? "on" : "", tabindex: 0, "data-testid": `class-${row.name}`, "aria-label": `${row.name}: open its samples`, onclick: () => open(row.code),
      onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(row.code); } event.stopPropagation(); } },
      el("td", { title: row.name }, row.name), COLUMNS.map(([name]) => figure(row[name])), el("td", { class: "mono f" }, row.rows.toLocaleString("en"))));
    root.replaceChildren(el("div", { class: "wrap" }, el("table", {}, el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows))));
  }
  const longest = Math.max(...data.rows.map((row) => row.rows.toLocaleString("en").length));
  root.style.setProperty("--rows", `${Math.max(44, Math.ceil(8.2 * longest) + 18)}px`);
  draw();
}
