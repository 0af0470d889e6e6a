const states = new Map();
const TOP = 34, BOTTOM = 26, HEIGHT = 264, NONE = 12, LEAST = 4;

function cut(text, room) { return text.length * 6.6 > room ? `${text.slice(0, Math.max(3, Math.floor(room / 6.6) - 1))}…` : text; }

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector("#root");
  const state = states.get(data.id) || { held: {}, hot: null, drag: null };
  states.set(data.id, state);
  const { held } = state, floor = HEIGHT - BOTTOM;
  let now = data.now, ends, last, goals, several, rank, width, svg, hint, drawn;

  function take() {
    last = now.axes.length - 1;
    goals = now.axes.length - data.objectives;
    several = data.objectives > 1;
    ends = now.axes.map((axis, at) => {
      if (axis.kind === "words") return [0, Math.max(1, axis.words.length - 1)];
      const found = now.lines.map((line) => line.values[at]).filter((v) => typeof v === "number");
      const low = axis.low ?? Math.min(...found), high = axis.high ?? Math.max(...found);
      if (!Number.isFinite(low)) return [0, 1]; // no value has come in yet: nothing is written at the axis
      return low === high ? [low - Math.abs(low || 1) * 0.1, high + Math.abs(high || 1) * 0.1] : [low, high];
    });
    const done = now.lines.filter((line) => line.state === "complete" && typeof line.values[last] === "number");
    const ranked = [...done].sort((a, b) => (a.values[last] - b.values[last]) * (data.higher ? -1 : 1));
    rank = new Map(ranked.map((line, at) => [line.trial, several ? (line.front ? 0 : 0.75) : ranked.length < 2 ? 0 : at / (ranked.length - 1)]));
  }
  const log = (at) => now.axes[at].kind === "log";
  const nothing = (value) => value === null || value === undefined;
  const share = (at, value) => {
    const [low, high] = ends[at];
    return log(at) ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  };
  const y = (at, value) => (nothing(value) ? floor + NONE : floor - share(at, value) * (floor - TOP));
  // The value at a height; beyond the axis' ends the part is open, whatever comes in later.
  function value(at, height) {
    if (height <= TOP) return Infinity;
    if (height >= floor) return -Infinity;
    const [low, high] = ends[at], part = (floor - height) / (floor - TOP);
    return log(at) ? low * (high / low) ** part : low + (high - low) * part;
  }
  function kept(at, from, to) { return { low: value(at, to), high: value(at, from), none: to >= floor + NONE }; }
  const height = (at, found) => (found === Infinity ? TOP - 4 : found === -Infinity ? floor : Math.max(TOP - 4, Math.min(floor, y(at, found))));
  const inside = (line) => Object.entries(held).every(([at, part]) => {
    const found = line.values[at];
    return nothing(found) ? part.none : found >= part.low && found <= part.high;
  });

  function draw() {
    take();
    width = Math.max(320, root.clientWidth);
    const side = 58, gap = last ? (width - 2 * side) / last : 0;
    const x = (at) => side + at * gap;
    const near = rgb(css(root, "--acc") || "#0b6a6c"), far = rgb(css(root, "--line2") || "#cccccc");
    svg = sv("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": `${now.lines.length} trials, one line each` });
    hint = el("div", { class: "hint", hidden: true });
    drawn = new Map();
    const shade = (line) => blend(near, far, Math.pow(rank.get(line.trial) ?? 1, 0.6) * 0.85);
    const order = [...now.lines].sort((a, b) => (rank.get(b.trial) ?? 2) - (rank.get(a.trial) ?? 2));
    for (const line of order) {
      const points = line.values.map((found, at) => (at >= goals && typeof found !== "number" ? null : [x(at), y(at, found)])).filter(Boolean);
      const kind = line.state === "complete" ? "" : line.state === "running" ? " run" : " lost";
      const shown = sv("path", { class: `line${kind}${line.trial === data.opened ? " on" : ""}`, d: path(points), style: kind ? {} : { stroke: shade(line) } });
      const hit = sv("path", { class: "hit", d: path(points), "data-testid": `line-${line.trial}`,
        onpointermove: (event) => { if (!state.drag) { state.hot = { trial: line.trial, at: [event.clientX, event.clientY] }; hover(); } },
        onpointerleave: () => { state.hot = null; hover(); },
        onclick: () => setTriggerValue("pick", { trial: line.trial, at: Date.now() }) });
      drawn.set(line.trial, { shown, line });
      svg.append(shown, hit);
    }
    now.axes.forEach((axis, at) => draft(axis, at, x(at), at && at !== last ? gap - 10 : gap * 0.5 + side - 8));
    const kinds = Object.keys(held).length;
    const foot = kinds ? el("div", { class: "foot" }, el("span", { class: "f s", "data-testid": "parallel-kept" }), el("span", { class: "sp" }), el("button", { class: "quiet", "data-testid": "parallel-all", onclick: () => { Object.keys(held).forEach((at) => delete held[at]); draw(); } }, "Keep all lines")) : null;
    keeping(root, () => root.replaceChildren(...[el("div", { class: "plot", "data-testid": "parallel" }, svg, hint), foot].filter(Boolean)));
    dim();
    hover();
  }
  function draft(axis, at, place, room) {
    const end = at === last ? "end" : at ? "middle" : "start", flip = at === last;
    const name = sv("text", { class: "name", x: at === last ? width - 4 : at ? place : 4, y: 14, "text-anchor": end }, cut(axis.label, room));
    name.append(sv("title", {}, axis.label));
    svg.append(sv("line", { class: "axis", x1: place, x2: place, y1: TOP, y2: floor }), name);
    const mark = (found, text) => svg.append(sv("text", { class: "tk", x: place + (flip ? 6 : -6), y: y(at, found) + 4, "text-anchor": flip ? "start" : "end" }, cut(text, 52)));
    if (axis.kind === "words") axis.words.forEach((word, rung) => mark(rung, word));
    else if (axis.low !== undefined || now.lines.some((line) => typeof line.values[at] === "number")) for (const part of [0, 0.5, 1]) {
      const [low, high] = ends[at], found = log(at) ? low * (high / low) ** part : low + (high - low) * part;
      mark(found, figure(Number(found.toPrecision(3))));
    }
    if (at < goals && now.lines.some((line) => nothing(line.values[at]))) svg.append(sv("text", { class: "tk", x: place - 6, y: floor + NONE + 4, "text-anchor": "end" }, "–"));
    const grab = sv("rect", { class: "grab", "data-axis": at, "data-testid": `axis-${at}`, x: place - 8, width: 16, y: TOP - 4, height: floor - TOP + 8 + NONE });
    grab.append(sv("title", {}, "Drag to keep the lines of a part; click to keep all"));
    svg.append(grab, sv("rect", { class: "brush", "data-brush": at, x: place - 7, width: 14 }));
  }
  // What is kept, without drawing the lines anew.
  function dim() {
    for (const { shown, line } of drawn.values()) shown.classList.toggle("off", !inside(line));
    for (const brush of svg.querySelectorAll("[data-brush]")) {
      const at = Number(brush.dataset.brush), part = held[at];
      brush.style.display = part ? "" : "none";
      if (!part) continue;
      const top = height(at, part.high), bottom = part.none ? floor + NONE : height(at, part.low);
      brush.setAttribute("y", top);
      brush.setAttribute("height", Math.max(2, bottom - top));
    }
    const said = root.querySelector('[data-testid="parallel-kept"]');
    if (said) said.textContent = `${now.lines.filter(inside).length} of ${now.lines.length} trials are kept`;
  }
  function hover() {
    const hot = state.hot && drawn.get(state.hot.trial);
    for (const one of drawn.values()) one.shown.classList.toggle("hot", one === hot);
    hint.hidden = !hot;
    if (!hot) return;
    const box = svg.getBoundingClientRect(), [left, top] = state.hot.at;
    hint.textContent = hot.line.words;
    Object.assign(hint.style, { left: `${Math.min(left - box.left + 12, width - 200)}px`, top: `${top - box.top + 14}px` });
  }

  // The root stays while its content is drawn anew, so that a drag goes on when a trial comes in.
  const tall = (event) => event.clientY - svg.getBoundingClientRect().top;
  root.onpointerdown = (event) => {
    const grab = event.button ? null : event.target.closest(".grab");
    if (!grab) return;
    state.drag = { at: Number(grab.dataset.axis), from: tall(event) };
    root.setPointerCapture(event.pointerId);
  };
  root.onpointermove = (event) => {
    if (!state.drag) return;
    const { at, from } = state.drag, to = tall(event);
    held[at] = kept(at, Math.min(from, to), Math.max(from, to));
    dim();
  };
  root.onpointerup = (event) => {
    if (!state.drag) return;
    const { at, from } = state.drag;
    state.drag = null;
    if (Math.abs(tall(event) - from) < LEAST) delete held[at];
    draw();
  };
  root.onpointercancel = () => { state.drag = null; };

  draw();
  follow(data.id, data.live, root, (fresh) => { now = fresh; draw(); });
  const watch = new ResizeObserver(() => { if (root.isConnected && Math.abs(root.clientWidth - width) > 2) draw(); });
  watch.observe(root);
  return () => watch.disconnect();
}
