const FOR = [196, 98, 10], AGAINST = [28, 92, 170], FOR_DARK = [240, 147, 90], AGAINST_DARK = [127, 188, 240];
const SIZE = [11, 106, 108], SIZE_DARK = [92, 205, 199]; // a size without a sign: one hue, from nothing to strong

/** The tones of a part above and below zero; the same one where the method knows no sign. */
function tones(data, dark) {
  if (data.signed === false) return [dark ? SIZE_DARK : SIZE, dark ? SIZE_DARK : SIZE];
  return dark ? [FOR_DARK, AGAINST_DARK] : [FOR, AGAINST];
}
function meaning(data) { return data.signed === false ? "the stronger the colour, the more the answer depends on it" : "orange speaks for, blue against"; }

function values(text) { return Array.from(new Int8Array(bytes(text).buffer), (v) => v / 127); }

function heat(data, dark) {
  const { w, h, values: packed } = data.map;
  const parts = values(packed);
  const grey = data.picture ? bytes(data.picture) : null;
  const canvas = el("canvas", { class: `map${data.smooth ? " smooth" : ""}`, width: w, height: h, role: "img", "aria-label": `${data.title}: map over the picture; ${meaning(data)}` });
  const at = canvas.getContext("2d");
  const image = at.createImageData(w, h);
  const [up, down] = tones(data, dark);
  for (let i = 0; i < w * h; i++) {
    const light = grey ? grey[i] / 255 : 0.5;
    const base = dark ? 24 + 110 * light : 150 + 92 * light;
    const strength = Math.pow(Math.min(1, Math.abs(parts[i])), 0.8);
    const tone = parts[i] >= 0 ? up : down;
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = base + (tone[c] - base) * strength;
    image.data[4 * i + 3] = 255;
  }
  at.putImageData(image, 0, 0);
  canvas.addEventListener("mousemove", (event) => {
    const box = canvas.getBoundingClientRect();
    const x = Math.min(w - 1, Math.floor(((event.clientX - box.left) / box.width) * w)), y = Math.min(h - 1, Math.floor(((event.clientY - box.top) / box.height) * h));
    canvas.title = `column ${x}, row ${y}: ${(parts[y * w + x] * data.map.most).toPrecision(3)}`;
  });
  return canvas;
}

function evidence(data) {
  const { share, marked, random, label, word, shown } = data.evidence; // the top is the highest value, the foot of a probability 0
  const all = [...marked, ...random];
  const high = Math.max(...all, Math.min(0, ...all) + 1e-9);
  const top = high, bottom = data.probability ? 0 : Math.min(...all);
  const points = (line) => line.map((v, i) => [2 + 114 * share[i], 144 - (138 * (v - bottom)) / (top - bottom || 1)]);
  const tone = `var(--${data.trust.status})`;
  const svg = sv("svg", { viewBox: "0 0 118 148", preserveAspectRatio: "none", role: "img", "aria-label": `${label} as ${word} are removed, best first, from ${shown}; random orders dashed` },
    sv("path", { d: "M2 144H116M2 6H116", style: { stroke: "var(--grid)" }, "vector-effect": "non-scaling-stroke" }),
    sv("path", { d: path(points(random)), fill: "none", style: { stroke: "var(--ctl)" }, "stroke-width": 1.5, "stroke-dasharray": "3 3", "vector-effect": "non-scaling-stroke" }),
    sv("path", { d: path(points(marked)), fill: "none", style: { stroke: tone }, "stroke-width": 2, "stroke-linejoin": "round", "vector-effect": "non-scaling-stroke" }));
  return el("div", { class: "ev" }, el("div", { class: "lb", title: `${label}, ${shown} with nothing removed; mean of random orders dashed` }, el("div", {}, `${label} ${shown}`), el("div", { class: "row dash" }, el("i"), "random order")), svg, el("div", {}, `${word} removed`));
}

/** From nothing to strong, as a drawing, so that a picture of the card has it. */
function fading(dark) {
  const tone = `rgb(${dark ? SIZE_DARK : SIZE})`;
  return sv("svg", { viewBox: "0 0 44 10", width: 44, height: 10, "aria-hidden": "true" },
    sv("defs", {}, sv("linearGradient", { id: "fading" }, sv("stop", { "stop-color": tone, "stop-opacity": 0 }), sv("stop", { offset: 1, "stop-color": tone }))),
    sv("rect", { width: 44, height: 10, rx: 2, fill: "url(#fading)" }));
}

function bars(data) {
  const most = Math.max(1e-12, ...data.bars.map((bar) => Math.abs(bar.part)));
  const box = el("div", { class: "bars" });
  for (const bar of data.bars) {
    const size = Math.abs(bar.part) / most, half = 50 * size;
    const fill = data.signed === false ? el("i", { style: { width: `${100 * size}%`, left: 0, background: "var(--size)" } }) : el("i", { style: { width: `${half}%`, left: bar.part >= 0 ? "50%" : `${50 - half}%`, background: bar.part >= 0 ? "var(--for)" : "var(--against)" } });
    box.append(el("div", { class: "n", title: `${bar.name} ${bar.value}` }, el("b", {}, bar.name), el("span", {}, bar.value)), el("div", { class: data.signed === false ? "t one" : "t" }, el("u"), fill), el("div", { class: "v mono" }, bar.shown));
  }
  return box;
}

