const PARTS = ["train", "validation", "test"];
const WAIT = 500;
const WIDTH = 440; // pixels of the bar where it is not laid out yet
const LETTER = 7.5; // pixels of a digit
const bars = new Map();

export default function (component) {
  const { data, key, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector("#root");
  const bar = bars.get(key) || {};
  bars.set(key, bar);
  const total = data.sizes.reduce((sum, size) => sum + size, 0);
  const real = data.sizes.map((size) => (total ? size / total : 0));
  const asked = [1 - data.shares[0] - data.shares[1], ...data.shares];
  const same = JSON.stringify([data.sizes, data.shares]);
  if (bar.same !== same) { bar.same = same; bar.moved = null; clearTimeout(bar.timer); }

  const boxes = PARTS.map((name) => el("div", { class: name }, el("span", {})));
  const grips = [0, 1].map((which) => data.movable ? el("button", { class: "grip", type: "button", role: "slider", "aria-label": which ? "Where validation ends and test begins" : "Where training ends and validation begins", "aria-valuemin": 0, "aria-valuemax": 100, title: "Drag, or use the arrow keys (with Shift: 5 % at once)", "data-testid": `split-grip-${which}` }, el("i", {})) : null);
  const track = el("div", { class: "track", "data-testid": "split-track" }, el("div", { class: "boxes" }, ...boxes), ...grips);
  const names = PARTS.map(() => el("span", {}));
  const below = el("div", { class: "names" }, names[0], el("span", { class: "right" }, names[1], names[2]));

  function draw() {
    const shares = bar.moved || real;
    PARTS.forEach((name, i) => {
      const rows = bar.moved ? `≈ ${Math.round(shares[i] * total).toLocaleString("en")}` : data.sizes[i].toLocaleString("en");
      const percent = `${(shares[i] * 100).toFixed(Math.abs(asked[i] * 100 - Math.round(asked[i] * 100)) < 0.05 ? 0 : 1)} %`;
      boxes[i].style.flex = `${shares[i]} 0 0px`;
      boxes[i].style.display = shares[i] ? "" : "none";
      boxes[i].title = `${name}: ${rows} rows, ${percent}`;
      const words = name === "train" ? `Train ${rows}` : rows;
      const fits = shares[i] * (track.clientWidth || WIDTH) >= LETTER * words.length + 24;
      boxes[i].firstChild.textContent = fits ? words : "";
      names[i].textContent = name === "train" ? `${percent}, the network learns from these` : fits || !shares[i] ? `${name} ${percent}` : `${name} ${rows}, ${percent}`;
    });
    const places = [shares[0], shares[0] + shares[1]];
    const apart = shares[1] < 0.02 ? 5 : 0;
    grips.forEach((grip, i) => {
      if (!grip) return;
      grip.style.left = `calc(${places[i] * 100}% ${i ? "+" : "-"} ${apart}px)`;
      grip.setAttribute("aria-valuenow", Math.round(places[i] * 100));
      grip.setAttribute("aria-valuetext", PARTS.map((name, j) => `${name} ${Math.round(shares[j] * 100)} %`).join(", "));
    });
  }

  function move(which, place) {
    const now = bar.moved || asked;
    const ends = [now[0], now[0] + now[1]];
    const least = 1 - data.most;
    ends[which] = Math.min(1, Math.max(least, Math.round(place * 100) / 100));
    if (which === 0) ends[1] = Math.max(ends[0], ends[1]); else ends[0] = Math.min(ends[0], ends[1]);
    bar.moved = [ends[0], ends[1] - ends[0], 1 - ends[1]];
    draw();
  }

  function send() {
    clearTimeout(bar.timer);
    if (!bar.moved) return;
    const shares = bar.moved.slice(1).map((share) => Math.round(share * 1000) / 1000);
    if (shares.every((share, i) => Math.abs(share - data.shares[i]) < 0.0005)) { bar.moved = null; draw(); return; }
    setTriggerValue("change", { validation: shares[0], test: shares[1] });
  }

  grips.forEach((grip, which) => {
    if (!grip) return;
    grip.addEventListener("pointerdown", (event) => { grip.setPointerCapture(event.pointerId); bar.held = true; event.stopPropagation(); });
    grip.addEventListener("pointermove", (event) => {
      if (!bar.held) return;
      const box = track.getBoundingClientRect();
      move(which, (event.clientX - box.left) / box.width);
    });
    grip.addEventListener("pointerup", () => { if (bar.held) { bar.held = false; send(); } });
    grip.addEventListener("pointercancel", () => { bar.held = false; bar.moved = null; draw(); });
    grip.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -0.01, ArrowDown: -0.01, ArrowRight: 0.01, ArrowUp: 0.01, PageDown: -0.05, PageUp: 0.05 };
      const now = bar.moved || asked;
      const place = which ? now[0] + now[1] : now[0];
      event.stopPropagation();
      if (event.key === "Escape") { clearTimeout(bar.timer); bar.moved = null; draw(); return; }
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); send(); return; }
      const to = event.key === "Home" ? 0 : event.key === "End" ? 1 : event.key in steps ? place + steps[event.key] * (event.shiftKey && event.key.startsWith("Arrow") ? 5 : 1) : null;
      if (to === null) return;
      event.preventDefault();
      move(which, to);
      clearTimeout(bar.timer);
      bar.timer = setTimeout(send, WAIT);
    });
  });

  if (bar.held) return;
  const focused = root.getRootNode().activeElement?.getAttribute("data-testid");
  root.replaceChildren(track, below);
  draw();
  if (focused) root.querySelector(`[data-testid="${CSS.escape(focused)}"]`)?.focus();
}
