const boards = new Map(); // drawings by key, so that a remount forgets nothing

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector("#root");
  if (root.firstChild && root.dataset.id === data.id) return;
  root.dataset.id = data.id;
  const side = 240;
  const [height, width] = data.shape;
  const kept = boards.get(data.id) || { strokes: [], pen: Math.max(8, Math.round((side / Math.max(height, width)) * 1.7)) };
  boards.set(data.id, kept);
  const canvas = el("canvas", { width: side, height: Math.round((side * height) / width), tabindex: 0, role: "img", "aria-label": "Draw here with the mouse, a finger or a pen", "data-testid": "draw-canvas" });
  const at = canvas.getContext("2d");
  const paper = data.dark ? "#000" : "#fff", ink = data.dark ? "#fff" : "#000";
  let current = null, timer = 0;

  function paint() {
    at.fillStyle = paper;
    at.fillRect(0, 0, canvas.width, canvas.height);
    at.strokeStyle = at.fillStyle = ink;
    at.lineCap = at.lineJoin = "round";
    for (const { pen, points } of kept.strokes) {
      at.lineWidth = pen;
      at.beginPath();
      if (points.length === 1) { at.arc(points[0][0], points[0][1], pen / 2, 0, 7); at.fill(); continue; }
      at.moveTo(...points[0]);
      for (const point of points.slice(1)) at.lineTo(...point);
      at.stroke();
    }
  }
  function place(event) {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
  }
  function send() {
    clearTimeout(timer);
    timer = setTimeout(() => setTriggerValue("drawn", { png: kept.strokes.length ? canvas.toDataURL("image/png") : "", at: Date.now() }), 250);
  }
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    current = { pen: kept.pen, points: [place(event)] };
    kept.strokes.push(current);
    paint();
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => { if (current) { current.points.push(place(event)); paint(); } });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { if (current) { current = null; send(); } });
  canvas.addEventListener("keydown", (event) => {
    if (event.key === "Delete" || event.key === "Backspace") { kept.strokes = []; paint(); send(); }
    event.stopPropagation();
  });
  const pen = el("input", { type: "range", min: 6, max: 48, value: kept.pen, "aria-label": "Width of the pen", oninput: (event) => { kept.pen = Number(event.target.value); } });
  root.replaceChildren(canvas, el("div", { class: "row" },
    el("button", { class: "btn", "data-testid": "draw-undo", onclick: () => { kept.strokes.pop(); paint(); send(); } }, "Undo"),
    el("button", { class: "btn", "data-testid": "draw-clear", onclick: () => { kept.strokes = []; paint(); send(); } }, "Clear"),
    el("span", { class: "sp" }), el("label", {}, "Pen", pen)));
  paint();
}
