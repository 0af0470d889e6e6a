// Copy and paste, also between tabs and projects: the clipboard holds JSON.

import type { Result } from "./actions";
import { ends, graphOf } from "./graph";
import { byGraph, home, pinned, takenIn } from "./lookup";
import type { Scene, View } from "./scene";
import type { EdgePair, Json, NodeSpec, Point, Step } from "./types";

export interface Clip {
  lamina: "nodes";
  nodes: NodeSpec[];
  edges: EdgePair[];
  positions: Record<string, Point>;
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
    positions: Object.fromEntries(items.filter((item) => item.head === item.key).map((item) => [item.node.id, home(item)])),
  };
}

const isName = (value: unknown): value is string => typeof value === "string" && /^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(value);
const isEnd = (value: unknown): boolean => typeof value === "string" && value.split(".").length <= 2 && value.split(".").every(isName);

/** What the clipboard holds, or null where it is not from Lamina. */
export function readClip(content: string): Clip | null {
  if (content.length > 2_000_000 || !content.includes('"lamina"')) return null;
  try {
    const clip = JSON.parse(content) as Partial<Clip>;
    const nodes = Array.isArray(clip.nodes) && clip.nodes.every((node) => isName(node?.id) && typeof node.layer === "string" && typeof node.params === "object");
    const edges = Array.isArray(clip.edges) && clip.edges.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isEnd));
    return clip.lamina === "nodes" && nodes && edges ? { ...(clip as Clip), positions: clip.positions ?? {} } : null;
  } catch {
    return null;
  }
}

export function paste(view: View, scene: Scene, clip: Clip, offset: Point = { x: 40, y: 40 }): Result {
  const taken = takenIn(view, view.graph);
  const names = new Map<string, string>();
  const steps: Step[] = [];
  for (const node of clip.nodes) {
    const id = taken.has(node.id) ? numbered(taken, node.id) : node.id;
    taken.add(id);
    names.set(node.id, id);
    steps.push(["add_node", { layer: node.layer, id, params: node.params }]);
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

function numbered(taken: ReadonlySet<string>, id: string): string {
  const stem = id.replace(/\d+$/, "") || id;
  for (let number = 1; ; number += 1) if (!taken.has(`${stem}${number}`)) return `${stem}${number}`;
}
