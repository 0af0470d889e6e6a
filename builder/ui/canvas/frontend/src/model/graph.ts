// Pure edits of a graph, the browser's optimistic copy of builder/graph/edit.py.

import type { Doc, Edit, EdgePair, GraphSpec, Json, NodeSpec, Params, Point, Step } from "./types";

export interface Ends {
  source: string;
  sourcePort: string;
  target: string;
  targetPort: string;
}

export function ends(pair: EdgePair): Ends {
  const [source = "", sourcePort = ""] = pair[0].split(".");
  const [target = "", targetPort = ""] = pair[1].split(".");
  return { source, sourcePort, target, targetPort };
}

export function pairOf(source: string, target: string, sourcePort = "", targetPort = ""): EdgePair {
  return [
    sourcePort ? `${source}.${sourcePort}` : source,
    targetPort ? `${target}.${targetPort}` : target,
  ];
}

export const EMPTY: GraphSpec = { nodes: [], edges: [] };

export function graphOf(doc: Doc, key: string): GraphSpec {
  const found = key.startsWith("modules.") ? doc.modules[key.slice(8)] : doc.graphs[key];
  return found ?? EMPTY;
}

export function withGraph(doc: Doc, key: string, graph: GraphSpec): Doc {
  if (key.startsWith("modules."))
    return { ...doc, modules: { ...doc.modules, [key.slice(8)]: graph } };
  return { ...doc, graphs: { ...doc.graphs, [key]: graph } };
}

const SHORT: Record<string, string> = {
  BatchNorm: "bn", LayerNorm: "ln", GroupNorm: "gn", InstanceNorm: "norm", MaxPool: "pool", AvgPool: "pool",
  AdaptiveAvgPool: "pool", AdaptiveMaxPool: "pool", ConvTranspose: "deconv", Flatten: "flat", Dropout: "drop",
  Embedding: "embed", MultiheadAttention: "attention", TransformerEncoderLayer: "encoder",
  TransformerEncoder: "encoder", Output: "out", Input: "input",
};

/** The usual abbreviation of a layer's name: Conv2d → conv. */
export function shortName(layer: string): string {
  const base = layer.replace(/\d+d$/, "");
  return SHORT[base] ?? (base.toLowerCase().replace(/[^a-z0-9]/g, "").replace(/^\d+/, "").slice(0, 24) || "node");
}

/** "conv3": a short name for the layer with the first free number, as builder/graph/edit.py gives it. */
export function freshId(taken: ReadonlySet<string>, layer: string): string {
  const stem = shortName(layer);
  for (let number = 1; ; number += 1) if (!taken.has(`${stem}${number}`)) return `${stem}${number}`;
}

export function ids(graph: GraphSpec): Set<string> {
  return new Set(graph.nodes.map((node) => node.id));
}

type Args = Record<string, Json>;
const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");

function sameEdge(pair: EdgePair, args: Args): boolean {
  const end = ends(pair);
  return (
    end.source === text(args.source) &&
    end.target === text(args.target) &&
    end.sourcePort === text(args.source_port) &&
    end.targetPort === text(args.target_port)
  );
}

const OPERATIONS: Record<string, (graph: GraphSpec, args: Args) => GraphSpec> = {
  add_node(graph, args) {
    const id = text(args.id) || freshId(ids(graph), text(args.layer));
    if (ids(graph).has(id)) return graph;
    const node: NodeSpec = { id, layer: text(args.layer), params: (args.params as Params) ?? {} };
    return { ...graph, nodes: [...graph.nodes, node] };
  },
  remove(graph, args) {
    const gone = new Set(args.ids as string[]);
    const edges = args.heal ? [...gone].reduce(healed, graph.edges) : graph.edges;
    return {
      nodes: graph.nodes.filter((node) => !gone.has(node.id)),
      edges: edges.filter((pair) => !gone.has(ends(pair).source) && !gone.has(ends(pair).target)),
    };
  },
  connect(graph, args) {
    const known = ids(graph);
    if (!known.has(text(args.source)) || !known.has(text(args.target))) return graph;
    const pair = pairOf(text(args.source), text(args.target), text(args.source_port), text(args.target_port));
    if (graph.edges.some((edge) => sameEdge(edge, args))) return graph;
    return { ...graph, edges: [...graph.edges, pair] };
  },
  disconnect(graph, args) {
    return { ...graph, edges: graph.edges.filter((pair) => !sameEdge(pair, args)) };
  },
  insert_on_edge(graph, args) {
    const edge = args.edge as EdgePair;
    const at = graph.edges.findIndex((pair) => pair[0] === edge[0] && pair[1] === edge[1]);
    const id = text(args.id);
    if (at < 0 || !id) return graph;
    const grown = OPERATIONS.add_node!(graph, { layer: args.layer ?? "", id, params: args.params ?? {} });
    const port = (name: Json | undefined) => (text(name) ? `${id}.${text(name)}` : id);
    const edges = [...grown.edges];
    edges.splice(at, 1, [edge[0], port(args.input_port)], [port(args.output_port), edge[1]]);
    return { ...grown, edges };
  },
  set_params(graph, args) {
    const gone = new Set((args.remove as string[] | undefined) ?? []);
    return withNode(graph, text(args.id), (node) => {
      const params = Object.entries({ ...node.params, ...(args.params as Params) });
      return { ...node, params: Object.fromEntries(params.filter(([name]) => !gone.has(name))) };
    });
  },
  set_layer(graph, args) {
    return withNode(graph, text(args.id), (node) => ({
      ...node, layer: text(args.layer), params: (args.params as Params | null | undefined) ?? node.params,
    }));
  },
  rename(graph, args) {
    const [id, fresh] = [text(args.id), text(args.new)];
    const swap = (end: string) => {
      const [name, port] = end.split(".");
      return name === id ? (port ? `${fresh}.${port}` : fresh) : end;
    };
    return {
      nodes: graph.nodes.map((node) => (node.id === id ? { ...node, id: fresh } : node)),
      edges: graph.edges.map((pair) => [swap(pair[0]), swap(pair[1])]),
    };
  },
  replace(_graph, args) {
    return { nodes: args.nodes as unknown as NodeSpec[], edges: args.edges as unknown as EdgePair[] };
  },
};