function words(data, dark) {
  const most = Math.max(1e-12, ...data.words.map((word) => Math.abs(word.part)));
  const [up, down] = tones(data, dark);
  return el("div", { class: "words", "data-testid": "words" }, data.words.flatMap((word) => {
    const strength = (0.62 * Math.abs(word.part)) / most;
    return [" ", el("span", { style: { background: `rgba(${(word.part >= 0 ? up : down).join(",")},${strength.toFixed(3)})` }, title: word.part.toPrecision(3) }, word.text)];
  }));
}

function series(data, dark) {
  const { lines, parts } = data.series;
  const all = lines.flat();
  const low = Math.min(...all), high = Math.max(...all);
  const most = Math.max(1e-12, ...parts.flat().map(Math.abs));
  const [up, down] = tones(data, dark);
  const svg = sv("svg", { class: "line", viewBox: "0 0 320 198", preserveAspectRatio: "none", role: "img", "aria-label": `The series; ${meaning(data)}` });
  lines.forEach((line, channel) => {
    const point = (i) => [4 + (312 * i) / Math.max(1, line.length - 1), 188 - (178 * (line[i] - low)) / (high - low || 1)];
    svg.append(sv("path", { d: path(line.map((_, i) => point(i))), fill: "none", style: { stroke: "var(--line2)" }, "stroke-width": 1.5, "vector-effect": "non-scaling-stroke" }));
    for (let i = 0; i + 1 < line.length; i++) {
      const part = (parts[channel][i] + parts[channel][i + 1]) / 2 / most;
      svg.append(sv("path", { d: path([point(i), point(i + 1)]), fill: "none", stroke: `rgba(${(part >= 0 ? up : down).join(",")},${Math.pow(Math.abs(part), 0.6).toFixed(3)})`, "stroke-width": 3.5, "stroke-linecap": "round", "vector-effect": "non-scaling-stroke" }));
    }
  });
  return svg;
}

function verdict(trust, count = false) {
  const passed = trust.checks.filter((check) => check.status === "ok").length, notes = trust.checks.length - passed;
  return el("div", { class: `ver ${trust.status}`, "data-testid": "verdict" }, sign(trust.status, false), el("b", {}, trust.verdict), el("span", { class: "sp" }),
    count ? el("span", { class: "s" }, `${passed} check${passed === 1 ? "" : "s"} passed${notes ? `, ${notes} caution${notes === 1 ? "" : "s"}` : ""}`) : null);
}
function checks(trust) {
  return trust.checks.map((check) => el("div", { class: "fx", "data-testid": `check-${check.name}` }, el("span", { class: `c-${check.status}` }, sign(check.status === "note" ? "warn" : check.status)),
    el("div", {}, el("div", { class: "row" }, el("span", {}, check.title), el("span", { class: "sp" }), el("span", { class: "mono" }, check.shown)), el("div", { class: "s f" }, check.sentence))));
}

function channels(root, data, parentElement) {
  const from = rgb(css(parentElement, "--sunk")), to = rgb(css(parentElement, "--acc"));
  root.replaceChildren(el("div", { class: "chs" }, data.channels.map((channel) => {
    const canvas = el("canvas", { width: channel.w, height: channel.h, role: "img", "aria-label": `${channel.name}: ${channel.shown}` });
    const at = canvas.getContext("2d"), image = at.createImageData(channel.w, channel.h), raw = bytes(channel.values);
    raw.forEach((v, i) => { for (let c = 0; c < 3; c++) image.data[4 * i + c] = from[c] + ((to[c] - from[c]) * v) / 255; image.data[4 * i + 3] = 255; });
    at.putImageData(image, 0, 0);
    return el("div", { class: "chn" }, canvas, el("div", { class: "row" }, el("span", {}, channel.name), el("b", {}, channel.shown)));
  })), files(root, data.name, "the channels", () => pictured(root.querySelector(".chs")), data.csv));
}

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector("#root");
  if (data.kind === "channels") return void channels(root, data, parentElement);
  const dark = data.theme === "dark";
  root.style.setProperty("--for", `rgb(${dark ? FOR_DARK : FOR})`);
  root.style.setProperty("--size", `rgb(${dark ? SIZE_DARK : SIZE})`);
  root.style.setProperty("--against", `rgb(${dark ? AGAINST_DARK : AGAINST})`);
  if (data.kind === "trust") {
    root.replaceChildren(el("div", { class: "card" }, verdict(data.trust, true), checks(data.trust), el("div", { class: "gap" }), el("div", { class: "s m nt" }, data.note)));
    return;
  }
  const main = data.map ? heat(data, dark) : data.words ? words(data, dark) : data.series ? series(data, dark) : bars(data);
  const beside = data.trust && data.evidence ? evidence(data) : null;
  const flat = data.map ? el("div", { class: "pic" }, main, beside) : el("div", {}, main, beside ? el("div", { class: "wide", style: { marginTop: "8px" } }, beside) : null);
  const figure = el("div", { class: "figure" },
    el("div", { class: "ct" }, el("h3", {}, data.title), el("span", { class: "sp" }), el("span", { class: "s f" }, data.settings)),
    flat,
    data.signed === false ? el("div", { class: "scale s m", "data-testid": "scale" }, "little", fading(dark), "much: the answer depends on it, for or against") : null);
  const whole = () => {
    figure.classList.add("whole"); // without scrolling, for the moment of the picture
    const svg = pictured(figure);
    figure.classList.remove("whole");
    return svg;
  };
  root.replaceChildren(el("div", { class: "card", "data-testid": `map-${data.method}` },
    figure,
    data.trust ? verdict(data.trust) : null,
    data.trust ? checks(data.trust) : null,
    el("div", { class: "gap" }),
    el("div", { class: "nt" }, el("div", { class: "s m" }, data.note), files(root, data.name, "the picture", whole, data.csv))));
}
