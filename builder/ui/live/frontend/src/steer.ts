/** The panel for steering a run: drawn from what the server declares, each order followed to its end. */

import { make } from "./make";
import { over, type Feed } from "./store";
import type { Answer, Order } from "./doctor";
import type { Setting } from "./types";
import { figure, rate } from "./format";

/** A row of the panel: its control, and what it now says. */
interface Row { value: () => unknown; show: (value: unknown) => void; changed: () => boolean }

interface Given { id: string; said: HTMLElement; then?: (applied: boolean) => void }

/** What may be wrong with a number before it is sent; the run itself has the last word. */
export function wrong(setting: Setting, raw: string): string {
  if (raw === "" && setting.optional) return "";
  const value = Number(raw.replace("−", "-"));
  const whole = setting.kind === "count";
  const low = setting.above ? value > setting.low : value >= setting.low;
  const kind = whole ? "whole number" : "number";
  const range = setting.above ? `above ${setting.low}` : `of at least ${setting.low}`;
  if (raw === "" || !Number.isFinite(value) || !low || (whole && !Number.isInteger(value))) return `Give a ${kind} ${range}.`;
  if (setting.high !== null && value > setting.high) return `Give a ${kind} of at most ${setting.high.toLocaleString("en-US")}.`;
  return "";
}

export class Steer {
  readonly root = make("details", { class: "fold steer", "data-testid": "steer" });
  private body = make("div");
  private waiting: Given[] = [];
  private rows = new Map<string, Row>();
  private drawn = "";

  constructor(private readonly feed: Feed, private readonly act: Order) {
    this.root.append(make("summary", {}, make("h3", {}, "Steer this run"), make("span", {}, "from the next step on")), this.body);
  }

  update(): void {
    const { steering, status } = this.feed.state;
    this.root.hidden = !steering || steering.settings.length === 0 || over(status) || status?.status === "queued";
    if (!steering) return;
    const form = JSON.stringify([steering.settings.map(({ value: _, ...rest }) => rest), steering.actions, steering.nodes]);
    if (form !== this.drawn) {
      this.drawn = form;
      this.rows.clear();
      this.body.replaceChildren(
        ...steering.settings.filter((one) => one.name !== "lr").map((one) => this.field(one, steering.nodes)),
        this.actions(steering.actions));
    }
    for (const one of steering.settings) {
      const row = this.rows.get(one.name);
      if (row && !row.changed()) row.show(one.value);
    }
    this.follow();
  }

  /** Say of each order what became of it. */
  private follow(): void {
    this.waiting = this.waiting.filter((given) => {
      const found = this.feed.state.events.find((event) => event.id === given.id && event.state !== "waiting");
      if (!found) return true;
      const applied = found.state === "applied";
      given.said.className = `said ${applied ? "done" : "refused"}`;
      given.said.textContent = `${applied ? "✓ " : "✕ Refused: "}${found.note ?? ""}`;
      given.then?.(applied);
      return false;
    });
  }

  private async give(order: Record<string, unknown>, said: HTMLElement, then?: (applied: boolean) => void): Promise<void> {
    said.className = "said";
    said.textContent = "Ordered …";
    const answer: Answer = await this.act(order);
    if (answer.error || !answer.id) {
      said.className = "said refused";
      said.textContent = `✕ ${answer.error ?? "It was not taken."}`;
      then?.(false);
      return;
    }
    this.waiting.push({ id: answer.id, said, then });
    this.follow();
  }

