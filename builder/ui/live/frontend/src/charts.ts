/** A chart of curves, drawn by uPlot: points append, axes grow, a zoom stays. */

import uPlot from "uplot";
import { stepTicks, ticks } from "./format";
import { along, place, type Spot } from "./label";
import { grownEnd } from "./axis";
import { chooseLog, logChosen, logTicks, positive } from "./log";
import { over, type State } from "./store";

export interface Look {
  ink3: string; grid: string; train: string; val: string; valText: string; warn: string; ink2: string; paper: string; font: string;
}

export interface ChartSpec {
  title: string;
  /** What the title needs said beside it, in full on hovering. */
  note?: { text: string; title: string };
  log?: boolean;
  /** Whether a person may choose a logarithmic axis. */
  logByWish?: boolean;
  /** Whether it is so before anybody chose. */
  logFirst?: boolean;
  series: (state: State) => { data: uPlot.AlignedData; marks?: boolean };
  lines: { label: string; colour: keyof Look; width: number; alpha?: number; points?: boolean }[];
  legend: (state: State) => { label: string; value: string; colour: keyof Look }[];
  /** The same of a run that is laid over, drawn pale and dashed: its own x values first. */
  beside?: (state: State) => uPlot.AlignedData;
  besideLines?: { colour: keyof Look }[];
  bestOf?: (state: State) => { step: number; value: number; text: string } | null;
  format: (value: number, more?: number) => string;
}

const MOST_POINTS = 60;

/** Whether a line's epochs are few enough for a mark at each. */
function sparse(plot: uPlot, line: number): boolean {
  const values = Array.from((plot.data[line] ?? []) as ArrayLike<number | null | undefined>);
  return values.filter((value) => value !== null && value !== undefined).length <= MOST_POINTS;
}

const AXIS = 48;
const CHARACTER = 7;

/** Room for the longest label; settled in uPlot's first two passes, for it asks until it holds. */
function wide(plot: uPlot, values: string[] | null, index: number, pass: number): number {
  if (pass > 1) return (plot.axes[index] as unknown as { _size: number })._size;
  return Math.max(AXIS, 12 + CHARACTER * Math.max(0, ...(values ?? []).map((text) => text?.length ?? 0)));
}

export class Chart {
  readonly root = document.createElement("section");
  private plot: uPlot | null = null;
  private legend = document.createElement("div");
  private body = document.createElement("div");
  private log: boolean;

  constructor(
    private readonly spec: ChartSpec,
    private readonly state: State,
    private look: Look,
    private readonly onZoom: () => void,
    private height: number,
    private readonly over: () => { state: State; title: string } | null = () => null,
  ) {
    this.root.className = "chart";
    this.log = spec.log ?? (spec.logByWish === true && logChosen(spec.title, spec.logFirst));
    this.root.setAttribute("aria-label", spec.title);
    const head = document.createElement("header");
    const title = document.createElement("h3");
    title.textContent = spec.title;
    this.legend.className = "legend";
    const named = document.createElement("div");
    named.className = "named";
    named.append(title);
    if (spec.note) {
      const note = document.createElement("span");
      note.className = "quiet";
      note.textContent = spec.note.text;
      note.title = spec.note.title;
      named.append(note);
    }
    if (spec.logByWish) named.append(this.logSwitch());
    head.append(named, this.legend);
    this.body.className = "plot";
    this.root.append(head, this.body);
  }

  private logSwitch(): HTMLElement {
    const button = document.createElement("button");
    button.className = "chip";
    button.dataset.testid = "log-axis";
    button.textContent = "log";
    button.title = "Logarithmic axis: a spike leaves the rest to be seen";
    button.setAttribute("aria-label", `Logarithmic axis of ${this.spec.title}`);
    const told = () => button.setAttribute("aria-pressed", String(this.log));
    told();
    button.onclick = () => {
      this.log = !this.log;
      chooseLog(this.spec.title, this.log);
      told();
      this.restyle(this.look);
    };
    return button;
  }

