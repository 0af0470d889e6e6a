/** What a network makes while it learns: the latest, and by a slider every earlier moment that is kept. */

import { make } from "./make";
import { over, type Feed, type State } from "./store";
import type { Order } from "./doctor";
import type { Making, Message, Moment, Props, Real } from "./types";
import { count, figure } from "./format";

/** Images in a line, and the pixels that one of them is wide at most. */
const COLUMNS = 16;
const LARGEST = 64;

export class Made {
  readonly root = make("section", { class: "made", "data-testid": "made" });
  private note = make("span");
  private slider = make("input", { type: "range", min: "0", max: "0", value: "0", "aria-label": "Moment of the training", "data-testid": "made-slider" });
  private moment = make("label", {}, "Moment", this.slider);
  private best = make("button", { hidden: "", "data-testid": "made-best" }, "Best epoch");
  private place = make("div", { class: "made-body" });
  private tall = 0;
  private held: number | null = null;
  private shown = -1;
  private real: Promise<Real | null> = Promise.resolve(null);
  private asked = 0;

  private form = make("form", { class: "made-form", hidden: "", "data-testid": "made-form" });
  private said = make("span", { class: "said", role: "status" });
  private fields = new Map<string, HTMLInputElement>();
  private typed = new Set<string>();

  constructor(private readonly props: Props, private readonly feed: Feed, private readonly act: Order) {
    this.form.onsubmit = (event) => { event.preventDefault(); void this.ask(); };
    this.slider.oninput = () => {
      const at = Number(this.slider.value);
      this.held = at === this.moments.length - 1 ? null : at;
      void this.draw();
    };
    this.best.onclick = () => {
      this.held = this.bestAt();
      this.slider.value = String(this.held);
      void this.draw();
    };
    this.root.append(make("header", {}, make("h3", {}, "What it makes"), this.note, make("span", { class: "space" }), this.best, this.moment), this.place, this.form);
  }

  /** The task's settings, as they hold now; what somebody types is left alone. */
  private settings(): void {
    const { steering, status } = this.feed.state;
    const making = steering?.making ?? [];
    const waits = !status || ["queued", "preparing"].includes(status.status);
    this.form.hidden = making.length === 0 || waits || over(status);
    if (making.length !== this.fields.size) {
      this.fields.clear();
      const boxes = making.map((one) => this.field(one));
      this.form.replaceChildren(...boxes, make("button", { type: "submit", title: "Made at the next step; what is learnt stays the same.", "data-testid": "made-now" }, "Make now"), this.said, helps(making));
    }
    for (const one of making) {
      const box = this.fields.get(one.name);
      if (box && !this.typed.has(one.name)) box.value = String(one.value ?? "");
    }
  }

  private field(one: Making): HTMLElement {
    const box = make("input", one.kind === "text" ? { type: "text", class: "wide", placeholder: "begins anew" } : { type: "text", inputmode: "decimal" });
    box.dataset.testid = `made-${one.name}`;
    box.oninput = () => { this.typed.add(one.name); };
    box.onkeydown = (event) => event.stopPropagation();
    this.fields.set(one.name, box);
    return make("label", { title: one.help }, one.title, box);
  }

  /** Have something made with what stands in the form. */
  private async ask(): Promise<void> {
    const settings: Record<string, string | number> = {};
    for (const one of this.feed.state.steering?.making ?? []) {
      const raw = this.fields.get(one.name)?.value ?? "";
      const value = one.kind === "text" ? raw : Number(raw.replace("−", "-"));
      const wrong = typeof value === "number" && (raw.trim() === "" || !Number.isFinite(value)
        || (one.kind === "int" && !Number.isInteger(value)) || (one.low !== null && value < one.low) || (one.high !== null && value > one.high));
      if (wrong) {
        const range = [one.low !== null ? `from ${one.low}` : "", one.high !== null ? `up to ${one.high}` : ""].filter(Boolean).join(" ");
        this.said.textContent = `${one.title}: a ${one.kind === "int" ? "whole number" : "number"} ${range}.`;
        return;
      }
      if (value !== one.value) settings[one.name] = value;
    }
    this.held = null;
    this.said.textContent = "Ordered …";
    const answer = await this.act({ order: "sample", settings });
    this.said.textContent = answer.error ?? "";
    if (!answer.error) this.typed.clear();
  }

  private get moments(): State["generated"] { return this.feed.state.generated; }

  /** Place of what was made at the end of the best epoch so far; -1 where that is not kept. */
  private bestAt(): number {
    const step = this.feed.state.epochs.filter((one) => one.best).at(-1)?.step;
    return this.moments.findIndex((one) => one.step === step);
  }

