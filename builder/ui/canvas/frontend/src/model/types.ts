// What travels between Python (builder/ui/canvas/wire.py) and the browser.

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type Params = Record<string, Json>;
export type Shape = number[];

export interface NodeSpec {
  id: string;
  layer: string;
  params: Params;
}

/** `["a", "b"]` or `["a.port", "b.port"]`, as in the project file. */
export type EdgePair = [string, string];

export interface GraphSpec {
  nodes: NodeSpec[];
  edges: EdgePair[];
}

export interface Point {
  x: number;
  y: number;
}

/** Positions by graph, then by node; a graph is named "model" or "modules.Block". */
export type Positions = Record<string, Record<string, Point>>;

export interface Doc {
  graphs: Record<string, GraphSpec>;
  modules: Record<string, GraphSpec>;
  positions: Positions;
}

export type Family = "io" | "conv" | "norm" | "act" | "pool" | "linear" | "merge" | "seq";

export type Kind =
  | "int"
  | "float"
  | "bool"
  | "choice"
  | "ints"
  | "size"
  | "text"
  | "optional_int"
  | "optional_float";

export interface ParamFace {
  name: string;
  kind: Kind;
  required: boolean;
  default: Json;
  start: Json;
  help: string;
  low: number | null;
  high: number | null;
  choices: string[];
  inferred: boolean;
}

export interface PortFace {
  name: string;
  many: boolean;
  optional: boolean;
}

export interface LayerFace {
  name: string;
  family: Family;
  help: string;
  params: ParamFace[];
  inputs: PortFace[];
  outputs: PortFace[];
  docs: string;
  keywords: string[];
  lamina: boolean;
  module?: boolean;
}

export interface Catalogue {
  families: { key: Family; title: string }[];
  layers: Record<string, LayerFace>;
}

export interface Info {
  inputs: Shape[];
  outputs: Shape[];
  parameters: number;
  macs: number;
  assumed: boolean;
  derivation: string;
  inferred: Record<string, Json>;
}

export interface Fix {
  label: string;
  why: string;
  price: string;
  edits: [string, Record<string, Json>][];
}

export interface Issue {
  node: string | null;
  code: string;
  severity: "error" | "warning";
  title: string;
  message: string;
  table: { label: string; shape: Shape }[];
  axes: string[];
  differing: number[];
  fixes: Fix[];
  /** The module in which the node is, "modules.Block", where it is in one. */
  graph?: string;
}

export interface Check {
  nodes: Record<string, Info>;
  issues: Issue[];
  parameters: number;
  macs: number;
  memory: number;
  ok: boolean;
  /** Output ports by node, where settings decide how many there are (Split). */
  ports: Record<string, PortFace[]>;
}

export interface SourceText {
  text: string;
  /** Line number (from 1) → node, or "Module/node". */
  lines: Record<string, string>;
  revision: number;
  /** Errors stand in the way: the text is what the best repairs would give. */
  repaired: boolean;
  /** Why there is no text ("" when there is). */
  trouble: string;
}

/** What the task wants of the project's graphs. */
export interface Wants {
  /** Why a graph must stay under its name, by graph. */
  held: Record<string, string>;
  /** Graphs that the task does not train. */
  idle: string[];
  /** Why there can be no further graph ("" where there can). */
  closed: string;
}

/** Everything that Python says about a project's graphs at one revision. */
export interface State {
  stamp: string;
  revision: number;
  name: string;
  document: Doc;
  /** By graph; a module that nothing uses has a check of its own, "modules.Block". */
  checks: Record<string, Check>;
  wants: Wants;
  /** Nodes, or patterns of their names, that the recipe means in `freeze` and `rates`. */
  patterns: string[];
  undo: boolean;
  redo: boolean;
  batch: number;
  /** Whether the project names any data. */
  data: boolean;
  /** What is still under way, such as reading the data ("" when nothing is). */
  busy: string;
  /** Why the data gives no shapes ("" when it does). */
  trouble: string;
}

export type Step = [operation: string, args: Record<string, Json>];

/** One thing that a person did: its steps are applied together and undone together. */
export interface Edit {
  graph: string;
  label: string;
  steps: Step[];
}

export interface Failure {
  fact: string;
  place: string;
  remedy: string;
  code: string;
}
