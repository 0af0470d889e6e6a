/** What the server sends about a run; the names are those of builder/ui/live/stream.py. */

export interface Failure {
  fact: string;
  place?: string;
  remedy?: string;
}

export interface Status {
  status: string;
  epoch: number;
  epochs: number;
  step: number;
  steps: number;
  seconds: number;
  samples_per_second: number | null;
  eta: number | null;
  message: string;
  error: Failure | null;
  node: string | null;
  device: string;
  memory: number | null;
  memory_total: number | null;
  load: number | null;
  /** Of a run in the queue: what it waits for. */
  waits?: string;
}

/** Columns of the step series; equal lengths. */
export interface Steps {
  reset: boolean;
  step: number[];
  loss: (number | null)[];
  lr: (number | null)[];
  grad_norm: (number | null)[];
  samples_per_second: (number | null)[];
  /** Of a step with several phases: the loss of each by its name. */
  phases?: Record<string, (number | null)[]>;
}

export type Epoch = Record<string, number | null>;

export interface RunEvent {
  kind: string;
  time: number;
  step: number;
  text: string;
  mark?: string;
  /** Of orders: whose row it is, and what became of it. */
  id?: string;
  state?: "waiting" | "applied" | "refused";
  note?: string;
}

/** A setting as builder/train/orders.py declares it, with what holds now. */
export interface Setting {
  name: string;
  title: string;
  help: string;
  kind: "number" | "count" | "switch" | "nodes";
  low: number;
  high: number | null;
  above: boolean;
  optional: boolean;
  value: unknown;
  /** Why this run cannot change it; empty where it can. */
  unfit: string;
}

export interface Steering {
  settings: Setting[];
  actions: { order: string; title: string; help: string }[];
  nodes: string[];
  /** Settings of what the network makes while it learns, with what holds now. */
  making?: Making[];
}

/** A setting of samples as the task declares it (builder/data/options.py). */
export interface Making {
  name: string;
  title: string;
  help: string;
  kind: "text" | "int" | "float";
  low: number | null;
  high: number | null;
  value: string | number | null;
}

/** A kept state. */
export interface Kept {
  name: string;
  epoch: number;
  step: number;
  loss: number | null;
  best: boolean;
}

/** What was made at one moment. */
export interface Moment {
  step: number;
  prompt?: string;
  text?: string;
  image?: string;
  count?: number;
}

/** Images of the data, beside those that were made. */
export interface Real { image: string; count: number }

export interface Health {
  node: string;
  [figure: string]: number | string | null;
}

export interface Sample {
  image: string | null;
  text: string;
  predicted: string;
  truth: string;
  share: number | null;
  right: boolean | null;
}

/** What the doctor proposes: an order to the live run, or something for a new one. */
export interface Change {
  label: string;
  why: string;
  order?: Record<string, unknown>;
  overrides?: Record<string, unknown>;
  edits?: unknown[];
}

/** A standing symptom; see builder/train/plan.py. */
export interface Symptom {
  kind: string;
  title: string;
  message: string;
  why: string;
  severity: "warning" | "error";
  step: number;
  node: string | null;
  nodes: string[];
  changes: Change[];
}

export interface Message {
  status?: Status;
  steps?: Steps;
  epochs?: Epoch[];
  /** Held-out figures in the middle of long epochs. */
  looks?: Epoch[];
  events?: RunEvent[];
  health?: Health[];
  samples?: Sample[];
  symptoms?: Symptom[];
  steering?: Steering;
  checkpoints?: Kept[];
  /** When something was made that can still be shown. */
  generated?: { at: number; step: number; epoch: number }[];
}

/** What Python hands to the component. */
export interface Props {
  part: "head" | "body" | "made";
  /** The run whose curves are laid over: the one that this was forked from. */
  beside: { run: string; title: string; step: number } | null;
  run: string;
  api: string;
  token: string;
  title: string;
  project: string;
  metric: string | null;
  lossNote: { text: string; title: string } | null;
  lossFalls: boolean;
  /** The phases of a step; more than one: each has a loss of its own. */
  phases: string[];
  /** The figure by which the best epoch is kept; only epochs after the step `since` are the run's own. */
  monitor: { name: string; higher: boolean; since: number };
  metricTitle: string;
  metricShare: boolean;
  metricDecades: boolean;
  higherIsBetter: boolean;
  theme: "light" | "dark";
  unit: string;
  /** By status: its word, its tone, and its sign as a line in a 16 × 16 box (builder/ui/signs.py). */
  signs: Record<string, { word: string; tone: string; path: string }>;
}