  update(changed: Set<keyof Message>): void {
    if (changed.has("steering") || changed.has("status")) this.settings();
    if (!changed.has("generated") && !changed.has("status") && !changed.has("epochs")) return;
    this.best.hidden = this.moments.length < 2 || this.bestAt() < 0;
    const many = this.moments.length;
    this.moment.hidden = many < 2;
    this.slider.max = String(Math.max(0, many - 1));
    if (this.held === null) this.slider.value = this.slider.max;
    if (many === 0) {
      this.note.textContent = "";
      const words = over(this.feed.state.status) ? "It made nothing." : "The first comes after some seconds.";
      this.place.replaceChildren(make("p", { class: "quiet" }, words));
      return;
    }
    void this.draw();
  }

  private async draw(): Promise<void> {
    const moment = this.moments[this.held ?? this.moments.length - 1];
    if (!moment) return;
    const latest = this.held === null;
    const renewed = latest && !over(this.feed.state.status) ? ", renewed while it trains" : "";
    const which = latest ? "the latest" : `${(this.held ?? 0) + 1} of ${this.moments.length}`;
    const best = moment === this.moments[this.bestAt()] ? ", the best epoch" : "";
    this.note.textContent = `step ${count(moment.step)}, after epoch ${moment.epoch}, ${which}${best}${renewed}${this.measured(moment.step)}`;
    if (moment.at === this.shown) return;
    this.shown = moment.at;
    const found = await this.fetch<Moment>(`made/${moment.at}`);
    const real = found?.image === undefined ? null : await this.compare(found.count ?? 1);
    if (found && this.shown === moment.at) {
      this.place.replaceChildren(...content(found, real));
      // as tall as the longest text so far, so that the curves below stay where they are
      this.tall = Math.max(this.tall, found.text === undefined ? 0 : this.place.offsetHeight);
      this.place.style.minHeight = `${this.tall}px`;
    }
    if (!found) this.shown = -1; // tried again with the next news
  }

  /** How good what was made at the end of an epoch is, by the figure that the run is watched by. */
  private measured(step: number): string {
    const { metric, metricTitle } = this.props;
    const epoch = metric ? this.feed.state.epochs.find((one) => one.step === step) : undefined;
    const value = epoch?.[`validation_${metric}`];
    return typeof value === "number" ? `; ${metricTitle} ${figure(value)}` : "";
  }

  /** As many images of the data as were made; asked for once where there are none. */
  private compare(many: number): Promise<Real | null> {
    if (this.asked !== many) this.real = this.fetch<Real>(`real/${many}`);
    this.asked = many;
    return this.real;
  }

  private async fetch<T>(what: string): Promise<T | null> {
    try {
      const answer = await fetch(`${this.props.api}/${this.props.run}/${what}`, { headers: { "X-Lamina-Token": this.props.token } });
      return answer.ok ? ((await answer.json()) as T) : null;
    } catch {
      return null;
    }
  }

  restyle(): void { /* colours come from CSS */ }
  destroy(): void { /* nothing outside the root */ }
}

/** What each number of the form does, in a sentence. */
function helps(making: Making[]): HTMLElement {
  const told = making.filter((one) => one.kind !== "text" && one.help);
  return make("p", { class: "made-help", "data-testid": "made-help" }, ...told.map((one) => make("span", {}, make("b", {}, one.title), ` ${one.help}`)));
}

/** A text with what it was given in bold, a sheet of images with sharp pixels beside images of the data. */
export function content(found: Moment, real: Real | null = null): HTMLElement[] {
  const parts: HTMLElement[] = [];
  if (found.text !== undefined) {
    const begun = found.prompt ? [make("b", {}, found.prompt)] : [];
    parts.push(make("div", { class: "made-text", "data-testid": "made-text" }, ...begun, found.text));
  }
  if (found.image !== undefined) {
    const sheets = [sheet("Made", found.image, found.count ?? 0, "images that the network made", "made-images")];
    if (real) sheets.push(sheet("From the data", real.image, real.count, "images of the training data", "made-real"));
    parts.push(make("div", { class: "made-sheets" }, ...sheets));
  }
  return parts;
}

function sheet(title: string, image: string, many: number, what: string, name: string): HTMLElement {
  const wide = `max-width:${Math.min(many, COLUMNS) * LARGEST}px`;
  return make("figure", {}, make("figcaption", {}, title), make("img", { src: image, alt: `${many} ${what}`, style: wide, "data-testid": name }));
}
