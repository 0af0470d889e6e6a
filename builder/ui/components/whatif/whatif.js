const waiting = new Map(); // changes on their way to the server, by key

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector("#root");
  const state = waiting.get(data.id) || { timer: 0 };
  waiting.set(data.id, state);
  const send = (changes) => { clearTimeout(state.timer); state.timer = setTimeout(() => setTriggerValue("change", { changes, at: Date.now() }), 120); };
  const change = (row, value) => {
    const others = Object.entries(data.changes).filter(([column]) => column !== row.column);
    const back = value === row.before || absent(value) || value !== value;
    const changes = Object.fromEntries(back ? others : [...others, [row.column, value]]); // a column may be called __proto__
    data.changes = changes;
    send(changes);
  };
  const absent = (value) => value === null || value === undefined;
  const shown = (value) => (absent(value) ? "missing" : typeof value === "number" ? Number(value.toPrecision(6)).toLocaleString("en", { maximumFractionDigits: 6 }) : String(value));
  const all = data.rows.flatMap((row) => row.curve);
  const low = Math.min(...all), high = Math.max(...all), span = high - low || 1;
  const y = (v) => 36 - (32 * (v - low)) / span;

  function spark(row, value) {
    const from = row.low, to = row.high;
    const x = (v) => 8 + (314 * (Math.min(to, Math.max(from, v)) - from)) / (to - from || 1);
    const at = (v) => { let best = 0; row.grid.forEach((g, i) => { if (Math.abs(g - v) < Math.abs(row.grid[best] - v)) best = i; }); return row.curve[best]; };
    const dot = (v, kind) => el("i", { class: kind, style: { left: `${x(v) / 3.3}%`, top: `${y(at(v))}px` } }); // round however wide the line is
    const svg = sv("svg", { viewBox: "0 0 330 40", preserveAspectRatio: "none", "aria-hidden": "true" },
      data.line === null ? null : sv("path", { d: `M8 ${y(Math.min(high, Math.max(low, data.line)))}H322`, style: { stroke: "var(--line2)" }, "stroke-dasharray": "2 3" }),
      sv("path", { d: path(row.grid.map((g, i) => [x(g), y(row.curve[i])])), fill: "none", style: { stroke: "var(--train)" }, "stroke-width": 1.75, "vector-effect": "non-scaling-stroke" }));
    return el("div", { class: "spark" }, svg, typeof row.before === "number" ? dot(row.before, "was") : null, value !== row.before && typeof value === "number" ? dot(value, "now") : null);
  }
  function line(row) {
    const value = Object.hasOwn(data.changes, row.column) ? data.changes[row.column] : row.before;
    const changed = Object.hasOwn(data.changes, row.column);
    const name = el("div", { class: `nm${changed ? " on" : ""}`, title: row.label }, el("b", {}, row.label), el("div", { class: "s f" }, changed ? `was ${shown(row.before)}` : absent(value) ? row.missing || "missing" : "unchanged"));
    if (row.choices) {
      const widget = row.choices.length <= 4 && row.choices.join("").length < 34
        ? el("div", { class: "seg", role: "group", "aria-label": row.label }, row.choices.map((choice) => el("button", { "aria-pressed": choice === value ? "true" : "false", "data-testid": `whatif-${row.column}-${choice}`, onclick: () => change(row, choice) }, shown(choice))))
        : el("select", { class: "in", "aria-label": row.label, "data-testid": `whatif-${row.column}`, onchange: (event) => change(row, row.choices[event.target.selectedIndex - (absent(value) ? 1 : 0)]) }, absent(value) ? el("option", { selected: true, disabled: true }, "missing") : null, row.choices.map((choice) => el("option", { selected: choice === value }, shown(choice))));
      return el("div", { class: "wr" }, name, widget);
    }
    const gone = typeof value !== "number", start = gone ? (typeof row.fill === "number" ? row.fill : row.low) : value;
    const box = el("input", { class: "in", type: "number", step: "any", value: gone ? "" : value, placeholder: "–", "aria-label": `${row.label}, exact`, "data-testid": `whatif-${row.column}`,
      onchange: (event) => change(row, event.target.value === "" ? null : Number(event.target.value)), onkeydown: (event) => event.stopPropagation() });
    const share = (v) => `${(100 * (Math.min(row.high, Math.max(row.low, v)) - row.low)) / (row.high - row.low || 1)}%`;
    const slider = el("input", { type: "range", class: gone ? "gone" : null, "aria-valuetext": gone ? row.missing || "missing" : null, min: row.low, max: row.high, step: row.whole ? 1 : (row.high - row.low) / 200 || 1, value: start, "aria-label": row.label, "data-testid": `slide-${row.column}`,
      oninput: (event) => { event.target.classList.remove("gone"); event.target.removeAttribute("aria-valuetext"); box.value = Number(Number(event.target.value).toPrecision(4)); event.target.style.setProperty("--share", share(Number(event.target.value))); },
      onchange: (event) => change(row, Number(Number(event.target.value).toPrecision(4))) });
    slider.style.setProperty("--share", gone ? "0%" : share(start));
    return el("div", { class: "wr num" }, name, el("div", { class: "mid" }, spark(row, value), slider), box);
  }
  const count = Object.keys(data.changes).length;
  const words = ["no", "one", "two", "three", "four", "five", "six"][count] || String(count);
  const held = parentElement.activeElement && parentElement.activeElement.getAttribute("data-testid");
  const old = root.querySelector(".body");
  const scrolled = old ? old.scrollTop : 0;
  root.replaceChildren(el("div", { class: "all", "data-testid": "whatif" },
    el("div", { class: "t" }, el("h2", {}, "What if"), el("span", { class: "sp" }), count ? el("button", { class: "quiet row", "data-testid": "whatif-back", onclick: () => { data.changes = {}; send({}); } }, sign("back"), `Back to the ${data.noun}`) : null),
    el("div", { class: "heads" }, el("div", {}, el("div", { class: "s f" }, `This ${data.noun}`), el("div", { class: "big f", style: { fontWeight: 400 } }, data.was)),
      count ? el("span", { class: "f", style: { paddingBottom: "6px" } }, "›") : null,
      count ? el("div", { "data-testid": "whatif-now" }, el("div", { class: "s f" }, `With your ${words} change${count === 1 ? "" : "s"}`), el("div", { class: "big", style: { color: "var(--acc)" } }, data.now)) : el("div", { class: "s f", style: { paddingBottom: "8px" } }, "Move a slider or choose another value."),
      el("span", { class: "sp" }), data.flips ? el("span", { class: "pill" }, `flips to: ${data.flips}`) : null),
    el("div", { class: "body" }, data.rows.map(line)),
    data.single.length ? el("div", { class: "flips" }, el("h3", { style: { marginBottom: "6px" } }, "Smallest single changes that flip the answer"),
      data.single.map((flip) => el("div", { class: "row" }, el("span", { class: "w", title: `${flip.label} ${shown(flip.before)} → ${shown(flip.after)}` }, flip.label, " ", el("b", {}, `${figure(flip.before)} → ${figure(flip.after)}`)), el("span", { class: "f" }, `then ${flip.shown}`), el("span", { class: "sp" }),
        el("button", { class: "btn", "data-testid": `try-${flip.column}`, onclick: () => { data.changes = { [flip.column]: flip.after }; send(data.changes); } }, "Try")))) : null,
    data.warning ? el("div", { class: "warn" }, sign("warn"), el("span", {}, data.warning)) : null));
  root.querySelector(".body").scrollTop = scrolled;
  if (held) { const again = root.querySelector(`[data-testid="${CSS.escape(held)}"]`); if (again) again.focus({ preventScroll: true }); }
}
