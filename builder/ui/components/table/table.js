const ROLES = [["feature", "Input"], ["target", "Target"], ["ignore", "Ignored"], ["group", "Group"], ["time", "Time"]];
const TYPES = [["number", "number"], ["category", "category"], ["boolean", "yes / no"], ["date", "date"], ["text", "text"]];
const SHOWN = 60;
const FINDABLE = 3; // fewer columns are seen at a glance

const seen = new Map(); // what a person typed, by key, so that a remount forgets nothing

function el(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") made.className = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children) if (child !== null && child !== undefined) made.append(child);
  return made;
}

function percent(share) {
  if (share > 0 && share < 0.001) return "<0.1 %";
  const value = share * 100;
  return `${value >= 10 || Number.isInteger(value) ? (Math.round(value * 10) / 10) : value.toFixed(1)} %`;
}

function menu(kind, column, choices, value, label, send) {
  const box = el("select", { class: `${kind} ${kind === "role" ? (column.tone || value) : ""}`, "aria-label": `${label} of ${column.name}`, "data-testid": `${kind}-${column.name}`, title: column.why || label });
  for (const [key, text] of choices) {
    const option = el("option", { value: key, selected: key === value }, text);
    box.append(option);
  }
  box.addEventListener("change", () => send({ kind, column: column.name, value: box.value }));
  box.addEventListener("keydown", (event) => event.stopPropagation());
  return box;
}

function bars(column) {
  const holder = el("div", {});
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("width", "94");
  svg.setAttribute("height", "34");
  svg.setAttribute("aria-hidden", "true");
  const step = 94 / column.bars.length;
  column.bars.forEach((height, index) => {
    const tall = height > 0 ? Math.max(1, height * 34) : 0.5;
    const rect = document.createElementNS(ns, "rect");
    const put = { x: index * step + 0.5, y: 34 - tall, width: Math.max(0.8, step - 1), height: tall, rx: 1, "fill-opacity": 0.75 };
    for (const [name, value] of Object.entries(put)) rect.setAttribute(name, value);
    rect.style.fill = "var(--train)";
    svg.append(rect);
  });
  holder.append(svg, el("div", { class: "rg" }, el("span", {}, column.low), el("span", {}, column.high)));
  return holder;
}

function tops(column) {
  const holder = el("div", {});
  for (const [text, share] of column.top.slice(0, 3)) {
    const bar = el("i", {});
    bar.style.width = `${Math.min(100, share * 100)}%`;
    holder.append(el("div", { class: "top", title: `${text}: ${percent(share)}` }, el("span", {}, bar, el("em", {}, text === "" ? "(blank)" : text)), el("span", {}, percent(share))));
  }
  const more = (column.kinds || 0) - Math.min(3, column.top.length);
  if (more > 0) holder.append(el("div", { class: "more" }, `${more.toLocaleString("en")} more`));
  return holder;
}

function plainHead(column) {
  return el("th", { scope: "col", class: "feature" }, el("div", { class: "name", title: column.label || column.name }, column.label || column.name),
    el("div", {}, el("span", { class: "pill" }, "Input")), el("div", { class: "s m" }, column.type), el("div", { class: "vz" }),
    el("div", { class: "gap" }, "complete"));
}

function head(column, send) {
  if (column.fixed) return plainHead(column);
  const name = el("button", { class: "name", title: `${column.label || column.name}: its name, and how it is treated`, "data-testid": `column-${column.name}` }, column.label || column.name);
  name.addEventListener("click", () => send({ kind: "open", column: column.name }));
  const picture = el("div", { class: "vz", title: (column.examples || []).join("\n") || null });
  if (column.bars) picture.append(bars(column));
  else if (column.top) picture.append(tops(column));
  const share = column.missing || 0;
  const gap = el("div", { class: `gap ${share > 0.5 ? "most" : share > 0 ? "some" : ""}` }, share > 0 ? `${percent(share)} empty` : "complete");
  return el("th", { scope: "col", class: column.tone || column.role }, name,
    menu("role", column, ROLES, column.role, "Role", send),
    menu("type", column, TYPES, column.type, "Type", send),
    picture, gap);
}

