/** What is known of a run, kept outside the element because Streamlit may remount it at any time. */

import { smoothed } from "./smooth";
import type { Epoch, Health, Kept, Message, RunEvent, Sample, Status, Steering, Symptom } from "./types";

export interface Phase {
  raw: (number | null)[];
  smooth: (number | null)[];
}

export interface State {
  status: Status | null;
  step: number[];
  loss: (number | null)[];
  smooth: (number | null)[];
  /** Of a step with several phases: the loss of each by its name. */
  phases: Record<string, Phase>;
  lr: (number | null)[];
  gradNorm: (number | null)[];
  speed: (number | null)[];
  epochs: Epoch[];
  looks: Epoch[];
  events: RunEvent[];
  health: Health[];
  samples: Sample[];
  symptoms: Symptom[];
  steering: Steering | null;
  checkpoints: Kept[];
  generated: NonNullable<Message["generated"]>;
  zoom: [number, number] | null;
  offline: boolean;
}

/** Beyond this many points the series is asked for anew, thinned out by the server. */
export const MOST_POINTS = 12_000;

export function empty(): State {
  return {
    status: null, step: [], loss: [], smooth: [], phases: {}, lr: [], gradNorm: [], speed: [],
    epochs: [], looks: [], events: [], health: [], samples: [], symptoms: [], steering: null, checkpoints: [], generated: [], zoom: null, offline: false,
  };
}

function extend(state: State, message: NonNullable<Message["steps"]>): void {
  if (message.reset) {
    state.step = []; state.loss = []; state.smooth = [];
    state.lr = []; state.gradNorm = []; state.speed = []; state.phases = {};
  }
  const last = state.step.at(-1) ?? -1;
  message.step.forEach((step, i) => {
    if (step <= last) return;
    const loss = message.loss[i] ?? null;
    state.step.push(step);
    state.loss.push(loss);
    for (const [name, values] of Object.entries(message.phases ?? {})) {
      const phase = (state.phases[name] ??= { raw: [], smooth: [] });
      phase.raw.push(values[i] ?? null);
    }
    state.lr.push(message.lr[i] ?? null);
    state.gradNorm.push(message.grad_norm[i] ?? null);
    state.speed.push(message.samples_per_second[i] ?? null);
  });
  smoothed(state.loss, state.smooth);
  for (const phase of Object.values(state.phases)) smoothed(phase.raw, phase.smooth);
}

/** Fold a message into the state; returns the names of what changed. */
export function merge(state: State, message: Message): Set<keyof Message> {
  const changed = new Set<keyof Message>();
  if (message.status) { state.status = message.status; changed.add("status"); }
  if (message.steps && (message.steps.reset || message.steps.step.length)) {
    extend(state, message.steps);
    changed.add("steps");
  }
  if (message.epochs) { state.epochs = message.epochs; changed.add("epochs"); }
  if (message.looks) { state.looks = message.looks; changed.add("looks"); }
  if (message.events) { state.events = message.events; changed.add("events"); }
  if (message.health) { state.health = message.health; changed.add("health"); }
  if (message.samples) { state.samples = message.samples; changed.add("samples"); }
  if (message.symptoms) { state.symptoms = message.symptoms; changed.add("symptoms"); }
  if (message.steering) { state.steering = message.steering; changed.add("steering"); }
  if (message.checkpoints) { state.checkpoints = message.checkpoints; changed.add("checkpoints"); }
  if (message.generated) { state.generated = message.generated; changed.add("generated"); }
  return changed;
}

/** The epoch with the best monitored figure: index into `epochs`, or -1. */
export function best(epochs: Epoch[], name: string, higher: boolean): number {
  let found = -1;
  epochs.forEach((epoch, i) => {
    const value = epoch[name];
    if (value === null || value === undefined) return;
    const held = found < 0 ? null : (epochs[found]?.[name] as number);
    if (held === null || (higher ? value > held : value < held)) found = i;
  });
  return found;
}

/** Whether the run will not move again by itself. */
export function over(status: Status | null): boolean {
  return status !== null && ["finished", "stopped", "failed"].includes(status.status);
}

type Listener = (changed: Set<keyof Message>) => void;

/** One connection and one state per run, shared by the parts of the page. */
export class Feed {
  readonly state = empty();
  private listeners = new Set<Listener>();
  private source: EventSource | null = null;

  constructor(private readonly address: () => string) {}

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    this.open();
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.close();
    };
  }

  /** Take in a message; a long series is fetched again in thinned form. */
  receive(message: Message): void {
    const changed = merge(this.state, message);
    this.tell(changed);
    if (this.state.step.length > MOST_POINTS) this.reopen();
  }

  reopen(): void {
    this.close();
    this.open();
  }

  private open(): void {
    if (this.source || typeof EventSource === "undefined") return;
    const source = new EventSource(this.address());
    this.source = source;
    source.onmessage = (event) => {
      this.state.offline = false;
      const message = JSON.parse(event.data as string) as Message;
      this.receive(message);
      if (over(this.state.status)) this.close();
    };
    source.onerror = () => {
      if (over(this.state.status)) return;
      this.state.offline = true;
      this.tell(new Set(["status"]));
      if (source.readyState === EventSource.CLOSED && this.source === source) {
        this.source = null;
        setTimeout(() => this.listeners.size && this.open(), 2000);
      }
    };
  }

  private close(): void {
    this.source?.close();
    this.source = null;
  }

  private tell(changed: Set<keyof Message>): void {
    for (const listener of this.listeners) listener(changed);
  }
}

const feeds = new Map<string, Feed>();

/** The feed of a run; made on first use, kept while the page lives. */
export function feedOf(run: string, address: () => string): Feed {
  let feed = feeds.get(run);
  if (!feed) {
    feed = new Feed(address);
    feeds.set(run, feed);
  }
  return feed;
}