  restyle(look: Look): void {
    this.look = look;
    this.plot?.destroy();
    this.plot = null;
    this.update();
  }

  update(): void {
    const points = this.spec.series(this.state).data[0].length;
    this.root.dataset.points = String(points);
    this.root.classList.toggle("none", points === 0);
    this.body.dataset.none = over(this.state.status) ? "nothing to draw: the run ended before" : "drawn as soon as it comes";
    const laid = this.over();
    const before = laid && this.spec.title === "Loss" ? [this.dashed(laid.title)] : [];
    this.legend.replaceChildren(...before, ...this.spec.legend(this.state).map((entry) => {
      const item = document.createElement("span");
      const line = document.createElement("i");
      line.style.background = this.look[entry.colour];
      const value = document.createElement("b");
      value.textContent = entry.value;
      if (entry.label) item.append(line, ` ${entry.label} `);
      item.append(value);
      return item;
    }));
    const data = this.data();
    const width = this.body.clientWidth;
    if (width < 40) return;
    if (!this.plot) this.plot = new uPlot(this.options(width), data, this.body);
    else this.plot.setData(data, false);
    this.rescale();
  }

  private dashed(title: string): HTMLElement {
    const item = document.createElement("span");
    item.className = "beside";
    item.dataset.testid = "beside";
    const line = document.createElement("i");
    item.append(line, ` ${title}`);
    return item;
  }

  /** The run's own columns, then those of the run laid over, on one axis. */
  private data(): uPlot.AlignedData {
    const { data } = this.spec.series(this.state);
    const laid = this.over();
    const shown = (all: uPlot.AlignedData) => (this.log ? positive(all) : all);
    if (!laid || !this.spec.beside) return shown(data);
    const theirs = this.spec.beside(laid.state);
    this.root.dataset.beside = String(theirs[0].length);
    return shown(uPlot.join([data, theirs]));
  }

  /** Takes the width that there is and the height that it is given, in pixels. */
  resize(height: number): void {
    this.height = height;
    const width = this.body.clientWidth;
    if (this.plot && width > 40) this.plot.setSize({ width, height: this.height });
    else this.update();
  }

  rescale(): void {
    const [low, high] = this.state.zoom ?? [0, grownEnd(this.last(), this.state.status?.steps)];
    this.plot?.setScale("x", { min: low, max: high });
  }

  /** The last step of both runs: the one laid over is seen whole. */
  private last(): number {
    return Math.max(this.state.step.at(-1) ?? 0, this.over()?.state.step.at(-1) ?? 0);
  }

  destroy(): void {
    this.plot?.destroy();
    this.plot = null;
  }

