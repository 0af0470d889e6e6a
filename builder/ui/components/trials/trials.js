const orders = new Map();

function shown(value) { return value === "" ? "none" : figure(value); }

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector("#root");
  const state = orders.get(data.id) || { by: "trial", up: false };
  orders.set(data.id, state);
  let all = data.rows;
  const value = (row) => {
    if (state.by.startsWith("s:")) return row.settings[state.by.slice(2)] ?? null;
    if (state.by.startsWith("v:")) return row.values[Number(state.by.slice(2))] ?? null;
    return row[state.by];
  };
  const compare = (a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return (x === null) - (y === null);
    return (x < y ? -1 : x > y ? 1 : 0) * (state.up ? 1 : -1);
  };
  const best = () => data.values.map(({ higher }, at) => {
    const found = all.filter((row) => row.word === "Complete").map((row) => row.values[at]).filter((v) => typeof v === "number");
    return found.length > 1 ? (higher ? Math.max(...found) : Math.min(...found)) : null;
  });

  function head(name, text, left, up) {
    const active = state.by === name;
    return el("th", { scope: "col", class: left ? "l" : "", "aria-sort": active ? (state.up ? "ascending" : "descending") : "none" },
      el("button", { "data-testid": `sort-${name}`, onclick: () => { state.up = active ? !state.up : up; state.by = name; draw(); } }, text, active ? (state.up ? " ↑" : " ↓") : ""));
  }
  function body(row, top, some, tab) {
    const pick = () => setTriggerValue("pick", { trial: row.trial, at: Date.now() });
    const pill = el("span", { class: `pill ${row.tone}`, title: row.title }, row.live ? el("i", { class: "live" }) : row.sign ? sign(row.sign) : null, row.word);
    return el("tr", { class: row.trial === data.opened ? "on" : "", tabindex: row.trial === tab ? 0 : -1, "data-testid": `trial-${row.trial}`, "aria-label": `Trial ${row.trial}, ${row.word}: open`, onclick: pick,
      onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); event.stopPropagation(); pick(); } } },
      el("td", {}, String(row.trial)), el("td", { class: "l" }, pill),
      data.values.map((column, at) => el("td", { class: (data.values.length > 1 ? row.front : row.word === "Complete" && row.values[at] === top[at]) ? "mono top" : "mono" }, Number.isInteger(row.values[at]) ? figure(row.values[at]) : row.values[at] === "" ? "none" : measured(row.values[at]))),
      data.settings.map(({ name }) => el("td", { class: "mono m" }, shown(row.settings[name]))),
      el("td", { class: "mono m" }, String(row.epochs)), el("td", { class: "mono m" }, row.lasted),
      some ? el("td", { class: "l m s why", title: row.words }, row.words) : null);
  }
  function draw() {
    const rows = [...all].sort(compare), top = best(), some = all.some((row) => row.words);
    const tab = rows.some((row) => row.trial === data.opened) ? data.opened : rows[0]?.trial;
    const wrap = el("div", { class: "wrap", "data-testid": "trials" }, el("table", { onkeydown: walk },
      el("thead", {}, el("tr", {}, head("trial", "Trial", false, true), head("word", "State", true, true),
        data.values.map(({ label, higher }, at) => head(`v:${at}`, label, false, !higher)), data.settings.map(({ name, label }) => head(`s:${name}`, label, false, true)),
        head("epoch", "Epochs", false, false), head("seconds", "Time", false, true), some ? el("th", { class: "l" }, "What happened") : null)),
      el("tbody", {}, rows.map((row) => body(row, top, some, tab)))));
    keeping(root, () => root.replaceChildren(wrap));
  }
  draw();
  follow(data.id, data.live, root, (now) => { all = now.rows; draw(); });
}
