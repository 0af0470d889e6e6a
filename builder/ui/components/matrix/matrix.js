const kept = new Map(); // which view a person chose, by key, so that a remount forgets nothing

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector("#root");
  const { classes, counts, selected, id, name } = data;
  const size = classes.length;
  const state = kept.get(id) || { view: "counts", at: null };
  kept.set(id, state);
  const rowSum = counts.map((row) => row.reduce((a, b) => a + b, 0));
  const colSum = classes.map((_, j) => counts.reduce((a, row) => a + row[j], 0));
  const share = (i, j) => {
    const total = state.view === "column" ? colSum[j] : rowSum[i];
    return total ? counts[i][j] / total : 0;
  };
  const shown = (i, j) => {
    if (!counts[i][j]) return "";
    if (state.view === "counts") return counts[i][j].toLocaleString("en");
    const percent = share(i, j) * 100;
    return percent < 0.5 ? "<1" : `${Math.round(percent)}`;
  };
  const open = (i, j) => setTriggerValue("cell", { true: i, predicted: j, at: Date.now() });

  function csv() {
    const quote = (v) => `"${String(v).replace(/"/g, '""')}"`;
    const head = ["truth \\ prediction", ...classes].map(quote).join(",");
    save(`${name}.csv`, [head, ...counts.map((row, i) => [quote(classes[i]), ...row].join(","))].join("\n") + "\n", "text/csv");
  }

  function draw() {
    const surface = rgb(css(parentElement, "--surface")), right = rgb(css(parentElement, "--train")), wrong = rgb(css(parentElement, "--val"));
    const longest = Math.max(...classes.map((c) => Math.min(c.length, 14)));
    const left = Math.min(104, 14 + longest * 6.4);
    const width = 418;
    const cell = Math.max(14, Math.min(size < 4 ? 176 : 64, (width - left) / size));
    const turned = longest * 6.2 > cell;
    const top = turned ? Math.min(86, 10 + longest * 5.6) : 22;
    const on = Math.max(1e-9, ...counts.map((row, i) => (state.view === "counts" ? row[i] : share(i, i))));
    const worst = Math.max(1e-9, ...counts.flatMap((row, i) => row.map((v, j) => (i === j ? 0 : state.view === "counts" ? v : share(i, j)))));
    const svg = sv("svg", { class: "grid", role: "grid", "aria-label": "Confusion matrix: rows are the truth, columns the prediction", viewBox: `0 0 ${left + cell * size + 2} ${top + cell * size + 2}`, width: left + cell * size + 2, height: top + cell * size + 2 });
    const cut = (name) => (name.length > 14 ? name.slice(0, 13) + "…" : name);
    classes.forEach((name, i) => {
      const chosenRow = selected && selected[0] === i, chosenCol = selected && selected[1] === i;
      const x = left + cell * (i + 0.5), y = top + cell * (i + 0.5);
      svg.append(sv("text", { class: `ax${chosenRow ? " on" : ""}`, x: left - 8, y: y + 4, "text-anchor": "end" }, cut(name), sv("title", {}, name)));
      const column = turned
        ? { transform: `translate(${x + 3} ${top - 7}) rotate(-40)`, "text-anchor": "start" }
        : { x, y: top - 8, "text-anchor": "middle" };
      svg.append(sv("text", { class: `ax${chosenCol ? " on" : ""}`, ...column }, cut(name), sv("title", {}, name)));
    });
    const cells = [];
    const rows = counts.map((row, i) => {
      const group = sv("g", { role: "row" });
      row.forEach((value, j) => {
        const strength = value ? (i === j ? (state.view === "counts" ? value : share(i, j)) / on : (state.view === "counts" ? value : share(i, j)) / worst) : 0;
        const tone = i === j ? right : wrong;
        const fill = value ? blend(surface, tone, (i === j ? 0.18 : 0.06) + (i === j ? 0.52 : 0.44) * strength) : "transparent";
        const chosen = selected && selected[0] === i && selected[1] === j;
        const label = `${value} of class ${classes[i]} ${i === j ? "rightly predicted" : `taken for ${classes[j]}`}`;
        const one = sv("g", { class: `cell${chosen ? " on" : ""}${value ? "" : " none"}`, role: "gridcell", tabindex: -1, "aria-label": label, "aria-selected": chosen ? "true" : "false", "data-testid": `cell-${classes[i]}-${classes[j]}`,
          onclick: () => { state.at = [i, j]; open(i, j); },
          onkeydown: (event) => key(event, i, j) },
          sv("rect", { x: left + cell * j + 1, y: top + cell * i + 1, width: cell - 2, height: cell - 2, rx: 2, style: { fill } }),
          cell >= 20 ? sv("text", { x: left + cell * (j + 0.5), y: top + cell * (i + 0.5) + 4, "text-anchor": "middle", style: cell < 28 ? { fontSize: "10.5px" } : {} }, shown(i, j)) : null,
          sv("title", {}, `${label} (${Math.round(1000 * (rowSum[i] ? value / rowSum[i] : 0)) / 10} % of ${classes[i]})`));
        group.append(one);
        cells.push(one);
      });
      return group;
    });
    // the chosen cell last, so that its frame lies above its neighbours'
    svg.append(...rows);
    const place = state.at || selected || [0, 0];
    const current = cells[place[0] * size + place[1]];
    if (current) current.setAttribute("tabindex", 0);

    function key(event, i, j) {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [0, -size], End: [0, size] }[event.key];
      event.stopPropagation();
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); state.at = [i, j]; open(i, j); }
      if (!step) return;
      event.preventDefault();
      const next = [Math.max(0, Math.min(size - 1, i + step[0])), Math.max(0, Math.min(size - 1, j + step[1]))];
      cells[i * size + j].setAttribute("tabindex", -1);
      state.at = next;
      const target = cells[next[0] * size + next[1]];
      target.setAttribute("tabindex", 0);
      target.focus();
    }

    const views = el("div", { class: "seg", role: "group", "aria-label": "What the cells show" }, [["counts", "Counts"], ["row", "By row %"], ["column", "By column %"]].map(([name, text]) =>
      el("button", { "aria-pressed": state.view === name ? "true" : "false", "data-testid": `matrix-${name}`, onclick: () => { state.view = name; draw(); } }, text)));
    const held = parentElement.activeElement && parentElement.activeElement.classList.contains("cell");
    root.replaceChildren(
      el("div", { class: "top" }, views, el("span", { class: "sp" }),
        el("button", { class: "quiet", title: "Download the picture as PNG", "data-testid": "matrix-png", onclick: () => savePng(name, svg, css(parentElement, "--surface")) }, "PNG"),
        el("button", { class: "quiet", title: "Download the picture as SVG", "data-testid": "matrix-svg", onclick: () => saveSvg(name, svg, css(parentElement, "--surface")) }, "SVG"),
        el("button", { class: "quiet", title: "Download the counts as CSV", "data-testid": "matrix-csv", onclick: csv }, "CSV")),
      el("div", { style: { overflow: "auto" } }, svg));
    if (held && current) current.focus();
  }
  draw();
}
