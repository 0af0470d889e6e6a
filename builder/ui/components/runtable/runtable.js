const orders = new Map();
const DASH = "–";

function line(values) {
  if (values.length < 2) return el("span", { class: "f" }, DASH);
  const low = Math.min(...values), span = Math.max(...values) - low || 1;
  const points = values.map((v, i) => [2 + (i * 76) / (values.length - 1), 3 + ((low + span - v) / span) * 16]);
  return sv("svg", { class: "spark", width: 80, height: 22, viewBox: "0 0 80 22", "aria-hidden": "true" }, sv("path", { d: path(points) }));
}

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector("#root");
  const state = orders.get(data.id) || { by: "when", up: false };
  orders.set(data.id, state);
  const act = (kind, run) => setTriggerValue("act", { kind, run, at: Date.now() });
  const value = (row) => {
    if (state.by === "when" || state.by === "duration") return row[state.by];
    if (state.by === "name" || state.by === "word" || state.by === "device") return row[state.by].toLowerCase();
    const found = state.by.startsWith("s:") ? row.settings[state.by.slice(2)] : row.figures[state.by];
    return found === undefined ? null : found;
  };
  const before = (a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return (x === null) - (y === null);
    return (x < y ? -1 : x > y ? 1 : 0) * (state.up ? 1 : -1);
  };
  const best = Object.fromEntries(data.figures.map(({ name, higher }) => {
    const found = data.rows.map((row) => row.figures[name]).filter((v) => typeof v === "number");
    return [name, found.length > 1 ? (higher ? Math.max(...found) : Math.min(...found)) : null];
  }));

  function head(name, text, left) {
    const active = state.by === name;
    return el("th", { scope: "col", class: left ? "l" : "", "aria-sort": active ? (state.up ? "ascending" : "descending") : "none" },
      el("button", { onclick: () => { state.up = active ? !state.up : left; state.by = name; draw(); } }, text, active ? (state.up ? " ↑" : " ↓") : ""));
  }
  function body(row) {
    const colour = data.colours[row.id];
    const box = el("button", { class: colour ? "box on" : "box", role: "checkbox", "aria-checked": Boolean(colour).toString(), "aria-label": `${row.name} in the chart`, "data-testid": `compare-${row.id}`,
      style: colour ? { background: colour, borderColor: colour } : {}, onclick: (event) => { event.stopPropagation(); act("toggle", row.id); }, onkeydown: (event) => event.stopPropagation() }, colour ? sign("ok") : null);
    const pill = el("span", { class: `pill ${row.tone}` }, row.live ? el("i", { class: "live" }) : row.tone === "n" ? null : sign(row.tone === "acc" ? "ok" : row.tone), row.word);
    return el("tr", { class: row.id === data.opened ? "on" : "", tabindex: 0, "data-testid": `run-${row.id}`, "aria-label": `${row.name}, ${row.word}: open`, onclick: () => act("open", row.id),
      onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); act("open", row.id); } event.stopPropagation(); } },
      el("td", { class: "c" }, box),
      el("td", { class: "l name", title: row.note || row.name }, el("span", { class: "b" }, row.name), row.note ? el("span", { class: "f s" }, row.note) : null),
      el("td", { class: "l" }, pill), el("td", {}, line(row.spark)),
      data.figures.map(({ name }) => el("td", { class: row.figures[name] !== null && row.figures[name] === best[name] ? "mono top" : "mono" }, figure(row.figures[name]))),
      data.settings.map(({ name }) => el("td", { class: "mono m" }, figure(row.settings[name]))),
      el("td", { class: "mono m" }, row.lasted), el("td", { class: "m s" }, row.device), el("td", { class: "m s" }, row.begun));
  }
  function draw() {
    const rows = [...data.rows].sort(before);
    root.replaceChildren(el("div", { class: "wrap" }, el("table", {},
      el("thead", {}, el("tr", {}, el("th", { class: "c", "aria-label": "In the chart" }), head("name", "Run", true), head("word", "Status", true), el("th", {}, "Loss"),
        data.figures.map(({ name, label }) => head(name, label, false)), data.settings.map(({ name, label }) => head(`s:${name}`, label, false)),
        head("duration", "Time", false), head("device", "Device", false), head("when", "Begun", false))),
      el("tbody", {}, rows.map(body)))));
  }
  draw();
}
