/** What a network makes while it learns: the latest, and by a slider every earlier moment that is kept. */

import { make } from "./make";
import { over, type Feed, type State } from "./store";
import type { Order } from "./doctor";
import type { Making, Message, Moment, Props } from "./types";
import { count } from "./format";

export class Made {
  readonly root = make("section", { class: "made", "data-testid": "made" });
  private note = make("span");
  private slider = make("input", { type: "range", min: "0", max: "0", value: "0", "aria-label": "Moment of the training", "data-testid": "made-slider" });
  private best = make("button", { hidden: "", "data-testid": "made-best" }, "Best epoch");
  private place = make("div", { class: "made-body" });
  private held: number | null = null;
  private shown = -1;

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
    this.root.append(make("header", {}, make("h3", {}, "What it makes"), this.note, make("span", { class: "space" }), this.best, this.slider), this.place, this.form);
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
      this.form.replaceChildren(...boxes, make("button", { type: "submit", title: "Made at the next step; what is learnt stays the same.", "data-testid": "made-now" }, "Make now"), this.said);
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
    this.slider.hidden = many < 2;
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
    this.note.textContent = `step ${count(moment.step)}, after epoch ${moment.epoch}, ${which}${best}${renewed}`;
    if (moment.at === this.shown) return;
    this.shown = moment.at;
    const found = await this.fetch(moment);
    if (found && this.shown === moment.at) this.place.replaceChildren(...content(found));
  }

  private async fetch(moment: { at: number }): Promise<Moment | null> {
    try {
      const answer = await fetch(`${this.props.api}/${this.props.run}/made/${moment.at}`, { headers: { "X-Lamina-Token": this.props.token } });
      return answer.ok ? ((await answer.json()) as Moment) : null;
    } catch {
      this.shown = -1; // tried again with the next news
      return null;
    }
  }

  restyle(): void { /* colours come from CSS */ }
  destroy(): void { /* nothing outside the root */ }
}

/** A text with what it was given in bold, a sheet of images with sharp pixels. */
export function content(found: Moment): HTMLElement[] {
  const parts: HTMLElement[] = [];
  if (found.text !== undefined) {
    const begun = found.prompt ? [make("b", {}, found.prompt)] : [];
    parts.push(make("div", { class: "made-text", "data-testid": "made-text" }, ...begun, found.text));
  }
  if (found.image !== undefined) {
    parts.push(make("img", { src: found.image, alt: `${found.count ?? 0} images that the network made`, "data-testid": "made-images" }));
  }
  return parts;
}