  private field(setting: Setting, nodes: string[]): HTMLElement {
    const said = make("p", { class: "said", role: "status" });
    const set = make("button", { "data-testid": `steer-set-${setting.name}` }, "Set");
    const [control, row, check] = this.control(setting, nodes);
    this.rows.set(setting.name, row);
    const apply = () => {
      const problem = check();
      if (problem) { said.className = "said refused"; said.textContent = problem; return; }
      void this.give({ order: "set", [setting.name]: row.value() }, said, (applied) => { if (applied) row.show(row.value()); });
    };
    set.onclick = apply;
    control.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if ((event as KeyboardEvent).key === "Enter") { event.preventDefault(); apply(); }
    });
    const unfit = setting.unfit !== "";
    if (unfit) {
      set.disabled = true;
      control.querySelectorAll("input,select,button").forEach((one) => { (one as HTMLInputElement).disabled = true; });
      if (control instanceof HTMLInputElement || control instanceof HTMLSelectElement) control.disabled = true;
    }
    const title = setting.title[0]!.toUpperCase() + setting.title.slice(1);
    const wide = setting.kind === "nodes" ? " wide" : "";
    return make("div", { class: `setting${wide}`, "data-testid": `steer-${setting.name}` },
      make("div", { class: "line" }, make("b", {}, title), control, set),
      make("p", { class: "quiet note" }, unfit ? setting.unfit : setting.help), said);
  }

  private control(setting: Setting, nodes: string[]): [HTMLElement, Row, () => string] {
    if (setting.kind === "switch") return this.toggle(setting);
    if (setting.kind === "nodes") return this.chips(setting, nodes);
    const input = make("input", { type: "text", inputmode: "decimal", "aria-label": setting.title, placeholder: setting.optional ? "off" : "" });
    let typed = false;
    input.oninput = () => { typed = true; };
    const show = (value: unknown) => {
      typed = false;
      input.value = value === null || value === undefined ? "" : setting.kind === "count" ? String(value) : rate(Number(value)).replace("−", "-");
      input.removeAttribute("aria-invalid");
    };
    const value = () => (input.value.trim() === "" ? null : Number(input.value.trim().replace("−", "-")));
    const check = () => {
      const problem = wrong(setting, input.value.trim());
      input.setAttribute("aria-invalid", String(problem !== ""));
      return problem;
    };
    return [input, { value, show, changed: () => typed }, check];
  }

  private toggle(setting: Setting): [HTMLElement, Row, () => string] {
    const select = make("select", { "aria-label": setting.title }, make("option", { value: "on" }, "on"), make("option", { value: "off" }, "off"));
    let typed = false;
    select.onchange = () => { typed = true; };
    const show = (value: unknown) => { typed = false; select.value = value ? "on" : "off"; };
    return [select, { value: () => select.value === "on", show, changed: () => typed }, () => ""];
  }

  private chips(setting: Setting, nodes: string[]): [HTMLElement, Row, () => string] {
    let typed = false;
    const chips = nodes.map((node) => {
      const chip = make("button", { class: "chip", type: "button", "aria-pressed": "false" }, node);
      chip.onclick = () => { typed = true; chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true")); };
      return chip;
    });
    const on = () => chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.textContent ?? "");
    const patterns = (held: string[]) => (node: string) => held.some((one) => new RegExp(`^${one.replace(/[.+^${}()|\\]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, ".")}$`).test(node));
    const show = (value: unknown) => {
      typed = false;
      const meant = patterns(Array.isArray(value) ? (value as string[]) : []);
      for (const chip of chips) chip.setAttribute("aria-pressed", String(meant(chip.textContent ?? "")));
    };
    const box = make("div", { class: "chips", role: "group", "aria-label": setting.title }, ...chips);
    return [box, { value: on, show, changed: () => typed }, () => ""];
  }

  private actions(list: { order: string; title: string; help: string }[]): HTMLElement {
    const said = make("p", { class: "said", role: "status" });
    const buttons = list.map((one) => {
      const button = make("button", { title: one.help, "data-testid": `steer-${one.order}` }, one.title);
      button.onclick = () => void this.give({ order: one.order }, said);
      return button;
    });
    return make("div", { class: "setting" }, make("div", { class: "actions" }, ...buttons), said);
  }
}

/** The states that the run kept; a new run can go on from each. */
export class Kept {
  readonly root = make("details", { class: "fold kept", "data-testid": "kept" });
  private list = make("div", { class: "states" });

  constructor(private readonly feed: Feed, private readonly go: (where: string) => void) {
    this.root.append(make("summary", {}, make("h3", {}, "Kept states"), make("span", {}, "fork a new run from one")), this.list);
    this.root.addEventListener("toggle", () => this.update());
  }

  update(): void {
    const { checkpoints } = this.feed.state;
    this.root.hidden = checkpoints.length === 0;
    if (!(this.root as HTMLDetailsElement).open) return; // a run that keeps every epoch has many
    this.list.replaceChildren(...checkpoints.map((one) => {
      const fork = make("button", { "data-testid": `fork-${one.name}` }, "Fork from here");
      fork.onclick = () => this.go(`fork:${one.name}`);
      const loss = one.loss === null ? "" : `, loss ${figure(one.loss)}`;
      return make("div", { class: "state" },
        make("div", {}, make("b", {}, named(one)), make("div", { class: "quiet" }, `after epoch ${one.epoch}, step ${one.step.toLocaleString("en-US")}${loss}`)), fork);
    }));
  }
}

function named(one: { name: string; epoch: number; step: number }): string {
  if (one.name === "best") return "Best epoch";
  if (one.name === "last") return "Last state";
  if (one.name.startsWith("epoch-")) return `Epoch ${one.epoch}`;
  return `Kept by order at step ${one.step.toLocaleString("en-US")}`;
}
