// Copy and paste, also between tabs and projects: the clipboard holds JSON.

import type { Result } from "./actions";
import { ends, graphOf } from "./graph";
import { byGraph, home, pinned, takenIn } from "./lookup";
import type { Scene, View } from "./scene";
import { HEIGHT, WIDTH } from "./stacks";
import type { Doc, EdgePair, GraphSpec, Json, NodeSpec, Point, Step } from "./types";

export interface Clip {
  lamina: "nodes";
  nodes: NodeSpec[];
  edges: EdgePair[];
  positions: Record<string, Point>;
  /** The modules that these nodes use, and those inside of them; inner ones first. */
  modules: Record<string, GraphSpec>;
}

export function copied(view: View, scene: Scene, keys: Iterable<string>): Clip | null {
  const [first] = byGraph(scene, keys);
  if (!first) return null;
  const [graph, items] = first;
  const chosen = new Set(items.map((item) => item.node.id));
  return {
    lamina: "nodes",
    nodes: items.map((item) => item.node),
    edges: graphOf(view.doc, graph).edges.filter((pair) => chosen.has(ends(pair).source) && chosen.has(ends(pair).target)),
    modules: used(view.doc, items.map((item) => item.node.layer)),
    positions: Object.fromEntries(items.filter((item) => item.head === item.key).map((item) => [item.node.id, home(item)])),
  };
}

function used(doc: Doc, layers: readonly string[], found: Record<string, GraphSpec> = {}, open: readonly string[] = []): Record<string, GraphSpec> {
  for (const layer of layers) {
    const inner = doc.modules[layer];
    if (!inner || found[layer] || open.includes(layer)) continue;
    used(doc, inner.nodes.map((node) => node.layer), found, [...open, layer]);
    found[layer] = inner;
  }
  return found;
}

const isName = (value: unknown): value is string => typeof value === "string" && /^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(value);
const isEnd = (value: unknown): boolean => typeof value === "string" && value.split(".").length <= 2 && value.split(".").every(isName);

function isGraph(raw: unknown): raw is GraphSpec {
  const { nodes, edges } = (raw ?? {}) as Partial<GraphSpec>;
  const known = Array.isArray(nodes) && nodes.every((node) => isName(node?.id) && typeof node.layer === "string" && node.params !== null && typeof node.params === "object");
  return known && Array.isArray(edges) && edges.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isEnd));
}

/** What the clipboard holds, or null where it is not from Lamina. */
export function readClip(content: string): Clip | null {
  if (content.length > 2_000_000 || !content.includes('"lamina"')) return null;
  try {
    const clip = JSON.parse(content) as Partial<Clip>;
    const modules = clip.modules ?? {};
    const good = Object.entries(modules).every(([name, inner]) => isName(name) && isGraph(inner));
    const { lamina, nodes, edges, positions = {} } = clip;
    const whole = { nodes, edges };
    return lamina === "nodes" && isGraph(whole) && good ? { lamina, ...whole, positions, modules } : null;
  } catch {
    return null;
  }
}

/** The nodes of the clipboard with new names, moved so far, else a little and on until they cover nothing. */
export function paste(view: View, scene: Scene, clip: Clip, by?: Point): Result {
  const offset = by ?? clearOf(scene, Object.values(clip.positions));
  const taken = takenIn(view, view.graph);
  const names = new Map<string, string>();
  const { fresh: modules, called } = brought(view, clip.modules);
  const steps: Step[] = Object.keys(modules).length ? [["modules", { modules: modules as unknown as Json }]] : [];
  for (const node of clip.nodes) {
    const id = taken.has(node.id) ? numbered(taken, node.id) : node.id;
    taken.add(id);
    names.set(node.id, id);
    steps.push(["add_node", { layer: called(node.layer), id, params: node.params }]);
  }
  for (const pair of clip.edges) {
    const end = ends(pair);
    steps.push(["connect", {
      source: names.get(end.source) ?? "", target: names.get(end.target) ?? "", source_port: end.sourcePort, target_port: end.targetPort,
    }]);
  }
  const places: Record<string, Point> = pinned(view, scene, view.graph);
  for (const [id, point] of Object.entries(clip.positions)) {
    const fresh = names.get(id);
    if (fresh) places[fresh] = { x: point.x + offset.x, y: point.y + offset.y };
  }
  steps.push(["move", { positions: places as unknown as Json }]);
  return { edit: { graph: view.graph, label: `paste ${clip.nodes.length} layers`, steps }, select: [...names.values()] };
}

const STEP = 40;

function clearOf(scene: Scene, corners: readonly Point[]): Point {
  const covers = (offset: Point) => corners.some(({ x, y }) => scene.items.some((item) =>
    x + offset.x < item.at.x + WIDTH && x + offset.x + WIDTH > item.at.x && y + offset.y < item.at.y + item.height && y + offset.y + HEIGHT > item.at.y));
  const offset = { x: STEP, y: STEP };
  for (let tries = 0; tries < 100 && covers(offset); tries += 1) offset.x += STEP;
  return offset;
}

/** The modules of the clipboard that are not here yet; one that is another thing here under that name gets a number. */
function brought(view: View, modules: Record<string, GraphSpec>): { fresh: Record<string, GraphSpec>; called: (layer: string) => string } {
  const fresh: Record<string, GraphSpec> = {};
  const names = new Map<string, string>();
  const called = (layer: string) => names.get(layer) ?? layer;
  for (const [name, raw] of Object.entries(modules)) {
    const inner = { nodes: raw.nodes.map((node) => ({ ...node, layer: called(node.layer) })), edges: raw.edges };
    const here = view.doc.modules[name];
    if (here && sameGraph(here, inner)) continue;
    const taken = new Set([...Object.keys(view.doc.modules), ...Object.keys(fresh)]);
    const free = here || view.faces(name) || taken.has(name) ? numbered(taken, name) : name;
    names.set(name, free);
    fresh[free] = inner;
  }
  return { fresh, called };
}

const sameGraph = (a: GraphSpec, b: GraphSpec): boolean =>
  JSON.stringify([a.nodes.map((node) => [node.id, node.layer, Object.entries(node.params).sort()]), a.edges])
  === JSON.stringify([b.nodes.map((node) => [node.id, node.layer, Object.entries(node.params).sort()]), b.edges]);

function numbered(taken: ReadonlySet<string>, id: string): string {
  const stem = id.replace(/\d+$/, "") || id;
  for (let number = 1; ; number += 1) if (!taken.has(`${stem}${number}`)) return `${stem}${number}`;
}
