// The optimistic document of one project. It outlives remounts: Streamlit may unmount the component at any time.

import { apart, freed } from "./apart";
import { applyEdit, differing } from "./graph";
import { nesting } from "./modules";
import { share } from "./share";
import type { Doc, Edit, Failure, State } from "./types";

export type Reply =
  | { kind: "state"; state: State }
  | { kind: "stale"; state: State }
  | { kind: "refused"; failure: Failure; state: State | null }
  | { kind: "unreachable" };

/** How the session reaches Python; tests give their own. */
export interface Wire {
  open(): Promise<Reply>;
  since(stamp: string): Promise<Reply | null>;
  /** `key` tells Python what it has carried out already, where its answer was lost and the same is sent again. */
  edit(base: number, edits: Edit[], key: string): Promise<Reply>;
  undo(base: number, key: string): Promise<Reply>;
  redo(base: number, key: string): Promise<Reply>;
}

export type Saving = "saved" | "saving" | "unreachable";

export interface Notice {
  tone: "error" | "info";
  fact: string;
  remedy: string;
  /** Edits that were not applied and may be tried again. */
  again: Edit[];
}

/** Whether a notice may go by itself: nothing waits in it to be done again. */
export const passing = (notice: Notice): boolean => notice.again.length === 0;

/** What is to be sent; it has a key from its first sending on, and takes nothing in any more. */
type Work = ({ kind: "edits"; edits: Edit[] } | { kind: "undo" } | { kind: "redo" }) & { key?: string };

const fresh = (): string => Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("");

const RETRY = [300, 1000, 2000, 4000];

export class Session {
  state: State | null = null;
  doc: Doc | null = null;
  saving: Saving = "saved";
  savedAt = 0;
  notice: Notice | null = null;
  failure: Failure | null = null;
  /** The graphs that the last undo or redo changed, a new object each time. */
  turned: { graphs: string[] } | null = null;
  /** How many edits were refused: what they were to select is not there. */
  refusals = 0;

  private waiting: Work[] = [];
  private flight: Work | null = null;
  private failures = 0;
  private heard = 0; // answers that were taken in
  private listeners = new Set<() => void>();
  private version = 0;
  wire: Wire;

