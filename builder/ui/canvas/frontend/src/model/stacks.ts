// Which layers snap under the one before them. They stay nodes of their own; a stored position sets one apart.

import { ends } from "./graph";
import type { GraphSpec, LayerFace, Point } from "./types";

export const WIDTH = 228;
export const HEIGHT = 46;
export const LAMINA = 26;
export const SEAM = 2;

export type Faces = (layer: string) => LayerFace | undefined;

export interface Stack {
  head: string;
  members: string[];
}

export function stackHeight(members: number): number {
  return HEIGHT + (members - 1) * (LAMINA + SEAM);
}

export function isLamina(face: LayerFace | undefined): boolean {
  return !!face && (face.lamina || face.name === "Output");
}

/** The stacks of a graph in node order; `apart` are nodes that a person has placed by hand. */
export function stacksOf(
  graph: GraphSpec,
  faces: Faces,
  apart: Readonly<Record<string, Point>>,
  hidden: ReadonlySet<string> = new Set(),
): Stack[] {
  const into = new Map<string, string[]>();
  const out = new Map<string, string[]>();
  for (const pair of graph.edges) {
    const { source, target } = ends(pair);
    into.set(target, [...(into.get(target) ?? []), source]);
    out.set(source, [...(out.get(source) ?? []), target]);
  }
  const layer = new Map(graph.nodes.map((node) => [node.id, node.layer]));
  const below = new Map<string, string>();
  for (const node of graph.nodes) {
    const before = into.get(node.id) ?? [];
    const [previous] = before;
    if (before.length !== 1 || previous === undefined || previous === node.id) continue;
    if (hidden.has(node.id) || hidden.has(previous) || apart[node.id]) continue;
    if (!isLamina(faces(node.layer)) || out.get(previous)?.length !== 1) continue;
    const above = faces(layer.get(previous) ?? "");
    if (!above || above.module || above.name === "Input" || above.name === "Output") continue;
    below.set(previous, node.id);
  }
  const under = new Set(below.values());
  const stacks: Stack[] = [];
  const seen = new Set<string>();
  const grow = (head: string) => {
    const members: string[] = [];
    for (let id: string | undefined = head; id !== undefined && !seen.has(id); id = below.get(id)) {
      seen.add(id);
      members.push(id);
    }
    if (members.length) stacks.push({ head, members });
  };
  for (const node of graph.nodes) if (!under.has(node.id) && !hidden.has(node.id)) grow(node.id);
  for (const node of graph.nodes) if (!seen.has(node.id) && !hidden.has(node.id)) grow(node.id); // rings
  return stacks;
}
