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
}

/** Columns of the step series; equal lengths. */
export interface Steps {
  reset: boolean;
  step: number[];
  loss: (number | null)[];
  lr: (number | null)[];
  grad_norm: (number | null)[];
  samples_per_second: (number | null)[];
}

export type Epoch = Record<string, number | null>;

export interface RunEvent {
  kind: string;
  time: number;
  step: number;
  text: string;
  mark?: string;
}

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

export interface Message {
  status?: Status;
  steps?: Steps;
  epochs?: Epoch[];
  events?: RunEvent[];
  health?: Health[];
  samples?: Sample[];
}

/** What Python hands to the component. */
export interface Props {
  part: "head" | "body";
  run: string;
  api: string;
  token: string;
  title: string;
  project: string;
  metric: string | null;
  lossNote: { text: string; title: string } | null;
  metricTitle: string;
  higherIsBetter: boolean;
  theme: "light" | "dark";
  unit: string;
}
