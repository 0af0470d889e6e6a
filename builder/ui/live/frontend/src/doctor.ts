/** The doctor's card: what is wrong, where, why, and what to do about it at one click. */

import { make } from "./make";
import { over, type Feed } from "./store";
import type { Change, Symptom } from "./types";

/** What the server says to an order: its id, or a sentence where it was refused. */
export interface Answer { id?: string; error?: string }
/** Sends an order to the run. */
export type Order = (order: Record<string, unknown>) => Promise<Answer>;
/** Begins a new run with a symptom's change; gives its id, or a sentence where it cannot be. */
export type Treat = (kind: string, change: number) => Promise<{ run?: string; error?: string }>;

const NS = "http://www.w3.org/2000/svg";
const WARNING = "M8 2 14.6 13.5H1.4ZM8 6.4v3.4M8 11.4v.4";

/** A sign as a picture, of its line in a 16 × 16 box. */
export function drawn(line: string): SVGSVGElement {
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(NS, "path");
  path.setAttribute("d", line);
  svg.append(path);
  return svg;
}

/** Symptoms that somebody has put away; they come back when they appear anew. */
const dismissed = new Map<string, Set<string>>();

export class Doctor {
  readonly root = make("div", { class: "doctor", "data-testid": "doctor", "aria-live": "polite" });
  private drawn = "";

  constructor(
    private readonly run: string, private readonly feed: Feed, private readonly act: Order,
    private readonly treat: Treat, private readonly go: (where: string) => void,
  ) {}

  /** Draw what stands; nothing moves while it stays the same. */
  update(): void {
    const gone = dismissed.get(this.run) ?? new Set();
    const all = this.feed.state.symptoms;
    for (const kind of gone) if (!all.some((symptom) => symptom.kind === kind)) gone.delete(kind);
    // what can be mended first: a symptom without a change follows from another
    const shown = all.filter((symptom) => !gone.has(symptom.kind))
      .sort((a, b) => Number(b.changes.length > 0) - Number(a.changes.length > 0));
    const live = !over(this.feed.state.status);
    const key = JSON.stringify([shown, live]);
    if (key === this.drawn) return;
    this.drawn = key;
    this.root.hidden = shown.length === 0;
    this.root.replaceChildren(...shown.map((symptom, at) => this.card(symptom, live, at === 0)));
  }

  private card(symptom: Symptom, live: boolean, first: boolean): HTMLElement {
    const said = make("p", { class: "said", role: "alert" });
    const buttons = symptom.changes.map((change, at) => this.button(symptom, change, at, live, first && at === 0, said));
    const away = make("button", { class: "plain" }, "Dismiss");
    away.onclick = () => {
      const kinds = dismissed.get(this.run) ?? new Set<string>();
      dismissed.set(this.run, kinds.add(symptom.kind));
      this.update();
    };
    const place = symptom.node ? [make("code", {}, symptom.node)] : [];
    const head = make("summary", {}, drawn(WARNING), make("h3", {}, symptom.title), ...place);
    const possible = symptom.changes.filter((change) => (change.order && live) || change.overrides || change.edits);
    const fresh = possible.some((change) => !(change.order && live));
    const note = !fresh ? "Applies at the next step." : live ? "A new run begins beside this one, which is kept." : "A new run begins; this one is kept.";
    const card = make("details", { class: `symptom ${symptom.severity}`, "data-testid": `symptom-${symptom.kind}` }, head,
      make("p", {}, symptom.message), make("p", { class: "why" }, symptom.why),
      make("div", { class: "changes" }, ...buttons, away), said);
    if (possible.length) card.append(make("p", { class: "quiet note" }, note));
    card.open = first;
    return card;
  }

  private button(symptom: Symptom, change: Change, at: number, live: boolean, first: boolean, said: HTMLElement): HTMLElement {
    const order = live ? change.order : undefined;
    if (!order && !change.overrides && !change.edits) return make("span");
    const label = order ? change.label : `New run: ${change.label}`;
    const button = make("button", { title: change.why, "data-testid": `change-${symptom.kind}-${at}` }, label);
    if (first && live) button.className = "primary";
    button.onclick = async () => {
      button.disabled = true;
      said.textContent = "";
      if (order) {
        const answer = await this.act(order);
        said.classList.toggle("done", !answer.error);
        said.textContent = answer.error ?? "Ordered; it is applied at the next step, and the card goes when it has helped.";
        button.disabled = false;
        return;
      }
      const found = await this.treat(symptom.kind, at);
      if (found.run) this.go(`run:${found.run}`);
      else { said.textContent = found.error ?? "It could not be done."; button.disabled = false; }
    };
    return button;
  }
}