  constructor(wire: Wire) {
    this.wire = wire;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  snapshot = (): number => this.version;

  private changed(): void {
    this.version += 1;
    for (const listener of this.listeners) listener();
  }

  async open(): Promise<void> {
    const reply = await this.wire.open();
    if (reply.kind === "state") this.accept(reply.state);
    else if (reply.kind === "refused") this.failure = reply.failure;
    else this.saving = "unreachable";
    this.changed();
  }

  /** Ask whether another tab or finished work changed something; nothing is asked while an edit is under way. */
  async poll(): Promise<void> {
    if (!this.state) return this.open();
    if (this.flight || this.waiting.length) return;
    const heard = this.heard;
    const reply = await this.wire.since(this.state.stamp);
    if (this.flight || this.waiting.length || !reply || heard !== this.heard) return; // an edit was answered meanwhile: this is older
    if (reply.kind === "state" && reply.state.stamp !== this.state.stamp) {
      this.accept(reply.state);
      this.changed();
    }
  }

  apply(edit: Edit): void {
    if (!this.doc || !edit.steps.length) return;
    this.forget();
    const endless = nesting(this.doc, edit);
    if (endless) {
      this.refusals += 1;
      return this.tell({ tone: "error", fact: endless, remedy: "Use it in a graph, or in a module that it does not contain.", again: [] });
    }
    this.doc = applyEdit(this.doc, edit);
    const last = this.waiting.at(-1);
    if (last?.kind === "edits" && !last.key) last.edits = coalesce(last.edits, edit);
    else this.waiting.push({ kind: "edits", edits: [edit] });
    this.start();
  }

  undo(): void {
    this.forget();
    this.waiting.push({ kind: "undo" });
    this.start();
  }

  redo(): void {
    this.forget();
    this.waiting.push({ kind: "redo" });
    this.start();
  }

  dismiss(): void {
    this.notice = null;
    this.changed();
  }

  /** What was refused is of the past with the next edit, and where another graph is turned to. */
  forget(): void {
    if (this.notice && passing(this.notice)) this.dismiss();
  }

  tell(notice: Notice): void {
    this.notice = notice;
    this.changed();
  }

  /** Apply the edits that another tab's change displaced, on top of that change. */
  again(): void {
    const edits = this.notice?.again ?? [];
    this.notice = null;
    for (const edit of this.doc ? freed(this.doc, edits) : []) this.apply(edit);
    this.changed();
  }

  get busy(): boolean {
    return this.flight !== null || this.waiting.length > 0;
  }

  /** Whether Python has still to answer to a change of the graph: till then its proposals are about the graph before. */
  get unanswered(): boolean {
    const under = this.flight ? [this.flight, ...this.waiting] : this.waiting;
    return under.some((work) => work.kind !== "edits" || work.edits.some((edit) => edit.steps.some(([operation]) => operation !== "move")));
  }

  /** Apply a proposal, but not one about a graph that has changed since. */
  repair(edit: Edit): boolean {
    if (this.unanswered) return false;
    this.apply(edit);
    return true;
  }

  private start(): void {
    this.saving = this.saving === "unreachable" ? "unreachable" : "saving";
    this.changed();
    if (!this.flight) void this.pump();
  }

  private async pump(): Promise<void> {
    while (this.waiting.length && this.state) {
      const work = this.waiting.shift() as Work;
      this.flight = work;
      const reply = await this.send(work, this.state.revision);
      this.flight = null;
      if (reply.kind === "unreachable") {
        this.waiting.unshift(work);
        this.saving = "unreachable";
        this.changed();
        await new Promise((wake) => setTimeout(wake, RETRY[Math.min(this.failures, RETRY.length - 1)]));
        this.failures += 1;
        continue;
      }
      this.failures = 0;
      this.settle(work, reply);
      this.changed();
    }
  }

  private send(work: Work, base: number): Promise<Reply> {
    const key = (work.key ??= fresh());
    if (work.kind === "undo") return this.wire.undo(base, key);
    if (work.kind === "redo") return this.wire.redo(base, key);
    return this.wire.edit(base, work.edits, key);
  }

  private settle(work: Work, reply: Exclude<Reply, { kind: "unreachable" }>): void {
    if (reply.kind === "state") {
      const before = this.doc;
      this.accept(reply.state);
      if (work.kind !== "edits" && before && this.doc) this.turned = { graphs: differing(before, this.doc) };
      return;
    }
    const works = [work, ...this.waiting];
    const lost = works.flatMap((item) => (item.kind === "edits" ? item.edits : []));
    const follows = works.every((item) => item.kind === "edits") && this.state && reply.state && apart(this.state.document, reply.state.document, lost);
    if (reply.kind === "stale" && follows) { // the other change is of other nodes: both stand
      this.waiting = works;
      this.accept(reply.state);
      return;
    }
    this.waiting = [];
    if (reply.kind === "stale") {
      this.notice = {
        tone: "info",
        fact: "This project was changed in another tab or window. Yours now shows that change.",
        remedy: lost.length ? `Not applied: ${lost.map((edit) => edit.label).join(", ")}.` : "",
        again: lost,
      };
    } else {
      const { place, fact } = reply.failure;
      this.refusals += 1;
      this.notice = { tone: "error", fact: place && !fact.includes(place) ? `${place}: ${fact}` : fact, remedy: reply.failure.remedy, again: [] };
    }
    if (reply.state) this.accept(reply.state);
    else this.rebase();
  }

  private accept(state: State): void {
    this.heard += 1;
    this.state = share(this.state, state);
    this.failure = null;
    this.rebase();
    this.saving = this.waiting.length ? "saving" : "saved";
    if (!this.waiting.length) this.savedAt = Date.now();
  }

  private rebase(): void {
    if (!this.state) return;
    const edits = this.waiting.flatMap((work) => (work.kind === "edits" ? work.edits : []));
    this.doc = share(this.doc, edits.reduce(applyEdit, this.state.document));
  }
}

/** Join an edit to those that wait: values typed into one node and moves of one drag become one. */
export function coalesce(edits: Edit[], edit: Edit): Edit[] {
  const last = edits.at(-1);
  const [a, b] = [last?.steps[0], edit.steps[0]];
  const single = last && last.steps.length === 1 && edit.steps.length === 1 && last.graph === edit.graph;
  if (single && a && b && a[0] === b[0]) {
    if (a[0] === "set_params" && a[1].id === b[1].id && !a[1].remove && !b[1].remove) {
      const params = { ...(a[1].params as object), ...(b[1].params as object) };
      return [...edits.slice(0, -1), { ...edit, steps: [["set_params", { ...b[1], params }]] }];
    }
    if (a[0] === "move") {
      const positions = { ...(a[1].positions as object), ...(b[1].positions as object) };
      return [...edits.slice(0, -1), { ...edit, steps: [["move", { positions }]] }];
    }
  }
  return [...edits, edit];
}

const sessions = new Map<string, Session>();

/** The session of a project in this tab; the wire is renewed because a new visit brings a new token. */
export function sessionOf(project: string, wire: Wire): Session {
  const known = sessions.get(project);
  if (known) {
    known.wire = wire;
    return known;
  }
  const fresh = new Session(wire);
  sessions.set(project, fresh);
  return fresh;
}
