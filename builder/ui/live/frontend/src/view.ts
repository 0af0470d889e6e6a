/** The two parts of the page: the head (bar and progress) and the body (curves, samples, log). */

import { Chart, type Look } from "./charts";
import { bytes, clock, count, device, duration, percent, rate } from "./format";
import { Doctor, drawn, type Order, type Treat } from "./doctor";
import { Kept, Steer } from "./steer";
import { lossChart, metricChart, normChart, phasesChart, rateChart } from "./specs";
import { make } from "./make";
import { over, type Feed } from "./store";
import type { Message, Props, RunEvent, Status } from "./types";

const FILE = "M4 2h5l3 3v9H4ZM9 2v3h3";
const AWAY = "the server does not answer; the run goes on, trying again …";

export type Go = (where: string) => void;

export interface Part {
  root: HTMLElement;
  update(changed: Set<keyof Message>): void;
  restyle(): void;
  destroy(): void;
}

export class Head implements Part {
  readonly root = make("div");
  private pill = make("span", { class: "pill", "data-testid": "run-status", role: "status" });
  private note = make("span", { class: "quiet" });
  private message = make("div", { class: "message", role: "alert" });
  private failure = make("div");
  private input = make("input", { type: "text", inputmode: "decimal", "aria-label": "Learning rate", "data-testid": "live-lr" });
  private set = make("button", { "data-testid": "live-set-lr" }, "Set");
  private pause = make("button", { "data-testid": "live-pause" }, "Pause");
  private stop = make("button", { class: "danger", "data-testid": "live-stop" }, "Stop");
  private again = make("button", { "data-testid": "live-again" }, "Change the recipe");
  private evaluate = make("button", { class: "primary", "data-testid": "live-evaluate" }, "Evaluate");
  private rateLabel = make("label", {}, "Learning rate", this.input, this.set);
  private bar = make("i");
  private title = make("strong", { "data-testid": "live-epoch" });
  private steps = make("span", { class: "quiet" });
  private share = make("span", { class: "end" });
  private progress: HTMLDivElement;
  private typed = false;

  constructor(private readonly props: Props, private readonly feed: Feed, act: Order, private readonly go: Go) {
    const crumb = make("div", { class: "crumb" }, drawn(FILE), make("b", { class: "part", title: props.project }, props.project), "/", make("span", { class: "part on", title: props.title }, props.title));
    const top = make("div", { class: "bar" }, crumb, this.pill, this.note, make("span", { class: "space" }),
      this.rateLabel, this.pause, this.stop, this.again, this.evaluate);
    const first = make("div", {},
      make("div", { class: "head-line" }, this.title, this.steps, this.share),
      make("div", { class: "meter", role: "progressbar", "aria-label": "Progress of the run" }, this.bar));
    this.progress = make("div", { class: "progress" }, first);
    this.root.append(top, this.message, this.progress, this.failure);
    const tell = async (order: Record<string, unknown>) => { this.message.textContent = (await act(order)).error ?? ""; };
    this.pause.onclick = () => tell({ order: this.feed.state.status?.status === "paused" ? "resume" : "pause" });
    this.stop.onclick = () => tell({ order: "stop" });
    this.again.onclick = () => go("recipe");
    this.evaluate.onclick = () => go("evaluate");
    this.input.oninput = () => { this.typed = true; this.message.textContent = ""; this.input.removeAttribute("aria-invalid"); };
    const apply = () => {
      const value = Number(this.input.value.replace("−", "-"));
      const wrong = !(value > 0 && Number.isFinite(value));
      this.input.setAttribute("aria-invalid", String(wrong));
      if (wrong) { this.message.textContent = "A learning rate is a number above 0, such as 0.001."; return; }
      this.typed = false;
      void tell({ order: "set", lr: value });
    };
    this.set.onclick = apply;
    this.input.onkeydown = (event) => { event.stopPropagation(); if (event.key === "Enter") apply(); };
    this.update(new Set(["status", "steps"]));
  }

