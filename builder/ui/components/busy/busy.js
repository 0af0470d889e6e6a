const EVERY = 400;
const AGAIN = 4000;  // milliseconds in which the page is drawn anew once it was told to be
const timers = new Map();

export default function (component) {
  const { data, key, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector("#root");
  const what = el("h3", {}), count = el("span", { class: "small" }), line = el("div", { class: "small" }), bar = el("i", {});
  const meter = el("div", { class: "meter", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 }, bar);
  const stop = el("button", { class: "btn stop", type: "button", onclick: () => { stop.disabled = true; stop.textContent = "Stopping …"; setTriggerValue("stop", true); } }, "Stop");
  if (data.card) root.replaceChildren(el("div", { "data-testid": "busy" }, el("div", { class: "head" }, what, count), meter, line, stop, ...[92, 78, 64].map((width) => el("div", { class: "skeleton", style: { width: `${width}%` } }))));

  let over = false, at = location.href;
  function draw(now) {
    what.textContent = now.what;
    count.textContent = now.count;
    line.textContent = now.line;
    const percent = Math.round(now.share * 100);
    meter.classList.toggle("open", !now.known);  // how far it is is not known
    bar.style.width = now.known ? `${percent}%` : "";
    if (now.known) meter.setAttribute("aria-valuenow", percent); else meter.removeAttribute("aria-valuenow");
  }
  async function look() {
    if (!root.isConnected) { clearInterval(own); return; }
    if (over) return;
    let now;
    try {
      const answer = await fetch(new URL(data.address, document.baseURI), { headers: { "X-Lamina-Token": data.token } });
      if (!answer.ok) return;
      now = await answer.json();
    } catch { return; }  // the server is away for a moment
    if (over) return;
    if (!now.over) { if (data.card) draw(now); return; }
    over = true;
    if (location.href === at) setTriggerValue("over", true);
    at = location.href;  // it has changed: the page is being left, and to be told now would keep it
    setTimeout(() => { over = false; }, AGAIN);  // the page may have come out as it was: look on
  }
  clearInterval(timers.get(key));
  const own = setInterval(look, EVERY);
  timers.set(key, own);
  look();
}