function withNode(graph: GraphSpec, id: string, change: (node: NodeSpec) => NodeSpec): GraphSpec {
  return { ...graph, nodes: graph.nodes.map((node) => (node.id === id ? change(node) : node)) };
}

/** Edges with what a node had before it joined to what it had behind it. */
function healed(edges: EdgePair[], id: string): EdgePair[] {
  const into = edges.filter((pair) => ends(pair).target === id);
  const [before] = into;
  if (into.length !== 1 || !before) return edges;
  return edges.map((pair) => (ends(pair).source === id ? [before[0], pair[1]] : pair));
}

function moved(doc: Doc, graph: string, places: Record<string, Point | null>): Doc {
  const here = { ...doc.positions[graph] };
  for (const [id, point] of Object.entries(places)) {
    if (point === null) delete here[id];
    else here[id] = point;
  }
  return { ...doc, positions: { ...doc.positions, [graph]: here } };
}

const renamed = <T>(table: Record<string, T>, old: string, fresh: string): Record<string, T> =>
  Object.fromEntries(Object.entries(table).map(([key, value]) => [key === old ? fresh : key, value]));

/** Edits of the document as a whole. */
const WHOLE: Record<string, (doc: Doc, args: Args) => Doc> = {
  add_graph(doc, args) {
    const [name, nodes] = [text(args.name), args.nodes as unknown as NodeSpec[]];
    const graph = { nodes: nodes.map((node) => ({ ...node, params: node.params ?? {} })), edges: args.edges as unknown as EdgePair[] };
    return withGraph(doc, args.module ? `modules.${name}` : name, graph);
  },
  remove_graph(doc, args) {
    const name = text(args.name);
    const without = <T>(table: Record<string, T>, gone: string) => Object.fromEntries(Object.entries(table).filter(([key]) => key !== gone));
    const positions = without(doc.positions, name);
    return name.startsWith("modules.") ? { ...doc, modules: without(doc.modules, name.slice(8)), positions } : { ...doc, graphs: without(doc.graphs, name), positions };
  },
  rename_graph(doc, args) {
    const [name, fresh] = [text(args.name), text(args.new)];
    if (fresh in doc.graphs) return doc;
    return { ...doc, graphs: renamed(doc.graphs, name, fresh), positions: renamed(doc.positions, name, fresh) };
  },
};

function applyStep(doc: Doc, graph: string, [operation, args]: Step): Doc {
  const whole = WHOLE[operation];
  if (whole) return whole(doc, args);
  if (operation === "modules") return { ...doc, modules: { ...(args.modules as unknown as Doc["modules"]), ...doc.modules } };
  if (operation === "move") return moved(doc, graph, args.positions as unknown as Record<string, Point | null>);
  const apply = OPERATIONS[operation];
  if (!apply) return doc; // known to Python alone: its answer brings it
  const next = withGraph(doc, graph, apply(graphOf(doc, graph), args));
  if (operation !== "rename") return next;
  const { [text(args.id)]: old, ...rest } = next.positions[graph] ?? {};
  return old ? { ...next, positions: { ...next.positions, [graph]: { ...rest, [text(args.new)]: old } } } : next;
}

/** The document after an edit, as the browser expects Python to make it. */
export function applyEdit(doc: Doc, edit: Edit): Doc {
  return edit.steps.reduce((current, step) => applyStep(current, edit.graph, step), doc);
}

/** The graphs that differ between two documents; a module as "modules.Block". */
export function differing(before: Doc, after: Doc): string[] {
  const same = (a: unknown, b: unknown) => a === b || JSON.stringify(a ?? {}) === JSON.stringify(b ?? {});
  const keys = (doc: Doc) => [...Object.keys(doc.graphs), ...Object.keys(doc.modules).map((name) => `modules.${name}`)];
  const at = (doc: Doc, key: string) => (key.startsWith("modules.") ? doc.modules[key.slice(8)] : doc.graphs[key]);
  return [...new Set([...keys(before), ...keys(after)])].filter(
    (key) => !same(at(before, key), at(after, key)) || !same(before.positions[key], after.positions[key]),
  );
}
