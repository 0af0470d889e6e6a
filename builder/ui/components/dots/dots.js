const states = new Map();
const RIGHT = 14, TOP = 8, BOTTOM = 38, NEAR = 24, STILL = 4, THIN = 8;

// How wide the words beside an axis are; `fitted` is as much of a word as that room holds.
const pen = document.createElement("canvas").getContext("2d");
function extent(text) { pen.font = '400 11.5px "Source Sans", system-ui'; return pen.measureText(text).width; }
function fitted(text, room) {
  if (extent(text) <= room) return text;
  let kept = text;
  while (kept && extent(`${kept}…`) > room) kept = kept.slice(0, -1);
  return `${kept}…`;
}

// At most `most` round numbers between the ends.
function ticks([low, high], log, most) {
  if (log && Math.log10(high / low) >= 1) {
    const powers = [], first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9);
    const step = Math.max(1, Math.ceil((last - first + 1) / most));
    for (let power = first; power <= last; power += step) powers.push(Number(`1e${power}`));
    if (powers.length > 1) return powers;
  }
  const rough = (high - low) / most, unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 5, 10].find((times) => unit * times >= rough * 0.999);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-6); at * step <= high + step * 1e-6; at += 1) found.push(Number((at * step).toPrecision(12)));
  return found;
}

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector("#root");
  const state = states.get(data.id) || { zoom: {}, pointer: null, drag: null, key: null, mouse: false };
  states.set(data.id, state);
  let chart = data.chart, scale = {}, svg, hint, box, ring, width = 0, LEFT = 54;
  const height = () => chart.height;

  function whole(axis, values) {
    if (axis.words) return [axis.words.length - 0.5, -0.5];
    const low = axis.low ?? Math.min(...values), high = axis.high ?? Math.max(...values);
    if (!Number.isFinite(low)) return axis.log ? [0.1, 1] : [0, 1];
    if (axis.log) return low === high ? [low / 2, high * 2] : [low / (high / low) ** 0.06, high * (high / low) ** 0.06];
    const room = low === high ? Math.abs(low || 1) * 0.1 : (high - low) * 0.06;
    return [axis.low ?? low - room, axis.high ?? high + room];
  }
  // Places on the screen of an axis' values, and back.
  function measure(name, from, to) {
    const axis = chart[name];
    const values = [...chart.dots.map((dot) => dot[name]), ...chart.lines.flatMap((line) => line.points.map((point) => point[name === "x" ? 0 : 1]))];
    const ends = state.zoom[name] || whole(axis, values);
    const of = (value) => (axis.log ? Math.log(value) : value), back = (value) => (axis.log ? Math.exp(value) : value);
    const [low, high] = ends.map(of);
    scale[name] = { ends, to: (value) => from + ((of(value) - low) / (high - low)) * (to - from), from: (place) => back(low + ((place - from) / (to - from)) * (high - low)) };
  }
  const spot = (dot) => [scale.x.to(dot.x), scale.y.to(dot.y)];
  const inside = ([x, y]) => x >= LEFT - 1 && x <= width - RIGHT + 1 && y >= TOP - 1 && y <= height() - BOTTOM + 1;
  function colour(dot) {
    if (dot.shade === undefined || dot.shade === null) return css(root, `--${dot.tone}`);
    const place = dot.shade * (data.scale.length - 1), at = Math.min(data.scale.length - 2, Math.floor(place));
    return blend(rgb(data.scale[at]), rgb(data.scale[at + 1]), place - at);
  }

  function axes() {
    const floor = height() - BOTTOM, right = width - RIGHT;
    const texts = (name, most) => (chart[name].words ? chart[name].words.map((word, at) => [at, word]) : ticks([...scale[name].ends].sort((a, b) => a - b), chart[name].log, most).map((value) => [value, figure(value)]));
    for (const [value, text] of texts("y", Math.max(2, Math.round((floor - TOP) / 36)))) {
      const y = scale.y.to(value);
      if (y < TOP - 1 || y > floor + 1) continue;
      svg.append(sv("line", { class: "grid", x1: LEFT, x2: right, y1: y, y2: y }), sv("text", { class: "tk", x: LEFT - 7, y: y + 4, "text-anchor": "end" }, chart.y.words ? fitted(text, LEFT - 10) : text, chart.y.words && extent(text) > LEFT - 10 ? sv("title", {}, text) : null));
    }
    for (const [value, text] of texts("x", Math.max(2, Math.round((right - LEFT) / 70)))) {
      const x = scale.x.to(value);
      if (x >= LEFT - 1 && x <= right + 1 && (Number.isInteger(value) || !chart.x.whole)) svg.append(sv("text", { class: "tk", x, y: floor + 15, "text-anchor": "middle" }, text));
    }
    svg.append(sv("line", { class: "base", x1: LEFT, x2: right, y1: floor, y2: floor }), sv("text", { class: "name", x: (LEFT + right) / 2, y: floor + 31, "text-anchor": "middle" }, chart.x.label));
    if (chart.y.label) svg.append(sv("text", { class: "name", x: 0, y: 0, transform: `translate(11 ${(TOP + floor) / 2}) rotate(-90)`, "text-anchor": "middle" }, chart.y.label));
  }
  function stairs(points) { return points.flatMap(([x, y], at) => (at ? [[x, points[at - 1][1]], [x, y]] : [[x, y]])); }
  function marks() {
    const clip = sv("clipPath", { id: "area" }, sv("rect", { x: LEFT - 6, y: TOP - 6, width: width - LEFT - RIGHT + 12, height: height() - TOP - BOTTOM + 12 }));
    const group = sv("g", { "clip-path": "url(#area)" });
    for (const line of chart.lines) {
      const points = line.points.map(([x, y]) => [scale.x.to(x), scale.y.to(y)]);
      group.append(sv("path", { class: line.step ? "line" : "line thin", d: path(line.step ? stairs(points) : points), style: { stroke: css(root, `--${line.tone}`) } }));
    }
    for (const dot of chart.dots) {
      const [cx, cy] = spot(dot);
      const made = dot.bar ? sv("line", { x1: cx, x2: cx, y1: cy - 9, y2: cy + 9, "stroke-width": 3, style: { stroke: colour(dot) } }) : sv("circle", { class: dot.ring ? "dot ring" : "dot", cx, cy, r: dot.size, style: { fill: colour(dot) } });
      if (dot.trial !== undefined) made.dataset.testid = `dot-${dot.trial}`;
      group.append(made);
      if (dot.trial !== undefined && dot.trial === data.opened) group.append(sv("circle", { class: "open", cx, cy, r: dot.size + 3.5 }));
    }
    svg.append(sv("defs", {}, clip), group);
  }
  function draw() {
    width = Math.max(240, root.clientWidth || 0);
    LEFT = Math.min(width * 0.4, Math.max(54, ...(chart.y.words || []).map((word) => extent(word) + 14)));
    measure("x", LEFT, width - RIGHT);
    measure("y", height() - BOTTOM, TOP);
    const zoomed = Boolean(state.zoom.x || state.zoom.y);
    svg = sv("svg", { class: state.mouse ? "chart mouse" : "chart", width, height: height(), viewBox: `0 0 ${width} ${height()}`, tabindex: 0, role: "img", "data-testid": data.name, "data-zoomed": String(zoomed), "data-ends": JSON.stringify([scale.x.ends, scale.y.ends]),
      "aria-label": `${data.title}: ${chart.dots.length} dots. Arrow keys go through them, Enter opens one.`, onkeydown: keys, onblur: (event) => { if (event.target === svg) byHand(false); } });
    hint = el("div", { class: "hint", role: "status", hidden: true });
    ring = sv("circle", { class: "hot", r: 7, visibility: "hidden" });
    box = sv("rect", { class: "box", visibility: "hidden" });
    axes();
    marks();
    svg.append(ring, box);
    const files = [["PNG", () => savePng(data.file, svg, css(root, "--surface"))], ["SVG", () => saveSvg(data.file, svg, css(root, "--surface"))]];
    const all = zoomed ? el("button", { class: "quiet", "data-testid": `${data.name}-all`, onclick: showAll }, "Show all") : el("span", { class: "f s" }, "drag to zoom");
    const foot = el("div", { class: "foot" }, chart.note ? el("span", { class: "f s" }, chart.note) : null, el("span", { class: "sp" }), all,
      files.map(([word, act]) => el("button", { class: "quiet", title: `Download ${data.title} as ${word}`, "data-testid": `${data.name}-${word.toLowerCase()}`, onclick: act }, word)));
    keeping(root, () => root.replaceChildren(el("div", { class: "plot" }, svg, hint), foot));
    show();
    stretch();
  }
  function showAll() { state.zoom = {}; draw(); }

  // The dot that is pointed at, by the mouse or by the keys, and what is said of it.
  function pointed() {
    if (state.key !== null) return chart.dots.find((dot) => dot.trial === state.key) || null;
    if (!state.pointer || state.drag) return null;
    let found = null, least = NEAR;
    for (const dot of chart.dots) {
      const [x, y] = spot(dot), far = Math.hypot(x - state.pointer[0], y - state.pointer[1]);
      if (far < least && inside([x, y])) [found, least] = [dot, far];
    }
    return found;
  }
  function show() {
    const dot = pointed();
    hint.hidden = !dot;
    ring.setAttribute("visibility", dot ? "visible" : "hidden");
    if (!dot) return;
    const [x, y] = spot(dot);
    ring.setAttribute("cx", x);
    ring.setAttribute("cy", y);
    ring.setAttribute("r", (dot.size || 4) + 3);
    hint.textContent = dot.words;
    const left = x + 14 + hint.offsetWidth > width ? x - 14 - hint.offsetWidth : x + 14;
    Object.assign(hint.style, { left: `${Math.max(0, left)}px`, top: `${Math.max(0, Math.min(y - 10, height() - hint.offsetHeight))}px` });
  }
  function stretch() {
    box.setAttribute("visibility", state.drag ? "visible" : "hidden");
    if (!state.drag) return;
    const [[x0, y0], [x1, y1]] = edges();
    Object.entries({ x: x0, y: y0, width: x1 - x0, height: y1 - y0 }).forEach(([name, value]) => box.setAttribute(name, value));
  }
  // The drawn box; a thin one means the other axis alone.
  function edges() {
    const { from, to } = state.drag, floor = height() - BOTTOM, right = width - RIGHT;
    let [x0, x1] = [from[0], to[0]].sort((a, b) => a - b), [y0, y1] = [from[1], to[1]].sort((a, b) => a - b);
    if (y1 - y0 < THIN || chart.y.words) [y0, y1] = [TOP, floor];
    if (x1 - x0 < THIN) [x0, x1] = [LEFT, right];
    return [[Math.max(LEFT, x0), Math.max(TOP, y0)], [Math.min(right, x1), Math.min(floor, y1)]];
  }
  function zoomIn() {
    const { from, to } = state.drag, [[x0, y0], [x1, y1]] = edges();
    const wide = Math.abs(to[0] - from[0]) >= THIN, tall = Math.abs(to[1] - from[1]) >= THIN && !chart.y.words;
    state.drag = null;
    if (wide) state.zoom.x = [scale.x.from(x0), scale.x.from(x1)];
    if (tall) state.zoom.y = [scale.y.from(y1), scale.y.from(y0)];
    draw();
  }
  const open = (dot) => { if (dot && dot.trial !== undefined) setTriggerValue("pick", { trial: dot.trial, at: Date.now() }); };
  // The frame of the focus is for those who came by the keys.
  function byHand(is) { state.mouse = is; svg.classList.toggle("mouse", is); }
  function keys(event) {
    const known = chart.dots.filter((dot) => dot.trial !== undefined && inside(spot(dot))).sort((a, b) => a.x - b.x || a.y - b.y);
    const at = known.findIndex((dot) => dot.trial === state.key);
    const next = { ArrowRight: at + 1, ArrowLeft: at < 0 ? known.length - 1 : at - 1, Home: 0, End: known.length - 1 }[event.key];
    if (event.key === "Enter" && state.key !== null) open(pointed());
    else if (event.key === "Escape") { state.key = null; showAll(); }
    else if (known[next]) { state.key = known[next].trial; show(); }
    else return;
    byHand(false);
    event.preventDefault();
    event.stopPropagation();
  }

  // The root stays while its content is drawn anew, so that a drag goes on when a trial comes in.
  const place = (event) => { const frame = svg.getBoundingClientRect(); return [event.clientX - frame.left, event.clientY - frame.top]; };
  root.onpointerdown = (event) => {
    if (event.button || !event.target.closest(".chart") || !inside(place(event))) return;
    state.drag = { from: place(event), to: place(event) };
    state.key = null;
    byHand(true);
    root.setPointerCapture(event.pointerId);
  };
  root.onpointermove = (event) => {
    state.pointer = place(event);
    if (state.drag) state.drag.to = state.pointer;
    else state.key = null;
    show();
    stretch();
  };
  root.onpointerup = (event) => {
    if (!state.drag) return;
    const { from, to } = state.drag;
    if (Math.hypot(to[0] - from[0], to[1] - from[1]) >= STILL) { zoomIn(); return; }
    state.drag = null;
    state.pointer = place(event);
    show();
    stretch();
    open(pointed());
  };
  root.onpointerleave = () => { state.pointer = null; show(); };
  root.onpointercancel = () => { state.drag = null; stretch(); };
  root.ondblclick = (event) => { if (event.target.closest(".chart")) showAll(); };

  draw();
  follow(data.id, data.live, root, (now) => { chart = now; draw(); });
  const watch = new ResizeObserver(() => { if (root.isConnected && Math.abs(root.clientWidth - width) > 2 && root.clientWidth > 240) draw(); });
  watch.observe(root);
  return () => watch.disconnect();
}