  update(changed: Set<keyof Message>): void {
    const { status, lr } = this.feed.state;
    if (!this.typed && changed.has("steps")) this.input.value = rate(lr.at(-1)).replace("−", "-");
    if (!status) { this.begin(); return; }
    const ended = over(status);
    const next = status.status === "queued" && !status.waits; // taken in a moment
    this.badge(next ? "preparing" : status.status);
    this.note.textContent = this.note.title = this.feed.state.offline
      ? AWAY
      : status.status === "failed" ? "" : ended ? `${status.message}${this.better()}` : "goes on when you close this tab";
    const waits = status.status === "queued" || status.status === "preparing";
    this.rateLabel.hidden = this.pause.hidden = ended || waits;
    this.stop.hidden = ended;
    this.again.hidden = !ended;
    const failed = status.status === "failed";
    this.evaluate.hidden = !ended || status.epoch === 0 || failed;
    this.again.className = failed ? "primary" : "";
    this.pause.textContent = status.status === "paused" ? "Resume" : "Pause";
    this.figures(status);
    this.fail(status);
  }

  /** That an earlier epoch was the best and is the one that other pages take; empty where the last one was. */
  private better(): string {
    const { epochs } = this.feed.state;
    const best = epochs.filter((one) => one.best).at(-1)?.epoch;
    if (best === undefined || best === epochs.at(-1)?.epoch) return "";
    return ` Epoch ${best} was the best: Evaluate and Deploy use it.`;
  }

  /** Before anything is known of the run: it can be stopped, and that is all. */
  private begin(): void {
    this.badge("preparing");
    this.rateLabel.hidden = this.pause.hidden = this.again.hidden = this.evaluate.hidden = true;
    this.title.textContent = "Preparing…";
    this.bar.style.width = "0";
    this.note.textContent = this.feed.state.offline ? AWAY : "";
  }

  private badge(status: string): void {
    const look = this.props.signs[status];
    this.pill.className = `pill ${look?.tone ?? "n"}`;
    const mark = look?.path ? drawn(look.path) : make("i", { "aria-hidden": "true" });
    this.pill.replaceChildren(mark, look?.word ?? status);
  }

  private figures(status: Status): void {
    const share = status.steps ? status.step / status.steps : 0;
    const shown = Math.min(status.epochs, status.epoch + (over(status) ? 0 : 1));
    this.title.textContent = status.waits ? "Waiting for its turn" : ["queued", "preparing"].includes(status.status) ? "Preparing…" : `Epoch ${shown} of ${status.epochs}`;
    this.steps.textContent = this.steps.title = status.waits ? status.waits : status.status === "running" && status.message ? status.message : status.steps ? `step ${count(status.step)} of ${count(status.steps)}` : "";
    this.share.textContent = `${Math.round(share * 100)} %`;
    this.bar.style.width = `${Math.min(100, share * 100)}%`;
    const cell = (name: string, value: string, rest = "") => make("div", {},
      make("div", { class: "name" }, name),
      make("div", { class: "value" }, value, make("span", {}, rest ? ` ${rest}` : "")));
    const cells = [
      over(status) ? cell("Took", duration(status.seconds)) : cell("Time left", duration(status.eta)),
      cell("Throughput", count(status.samples_per_second), `${this.props.unit}/s`),
    ];
    const now = !over(status); // what the machine did last says nothing once it is over
    if (now && status.memory !== null) {
      cells.push(cell(`Memory, ${device(status.device)}`, bytes(status.memory), status.memory_total ? `of ${bytes(status.memory_total)}` : ""));
    }
    if (now && status.load !== null) cells.push(cell("Busy", `${Math.round(status.load * 100)} %`));
    while (this.progress.children.length > 1) this.progress.lastChild?.remove();
    this.progress.append(...cells);
  }

