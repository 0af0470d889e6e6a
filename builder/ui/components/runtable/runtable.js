const held = new Map();
const DASH = "–", FEW = 5;

function line(values) {
  if (values.length < 2) return el("span", { class: "f" }, DASH);
  const low = Math.min(...values), span = Math.max(...values) - low || 1;
  const points = values.map((v, i) => [2 + (i * 76) / (values.length - 1), 3 + ((low + span - v) / span) * 16]);
  return sv("svg", { class: "spark", width: 80, height: 22, viewBox: "0 0 80 22", "aria-hidden": "true" }, sv("path", { d: path(points) }));
}

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector("#root");
  const state = held.get(data.id) || { by: "when", up: false, wanted: "" };
  held.set(data.id, state);
  let all = data.rows;
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
  let best = {};
  function weigh() {
    best = Object.fromEntries(data.figures.map(({ name, higher }) => {
      const found = all.map((row) => row.figures[name]).filter((v) => typeof v === "number");
      return [name, found.length > 1 ? (higher ? Math.max(...found) : Math.min(...found)) : null];
    }));
  }
  const text = (row) => [row.name, row.word, row.note, row.device, ...data.settings.map(({ name, label }) => `${label} ${figure(row.settings[name])}`)].join(" ").toLowerCase();
  const fits = (row) => state.wanted.toLowerCase().split(/\s+/).every((word) => text(row).includes(word));

  function head(name, text, left, help) {
    const active = state.by === name;
    return el("th", { scope: "col", class: left ? "l" : "", "aria-sort": active ? (state.up ? "ascending" : "descending") : "none" },
      el("button", { title: help, "data-testid": `sort-${name}`, onclick: () => { state.up = active ? !state.up : left; state.by = name; draw(); } }, text, active ? (state.up ? " ↑" : " ↓") : ""));
  }
  function body(row, tab) {
    const colour = data.colours[row.id];
    const box = el("button", { class: colour ? "box on" : "box", role: "checkbox", tabindex: -1, "aria-checked": Boolean(colour).toString(), "aria-label": `${row.name} in the chart`, "data-testid": `compare-${row.id}`,
      style: colour ? { background: colour, borderColor: colour } : {}, onclick: (event) => { event.stopPropagation(); act("toggle", row.id); } }, colour ? sign("ok") : null);
    const pill = el("span", { class: `pill ${row.tone}` }, row.live ? el("i", { class: "live" }) : row.sign ? sign(row.sign) : null, row.word);
    return el("tr", { class: row.id === data.opened ? "on" : "", tabindex: row.id === tab ? 0 : -1, "data-testid": `run-${row.id}`, "aria-label": `${row.name}, ${row.word}: Enter opens it, Space puts its curve into the chart`, onclick: () => act("open", row.id),
      onkeydown: (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        event.stopPropagation();
        act(event.key === "Enter" ? "open" : "toggle", row.id);
      } },
      el("td", { class: "c" }, box),
      el("td", { class: "l name", title: row.note || row.name }, el("span", { class: "b" }, row.name), row.note ? el("span", { class: "f s" }, row.note) : null),
      el("td", { class: "l" }, pill, row.progress ? el("span", { class: "f s at" }, row.progress) : null), el("td", {}, line(row.spark)),
      data.figures.map(({ name }) => el("td", { class: row.figures[name] !== null && row.figures[name] === best[name] ? "mono top" : "mono" }, measured(row.figures[name]))),
      data.settings.map(({ name }) => el("td", { class: "mono m" }, figure(row.settings[name]))),
      el("td", { class: "mono m" }, row.lasted), el("td", { class: "m s" }, row.device), el("td", { class: "m s" }, row.begun));
  }
  const count = el("span", { class: "f s", role: "status" });
  const filter = el("input", { class: "find", type: "search", placeholder: "Find by name, state, note, setting", "aria-label": "Find runs", "data-testid": "find-runs", value: state.wanted,
    oninput: () => { state.wanted = filter.value; draw(); }, onkeydown: (event) => event.stopPropagation() });
  const under = el("div", {});
  function draw() { keeping(root, table); }
  function table() {
    weigh();
    const rows = all.filter(fits).sort(before);
    const tab = rows.some((row) => row.id === data.opened) ? data.opened : rows[0]?.id;
    count.textContent = state.wanted ? `${rows.length} of ${all.length}` : "";
    under.replaceChildren(el("div", { class: "wrap" }, el("table", { onkeydown: walk },
      el("thead", {}, el("tr", {}, el("th", { class: "c", "aria-label": "In the chart" }), head("name", "Run", true), head("word", "Status", true), el("th", { title: "The figure that its best epoch is kept by, epoch by epoch, on held-out rows" }, "Course"),
        data.figures.map(({ name, label, help }) => head(name, label, false, help)), data.settings.map(({ name, label }) => head(`s:${name}`, label, false)),
        head("duration", "Time", false), head("device", "Device", false), head("when", "Begun", false))),
      el("tbody", {}, rows.map((row) => body(row, tab))))),
      ...(rows.length ? [] : [el("p", { class: "f s none" }, "No run has all these words.")]));
  }
  if (all.length <= FEW) state.wanted = "";
  keeping(root, () => {
    root.replaceChildren(...(all.length > FEW ? [el("div", { class: "row tools" }, filter, count)] : []), under);
    table();
  });
  follow(data.id, data.live, root, (now) => { all = now.rows; draw(); });
}
