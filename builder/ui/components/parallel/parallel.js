const brushes = new Map();
const TOP = 34, BOTTOM = 26, HEIGHT = 264, NONE = 12;

function cut(text, room) { return text.length * 6.6 > room ? `${text.slice(0, Math.max(3, Math.floor(room / 6.6) - 1))}…` : text; }

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector("#root");
  const held = brushes.get(data.id) || {};
  brushes.set(data.id, held);
  const plot = el("div", { class: "plot", "data-testid": "parallel" });
  root.replaceChildren(plot);
  const last = data.axes.length - 1, goals = data.axes.length - data.objectives, several = data.objectives > 1;

  const ends = data.axes.map((axis, at) => {
    if (axis.kind === "words") return [0, Math.max(1, axis.words.length - 1)];
    const found = data.lines.map((line) => line.values[at]).filter((v) => typeof v === "number");
    const low = axis.low ?? Math.min(...found), high = axis.high ?? Math.max(...found);
    if (!Number.isFinite(low)) return [0, 1];
    return low === high ? [low - Math.abs(low || 1) * 0.1, high + Math.abs(high || 1) * 0.1] : [low, high];
  });
  const share = (at, value) => {
    const [low, high] = ends[at];
    return data.axes[at].kind === "log" ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  };
  const floor = HEIGHT - BOTTOM;
  const y = (at, value) => (value === null || value === undefined ? floor + NONE : floor - share(at, value) * (floor - TOP));
  const done = data.lines.filter((line) => line.state === "complete" && typeof line.values[last] === "number");
  const ranked = [...done].sort((a, b) => (a.values[last] - b.values[last]) * (data.higher ? -1 : 1));
  const rank = new Map(ranked.map((line, at) => [line.trial, several ? (line.front ? 0 : 0.75) : ranked.length < 2 ? 0 : at / (ranked.length - 1)]));
  const inside = (line) => Object.entries(held).every(([at, [from, to]]) => {
    const place = y(Number(at), line.values[at]);
    return place >= from && place <= to;
  });

  function draw() {
    const width = Math.max(320, plot.clientWidth || root.clientWidth);
    const side = 58, gap = last ? (width - 2 * side) / last : 0;
    const x = (at) => side + at * gap;
    const near = rgb(css(root, "--acc") || "#0b6a6c"), far = rgb(css(root, "--line2") || "#cccccc");
    const svg = sv("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": `${data.lines.length} trials, one line each` });
    const hint = el("div", { class: "hint", hidden: true });
    const drawn = new Map();
    const shade = (line) => blend(near, far, Math.pow(rank.get(line.trial) ?? 1, 0.6) * 0.85);
    const order = [...data.lines].sort((a, b) => (rank.get(b.trial) ?? 2) - (rank.get(a.trial) ?? 2));
    for (const line of order) {
      const points = line.values.map((value, at) => (at >= goals && typeof value !== "number" ? null : [x(at), y(at, value)])).filter(Boolean);
      const kind = line.state === "complete" ? "" : line.state === "running" ? " run" : " lost";
      const shown = sv("path", { class: `line${kind}${inside(line) ? "" : " off"}${line.trial === data.opened ? " on" : ""}`, d: path(points), style: kind ? {} : { stroke: shade(line) } });
      const hit = sv("path", { class: "hit", d: path(points), "data-testid": `line-${line.trial}`,
        onpointermove: (event) => {
          const box = plot.getBoundingClientRect();
          drawn.forEach((one) => one.classList.remove("hot"));
          shown.classList.add("hot");
          hint.hidden = false;
          hint.textContent = line.words;
          const left = event.clientX - box.left;
          Object.assign(hint.style, { left: `${Math.min(left + 12, width - 200)}px`, top: `${event.clientY - box.top + 14}px` });
        },
        onpointerleave: () => { shown.classList.remove("hot"); hint.hidden = true; },
        onclick: () => setTriggerValue("pick", { trial: line.trial, at: Date.now() }) });
      drawn.set(line.trial, shown);
      svg.append(shown, hit);
    }
    data.axes.forEach((axis, at) => {
      const end = at === last ? "end" : at ? "middle" : "start";
      const from = at === last ? width - 4 : at ? x(at) : 4;
      const name = sv("text", { class: "name", x: from, y: 14, "text-anchor": end }, cut(axis.label, at && at !== last ? gap - 10 : gap * 0.5 + side - 8));
      name.append(sv("title", {}, axis.label));
      svg.append(sv("line", { class: "axis", x1: x(at), x2: x(at), y1: TOP, y2: floor }), name);
      const flip = at === last;
      const mark = (value, text) => svg.append(sv("text", { class: "tk", x: x(at) + (flip ? 6 : -6), y: y(at, value) + 4, "text-anchor": flip ? "start" : "end" }, cut(text, 52)));
      if (axis.kind === "words") axis.words.forEach((word, place) => mark(place, word));
      else for (const part of [0, 0.5, 1]) {
        const [low, high] = ends[at];
        const value = axis.kind === "log" ? low * (high / low) ** part : low + (high - low) * part;
        mark(value, figure(Number(value.toPrecision(3))));
      }
      if (data.lines.some((line) => at < goals && (line.values[at] === null || line.values[at] === undefined))) svg.append(sv("text", { class: "tk", x: x(at) - 6, y: floor + NONE + 4, "text-anchor": "end" }, "–"));
      svg.append(handle(svg, at, x(at)));
      if (held[at]) svg.append(sv("rect", { class: "brush", x: x(at) - 7, width: 14, y: held[at][0], height: held[at][1] - held[at][0] }));
    });
    plot.replaceChildren(svg, hint);
  }
  function handle(svg, at, place) {
    const grab = sv("rect", { class: "grab", x: place - 8, width: 16, y: TOP - 4, height: HEIGHT - BOTTOM - TOP + 8 + NONE });
    grab.append(sv("title", {}, "Drag to keep the lines of a part; click to keep all"));
    grab.addEventListener("pointerdown", (event) => {
      const box = svg.getBoundingClientRect(), begin = event.clientY - box.top;
      grab.setPointerCapture(event.pointerId);
      const move = (next) => {
        const now = next.clientY - box.top;
        held[at] = [Math.min(begin, now), Math.max(begin, now)];
      };
      grab.addEventListener("pointermove", move);
      grab.addEventListener("pointerup", () => {
        if (!held[at] || held[at][1] - held[at][0] < 4) delete held[at];
        draw();
      }, { once: true });
    });
    return grab;
  }
  draw();
  const watch = new ResizeObserver(() => { if (plot.isConnected && Math.abs((plot.firstChild?.clientWidth || 0) - plot.clientWidth) > 2) draw(); });
  watch.observe(plot);
  return () => watch.disconnect();
}
