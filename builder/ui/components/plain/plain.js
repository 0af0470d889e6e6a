const NS = "http://www.w3.org/2000/svg";
const SIGNS = {
  ok: "M3 8.500 6.500 12 13 4.500",
  warn: "M8 2.500 14.500 13.500h-13ZM8 6.500v3.200M8 11.700v.1",
  err: "M4 4l8 8M12 4l-8 8",
  note: "M8 7.200v4M8 4.800v.1M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Z",
  save: "M8 2.500v7.500M5 7l3 3 3-3M3 13h10",
  back: "M5 4 2.500 6.500 5 9M2.800 6.500H10a3.500 3.500 0 0 1 0 7H7",
};

function put(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(made.style, value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) if (child !== null && child !== undefined && child !== false) made.append(child);
  return made;
}
function el(tag, attributes, ...children) { return put(document.createElement(tag), attributes, children); }
function sv(tag, attributes, ...children) { return put(document.createElementNS(NS, tag), attributes, children); }
// A sign by its name, or by the line that Python sent.
function sign(name, small = true) { return sv("svg", { class: small ? "i sm" : "i", viewBox: "0 0 16 16", "aria-hidden": "true" }, sv("path", { d: SIGNS[name] || name })); }
function figure(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  const size = Math.abs(value);
  if (size >= 1e3 && size < 1e9) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(size < 1e-4 ? 3 : 4)));
}
// What was measured, in four digits even where the last ones are 0: a column of it stands in line.
function measured(value) {
  const size = Math.abs(value);
  return typeof value === "number" && size >= 0.001 && size < 1e3 ? value.toPrecision(4) : figure(value);
}
const followed = new Map();
// Ask the own route `live.address` each second; `take` gets what it says whenever that changes. Ends with the element.
function follow(id, live, root, take) {
  clearInterval(followed.get(id));
  followed.delete(id);
  if (!live) return;
  let shown = "";
  async function look() {
    if (!root.isConnected) { clearInterval(timer); return; }
    try {
      const answer = await fetch(new URL(live.address, document.baseURI), { headers: { "X-Lamina-Token": live.token } });
      const text = answer.ok ? await answer.text() : shown;
      if (text === shown || followed.get(id) !== timer || !root.isConnected) return;
      shown = text;
      take(JSON.parse(text));
    } catch { return; }  // the server is away for a moment
  }
  const timer = setInterval(look, 1000);
  followed.set(id, timer);
}
// Draw anew inside `root` without losing the place in `.wrap`, nor the focus on what has a data-testid.
function keeping(root, redraw) {
  const before = root.querySelector(".wrap"), tree = root.getRootNode();
  const [top, left] = before ? [before.scrollTop, before.scrollLeft] : [0, 0];
  const active = root.contains(tree.activeElement) ? tree.activeElement : null;
  const [held, caret] = active ? [active.dataset.testid, active.selectionStart] : [];
  redraw();
  const after = root.querySelector(".wrap");
  if (after) Object.assign(after, { scrollTop: top, scrollLeft: left });
  const again = held ? root.querySelector(`[data-testid="${CSS.escape(held)}"]`) : null;
  if (!again || again === tree.activeElement) return;
  again.focus({ preventScroll: true });
  if (typeof caret === "number") again.setSelectionRange(caret, caret);
}
// Up, Down, Home and End move the focus among the rows of a table body.
function walk(event) {
  const rows = [...event.currentTarget.querySelectorAll("tbody tr")];
  const at = rows.findIndex((row) => row.contains(event.target));
  const next = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: rows.length - 1 }[event.key];
  if (at < 0 || next === undefined || !rows[next]) return;
  event.preventDefault();
  event.stopPropagation();
  rows[next].focus();
}
function css(root, name) { return getComputedStyle(root.host || root).getPropertyValue(name).trim(); }
function rgb(text) {
  const hex = text.replace("#", "");
  const full = hex.length === 3 ? [...hex].map((c) => c + c).join("") : hex;
  return [0, 2, 4].map((at) => parseInt(full.slice(at, at + 2), 16));
}
function blend(from, to, share) { return `rgb(${from.map((v, i) => Math.round(v + (to[i] - v) * share)).join(",")})`; }
function save(name, text, type) {
  const url = URL.createObjectURL(text instanceof Blob ? text : new Blob([text], { type }));
  const link = el("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
function saveSvg(name, svg, paper) { save(`${name}.svg`, drawn(svg, paper), "image/svg+xml"); }
async function savePng(name, svg, paper, times = 2) {
  const { width, height } = margins(svg);
  const image = new Image(), text = drawn(svg, "", await lettering());
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = el("canvas", { width: Math.round(width * times), height: Math.round(height * times) });
  const to = canvas.getContext("2d");
  to.fillStyle = paper;
  to.fillRect(0, 0, canvas.width, canvas.height);
  to.drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => save(`${name}.png`, blob));
}
const carried = new Map();
/** The page's letters as a style that a picture carries along: one that is drawn as an image reads no font of its page. From this server alone. */
async function lettering() {
  const found = [];
  for (const sheet of document.styleSheets) {
    let rules = [];
    try { rules = [...sheet.cssRules]; } catch { continue; }  // of another site: not ours to read
    for (const { type, style } of rules) {
      if (type !== 5 || style.fontStyle === "italic" || !/^"?Source (Sans|Code Pro)"?$/.test(style.fontFamily)) continue;
      const file = /url\("?([^")]+)"?\)/.exec(style.src);
      if (file) found.push([style, new URL(file[1], sheet.href || document.baseURI).href]);
    }
  }
  const faces = found.map(async ([style, address]) => {
    if (!carried.has(address)) carried.set(address, fetch(address).then((answer) => answer.blob()).then(addressed));
    try {
      return `@font-face{font-family:${style.fontFamily};font-weight:${style.fontWeight};src:url(${await carried.get(address)})}`;
    } catch { carried.delete(address); return ""; }  // the server is away: then in the viewer's own letters
  });
  return (await Promise.all(faces)).join("");
}
function addressed(blob) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = failed;
    reader.readAsDataURL(blob);
  });
}
/** A drawing's box with some paper around it. */
function margins(svg) {
  const { x, y, width, height } = svg.viewBox.baseVal;
  return { x: x - 12, y: y - 12, width: width + 24, height: height + 24 };
}
function drawn(svg, paper, style) {
  const copy = svg.isConnected ? dressed(svg) : svg.cloneNode(true), { x, y, width, height } = margins(svg);
  for (const [name, value] of [["xmlns", NS], ["viewBox", `${x} ${y} ${width} ${height}`], ["width", width], ["height", height]]) copy.setAttribute(name, value);
  if (style) copy.prepend(sv("style", {}, style));
  if (paper) copy.prepend(sv("rect", { x, y, width, height, fill: paper }));
  return new XMLSerializer().serializeToString(copy);
}
/** A copy that looks the same without the page's styles. */
function dressed(svg) {
  const copy = svg.cloneNode(true);
  const pairs = [[svg, copy]];
  while (pairs.length) {
    const [from, to] = pairs.pop();
    const style = getComputedStyle(from);
    for (const key of ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-family", "font-size", "font-weight", "opacity", "text-anchor", "paint-order", "stroke-linejoin"]) to.style[key] = style.getPropertyValue(key);
    [...from.children].forEach((child, i) => pairs.push([child, to.children[i]]));
  }
  return copy;
}
/** All that stands in an element as one drawing: maps, charts, tinted boxes and words, each in its place. */
function pictured(element) {
  const { left, top, width, height } = element.getBoundingClientRect();
  const to = sv("svg", { viewBox: `0 0 ${width} ${height}`, width, height });
  const place = (box) => ({ x: box.left - left, y: box.top - top, width: box.width, height: box.height });
  const visit = (node) => {
    if (node.nodeType === 3) return void written(node, to, left, top);
    const at = place(node.getBoundingClientRect()), style = getComputedStyle(node);
    if (node.tagName === "CANVAS") return void to.append(sv("image", { ...at, href: enlarged(node, style.imageRendering !== "pixelated"), preserveAspectRatio: "none" }));
    if (node.tagName === "svg") return void to.append(put(dressed(node), at, []));
    if (!/, 0\)$|transparent/.test(style.backgroundColor)) to.append(sv("rect", { ...at, rx: parseFloat(style.borderRadius) || 0, fill: style.backgroundColor }));
    if (style.borderTopStyle === "dashed") to.append(sv("path", { d: `M${at.x} ${at.y}h${at.width}`, stroke: style.borderTopColor, "stroke-width": 1.5, "stroke-dasharray": "3 3" }));
    node.childNodes.forEach(visit);
  };
  visit(element);
  return to;
}
function enlarged(canvas, smooth) {
  const times = Math.ceil(512 / canvas.width), big = el("canvas", { width: canvas.width * times, height: canvas.height * times });
  const at = big.getContext("2d");
  at.imageSmoothingEnabled = smooth;
  at.drawImage(canvas, 0, 0, big.width, big.height);
  return big.toDataURL("image/png");
}
/** The words of a text node, one text per line that the page broke it into. */
function written(node, to, left, top) {
  const style = getComputedStyle(node.parentElement), range = document.createRange(), lines = [];
  for (const word of node.data.matchAll(/\S+/g)) {
    range.setStart(node, word.index);
    range.setEnd(node, word.index + word[0].length);
    const box = range.getBoundingClientRect(), last = lines.at(-1);
    if (last && Math.abs(last.top - box.top) < 2) Object.assign(last, { text: `${last.text} ${word[0]}`, right: box.right });
    else lines.push({ text: word[0], left: box.left, right: box.right, top: box.top, high: box.height });
  }
  for (const line of lines) {
    to.append(sv("text", { x: line.left - left, y: line.top - top + 0.78 * line.high, textLength: line.right - line.left, lengthAdjust: "spacingAndGlyphs", fill: style.color,
      "font-family": style.fontFamily, "font-size": style.fontSize, "font-weight": style.fontWeight }, line.text));
  }
}
/** Quiet buttons for a figure: `shown` gives its drawing; a table is its CSV. */
function files(root, name, of, shown, csv) {
  const paper = () => css(root, "--surface") || "#fff";
  const button = (kind, what, take) => el("button", { class: "quiet", title: `Download ${what} as ${kind}`, "aria-label": `Download ${what} as ${kind}`, "data-testid": `${kind.toLowerCase()}-${name}`, onclick: take }, kind);
  return el("div", { class: "files" }, button("PNG", of, () => savePng(name, shown(), paper())), button("SVG", of, () => saveSvg(name, shown(), paper())),
    csv ? button("CSV", "the parts", () => save(`${name}.csv`, csv, "text/csv")) : null);
}
function bytes(text) { return Uint8Array.from(atob(text), (c) => c.charCodeAt(0)); }
function path(points) { return points.length ? "M" + points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L") : ""; }
// The page's colours may come a moment after the component: what draws with them waits for them, with what it was last given.
const uncoloured = new WeakMap();
function coloured(draw) {
  return (given) => {
    const { parentElement } = given;
    let end;
    uncoloured.set(parentElement, given);
    const look = () => {
      if (uncoloured.get(parentElement) !== given) return;  // it was given something newer, or taken away
      if (!css(parentElement, "--surface")) return void setTimeout(look, 30);
      uncoloured.delete(parentElement);
      end = draw(given);
    };
    look();
    return () => {
      if (uncoloured.get(parentElement) === given) uncoloured.delete(parentElement);
      if (typeof end === "function") end();
    };
  };
}