  private fail(status: Status): void {
    this.failure.replaceChildren();
    if (status.status !== "failed") return;
    const error = status.error ?? { fact: status.message || "The run ended without a word." };
    const box = make("div", { class: "failure", "data-testid": "run-failure" },
      make("h3", {}, status.node ? `The run failed at ${status.node}` : "The run failed"),
      make("p", {}, error.fact), make("p", {}, error.remedy ?? ""),
      make("p", {}, status.epoch > 0 ? "The log and the last good epoch are kept." : "The log is kept; no epoch was done yet whose weights could be."),
      make("div", { class: "repairs" }, ...this.repairs(status)));
    this.failure.append(box);
  }

  /** What can still be used of a failed run; the way on, the recipe, stands in the bar. */
  private repairs(status: Status): Node[] {
    const kept = make("button", {}, "Evaluate the last good epoch");
    kept.onclick = () => this.go("evaluate");
    return status.epoch > 0 ? [kept] : [];
  }

  restyle(): void { /* colours come from CSS */ }
  destroy(): void { /* nothing outside the root */ }
}

const SIGNS = { waiting: "…", applied: "✓", refused: "✕" } as const;

/** What became of an order, below what was asked for. */
function became(event: RunEvent): HTMLElement[] {
  if (!event.state) return [];
  return [make("em", { class: event.state, "data-state": event.state }, `${SIGNS[event.state]} ${event.state === "refused" ? "refused: " : ""}${event.note ?? ""}`)];
}

/** So many rows without a picture are told: they take more room. */
const TOLD = 6;
const TALL = 268;
const ROWS = 2;
/** Milliseconds after which the parts above have come, and with them the place of this one. */
const SETTLES = [150, 500, 1200, 2500];

export class Body implements Part {
  readonly root = make("div", { class: "body" });
  private charts: Chart[];
  private samples = make("div", { class: "samples" });
  private sampleHead = make("header", {}, make("h3", {}, "Predicted live"), make("span", {}, "held out, every epoch"));
  private log = make("div", { class: "log", "data-testid": "steering-log" });
  private reset = make("button", { class: "zoomed" }, "Show all");
  private area = make("div", { class: "charts", "data-testid": "live-charts" });
  private left = 490;
  private observer: ResizeObserver | null = null;
  private watched: Element | null = null;

  private readonly doctor: Doctor;

  private readonly steer: Steer;
  private readonly kept: Kept;
  private readonly quit: () => void;
  private hide = make("button", { class: "zoomed", "data-testid": "hide-beside" });
  private beside = true;

  constructor(
    props: Props, private readonly feed: Feed, other: Feed | null, private readonly look: () => Look,
    act: Order, treat: Treat, go: Go,
  ) {
    this.doctor = new Doctor(props.run, feed, act, treat, go);
    this.steer = new Steer(feed, act);
    this.kept = new Kept(feed, go);
    const named = props.beside ? { state: other!.state, title: props.beside.title } : null;
    const over = () => (this.beside ? named : null);
    const note = props.lossNote ?? undefined;
    const loss = props.phases.length > 1 ? phasesChart(props.phases, note) : lossChart(note, props.lossFalls, props.monitor);
    const specs = [loss, rateChart(), normChart()];
    if (props.metric) specs.splice(1, 0, metricChart(props.metric, props.metricTitle, props.higherIsBetter, props.metricShare, props.monitor, props.metricDecades));
    this.charts = specs.map((spec) => new Chart(spec, feed.state, look(), () => this.zoomed(), TALL, over));
    this.reset.onclick = () => { this.feed.state.zoom = null; this.zoomed(); };
    const area = this.area;
    area.append(...this.charts.map((c) => c.root));
    const side = make("aside", { class: "side" }, this.doctor.root, this.sampleHead, this.samples, this.steer.root, this.kept.root,
      make("header", {}, make("h3", {}, "Steering log"), make("span", {}, "kept with the run"), this.hide, this.reset), this.log);
    this.hide.hidden = !props.beside;
    const title = props.beside?.title ?? "";
    const word = () => { this.hide.textContent = `${this.beside ? "Hide" : "Show"} ${title}`; };
    this.hide.onclick = () => { this.beside = !this.beside; word(); for (const chart of this.charts) chart.restyle(this.look()); };
    word();
    this.quit = other ? other.listen((changed) => { if (changed.has("steps") || changed.has("epochs")) for (const chart of this.charts) chart.update(); }) : () => undefined;
    this.root.append(area, side);
    if (typeof ResizeObserver !== "undefined") {
      this.observer = new ResizeObserver(this.fit);
      this.observer.observe(area);
    }
    window.addEventListener("resize", this.fit);
    for (const pause of SETTLES) setTimeout(this.fit, pause);
    this.zoomed();
  }