function table(data, wanted, send) {
  const word = wanted.trim().toLowerCase();
  const fit = data.columns.map((column, index) => [column, index]).filter(([column]) => `${column.name} ${column.label || ""}`.toLowerCase().includes(word));
  if (!fit.length) return [el("div", { class: "none" }, "No column is called so."), ""];
  const shown = fit.slice(0, SHOWN);
  const top = el("tr", {}, ...shown.map(([column]) => head(column, send)));
  const body = data.rows.map((row) => el("tr", {}, ...shown.map(([column, index]) => {
    const cell = row[index];
    const number = column.type === "number" && column.role !== "target";
    return el("td", { class: `${number ? "n " : ""}${column.tone || column.role}`, title: cell !== null && cell.length > 24 ? cell : null },
      cell === null ? el("span", { class: "na" }, "empty") : cell);
  })));
  const scroll = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "The first rows of the data" },
    el("table", {}, el("thead", {}, top), el("tbody", {}, ...body)));
  const hidden = fit.length - shown.length;
  return [scroll, hidden > 0 ? ` ${hidden.toLocaleString("en")} more columns are not shown; find them by name.` : ""];
}

export default function (component) {
  const { data, key, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector("#root");
  const kept = seen.get(key) || { find: "", left: 0, top: 0 };
  seen.set(key, kept);
  const send = (change) => setTriggerValue("change", change);

  const draw = () => {
    const told = data.columns.some((column) => column.type === "text");
    root.className = [data.compact && "compact", data.compact && told && "told", !data.columns.some((column) => column.bars || column.top) && "bare"].filter(Boolean).join(" ");
    const old = root.querySelector(".scroll");
    if (old) { kept.left = old.scrollLeft; kept.top = old.scrollTop; }
    const [before, after] = data.target ? data.title.split("{target}") : [data.title, ""];
    const title = el("h2", {}, before, data.target ? el("em", {}, data.target) : null, after || null);
    const finding = data.columns.length >= FINDABLE;
    const find = el("input", { class: "find", type: "search", placeholder: "Find a column", "aria-label": "Find a column", "data-testid": "find-column" });
    find.value = kept.find;
    const holder = el("div", {});
    const fill = () => {
      const [body, rest] = table(data, finding ? kept.find : "", send);
      holder.replaceChildren(body, ...(data.more + rest ? [el("div", { class: "more" }, data.more + rest)] : [el("div", { class: "end" })]));
      if (body.classList.contains("scroll")) { body.scrollLeft = kept.left; body.scrollTop = kept.top; }
    };
    find.addEventListener("input", () => { kept.find = find.value; kept.left = 0; fill(); });
    find.addEventListener("keydown", (event) => event.stopPropagation());
    const glass = el("span", { class: "findbox" });
    glass.innerHTML = '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9ZM10.4 10.4 13.5 13.5"/></svg>';
    glass.append(find);
    const focused = root.getRootNode().activeElement?.getAttribute("data-testid");
    const sum = el("div", { class: "sum" }, title, el("span", { class: "f" }, data.facts), el("span", { class: "sp" }));
    if (data.naming) {
      const names = el("button", { class: "names", "data-testid": "name-columns" }, data.naming);
      names.addEventListener("click", () => send({ kind: "names", column: "" }));
      sum.append(names);
    }
    if (finding) sum.append(el("span", { class: "s m" }, data.note), glass);
    root.replaceChildren(...(data.title || finding || data.naming ? [sum] : []), holder);
    fill();
    if (focused) root.querySelector(`[data-testid="${CSS.escape(focused)}"]`)?.focus();
  };
  draw();
}