  private options(width: number): uPlot.Options {
    const { look, spec } = this;
    const font = `12px ${look.font}`;
    const axis = { stroke: look.ink3, font, ticks: { show: false }, gap: 6 };
    return {
      width,
      height: this.height,
      legend: { show: false },
      padding: [10, 24, 0, (u) => (u.scales.y?.min == null ? AXIS : 0)], // without values there is no axis to stand beside
      cursor: { sync: { key: "lamina-live" }, drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
      scales: { x: { time: false, auto: false }, y: this.log ? { distr: 3 } : {} },
      axes: [
        { ...axis, grid: { show: false }, size: 24, space: 80, values: (_u, splits) => stepTicks(splits) },
        {
          ...axis, size: wide, space: 44, grid: { stroke: look.grid, width: 1, ...(this.log ? { filter: logTicks } : {}) },
          ...(this.log ? { filter: logTicks } : {}),
          values: (_u, splits) => ticks(splits, spec.format),
        },
      ],
      series: [
        { label: "step" },
        ...spec.lines.map((line) => ({
          label: line.label,
          stroke: look[line.colour],
          width: line.width,
          alpha: line.alpha ?? 1,
          spanGaps: true,
          points: line.points
            ? { show: sparse, size: 6, stroke: look[line.colour], fill: "transparent", width: 1.5 }
            : { show: false },
        })),
        ...(this.over() && spec.beside ? spec.besideLines ?? [] : []).map((line) => ({
          label: "laid over", stroke: look[line.colour], width: 1.5, alpha: 0.55, dash: [5, 4], spanGaps: true, points: { show: false },
        })),
      ],
      hooks: {
        setSelect: [(u) => {
          if (u.select.width < 4) return;
          this.state.zoom = [u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")];
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          this.onZoom();
        }],
        ready: [(u) => u.over.addEventListener("dblclick", () => {
          this.state.zoom = null;
          this.onZoom();
        })],
        draw: [(u) => this.marks(u)],
      },
    };
  }

  /** Where the curves run, in the canvas's pixels: what a label had better not cover. */
  private drawn(u: uPlot): Spot[] {
    const steps = u.data[0];
    const every = Math.max(1, Math.floor(steps.length / 400));
    const found: Spot[] = [];
    this.spec.lines.forEach((line, i) => {
      if ((line.alpha ?? 1) < 0.5) return; // the pale raw values may lie behind
      const values = u.data[i + 1] ?? [];
      const points: Spot[] = [];
      for (let at = 0; at < steps.length; at += line.points ? 1 : every) {
        const value = values[at];
        if (value !== null && value !== undefined) points.push({ x: u.valToPos(steps[at] as number, "x", true), y: u.valToPos(value, "y", true) });
      }
      found.push(...along(points));
    });
    return found;
  }

  /** Dashed lines where the run was steered, and the best epoch. */
  private marks(u: uPlot): void {
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio || 1;
    ctx.save();
    ctx.font = `600 ${12 * ratio}px ${this.look.font}`;
    const written: { left: number; right: number; row: number }[] = [];
    for (const event of this.state.events) {
      if (!event.mark) continue;
      const x = u.valToPos(event.step, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.strokeStyle = this.look.warn;
      ctx.lineWidth = 1.5 * ratio;
      ctx.setLineDash([3 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      if (this.spec.title === "Loss") {
        ctx.fillStyle = this.look.warn;
        ctx.textAlign = x > bbox.left + bbox.width / 2 ? "right" : "left";
        const wide = ctx.measureText(event.mark).width + 12 * ratio;
        const left = ctx.textAlign === "right" ? x - wide : x;
        const met = written.filter((other) => other.left < left + wide && left < other.right);
        const row = met.length ? Math.max(...met.map((other) => other.row)) + 1 : 0; // one below what it would cover
        written.push({ left, right: left + wide, row });
        ctx.fillText(event.mark, x + (ctx.textAlign === "right" ? -6 : 6) * ratio, bbox.top + (12 + 15 * row) * ratio);
      }
    }
    ctx.setLineDash([]);
    const top = this.spec.bestOf?.(this.state);
    if (top) {
      const x = u.valToPos(top.step, "x", true);
      const y = u.valToPos(top.value, "y", true);
      if (x >= bbox.left && x <= bbox.left + bbox.width && y >= bbox.top && y <= bbox.top + bbox.height) {
        ctx.fillStyle = this.look.val;
        ctx.beginPath();
        ctx.arc(x, y, 4.5 * ratio, 0, Math.PI * 2);
        ctx.fill();
        ctx.strokeStyle = this.look.paper;
        ctx.lineWidth = 4 * ratio;
        const found = place({ x, y }, ctx.measureText(top.text).width, ratio, bbox, this.drawn(u));
        ctx.textAlign = "left";
        if (Math.abs(found.y - y) > 30 * ratio) { // far off: a stalk says whose it is
          ctx.save();
          ctx.strokeStyle = this.look.val;
          ctx.lineWidth = ratio;
          ctx.beginPath();
          ctx.moveTo(x, y);
          ctx.lineTo(x, found.y + (found.y < y ? 4 : -12) * ratio);
          ctx.stroke();
          ctx.restore();
        }
        ctx.fillStyle = this.look.valText;
        ctx.strokeText(top.text, found.x, found.y);
        ctx.fillText(top.text, found.x, found.y);
      }
    }
    ctx.restore();
  }
}