  /** The curves share out the height that is left in the window, so that all are seen at once. */
  private fit = (): void => {
    const top = this.root.getBoundingClientRect().top;
    if (!this.root.isConnected) return;
    this.watch();
    if (top > 240) this.left = window.innerHeight - top; // else the page is scrolled: keep what was found
    const room = this.left - ROWS * 30 - 40;
    const tall = Math.round(Math.min(420, Math.max(190, room * 0.6)));
    const low = Math.round(Math.min(280, Math.max(130, room * 0.4)));
    this.charts.forEach((chart, i) => chart.resize(i < this.charts.length - 2 ? tall : low));
  };

  /** What stands above may come or fold late, which moves this part without changing it. */
  private watch(): void {
    if (this.watched || !this.observer) return;
    const host = (this.root.getRootNode() as ShadowRoot).host;
    this.watched = host?.closest('[data-testid="stVerticalBlock"]') ?? null;
    if (this.watched) this.observer.observe(this.watched);
  }

  private zoomed(): void {
    this.reset.hidden = this.feed.state.zoom === null;
    for (const chart of this.charts) chart.update();
  }

  update(changed: Set<keyof Message>): void {
    if (changed.has("steps") || changed.has("epochs") || changed.has("looks") || changed.has("events")) {
      for (const chart of this.charts) chart.update();
    }
    if (changed.has("events")) this.logged();
    if (changed.has("samples")) this.shown();
    if (changed.has("symptoms") || changed.has("status")) this.doctor.update();
    if (changed.has("steering") || changed.has("events") || changed.has("status")) this.steer.update();
    if (changed.has("checkpoints")) this.kept.update();
    const none = this.feed.state.samples.length === 0;
    this.sampleHead.hidden = this.samples.hidden = none;
  }

  private logged(): void {
    if (!this.feed.state.events.length) {
      this.log.replaceChildren(make("span", { class: "quiet" }, "Nothing yet."));
      return;
    }
    this.log.replaceChildren(...this.feed.state.events.flatMap((event) => [
      make("time", {}, clock(event.time)), make("span", {}, event.text, ...became(event)),
    ]));
    this.log.scrollTop = this.log.scrollHeight;
  }

  private shown(): void {
    this.samples.classList.toggle("told", this.feed.state.samples.every((sample) => !sample.image));
    const told = this.samples.classList.contains("told");
    this.samples.replaceChildren(...this.feed.state.samples.slice(0, told ? TOLD : undefined).map((sample) => {
      const sign = sample.right === null ? "" : sample.right ? "✓ " : "✕ ";
      const picture = sample.image ? [make("img", { src: sample.image, alt: sample.text })] : [make("div", { class: "row" }, sample.text)];
      return make("div", { title: sample.text }, ...picture,
        make("div", { class: sample.right === null ? "" : sample.right ? "right" : "wrong" }, `${sign}${sample.predicted}`),
        make("div", { class: "quiet" }, sample.right === true ? percent(sample.share) : `is ${sample.truth}`));
    }));
  }

  restyle(): void { for (const chart of this.charts) chart.restyle(this.look()); }

  destroy(): void {
    this.quit();
    this.observer?.disconnect();
    window.removeEventListener("resize", this.fit);
    for (const chart of this.charts) chart.destroy();
  }
}
