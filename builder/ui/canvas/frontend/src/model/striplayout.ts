// The network from left to right: stacks in columns by their depth, branches in rows below the trunk.

import { ends } from "./graph";
import { rounded } from "./route";
import { stacksOf, type Faces } from "./stacks";
import type { GraphSpec, Point } from "./types";

export interface StripSize {
  width: number;
  step: number;
  node: number;
  seam: number;
  row: number;
  left: number;
  top: number;
  radius: number;
}

export interface Placed {
  id: string;
  at: Point;
  place: "alone" | "top" | "middle" | "bottom";
}

export interface StripPlan {
  nodes: Placed[];
  edges: { key: string; d: string; tip: Point }[];
  width: number;
  height: number;
}

/** The least width of a node that shows a short name and its figure. */
const NARROW = 112;
/** Below it a node says less, and of a long name its end, which tells it from its neighbours. */
export const TIGHT = 150;
const WIDE = 190;
const GAPS = [36, 28, 20];

/** How wide a node and the gap beside it are, so that all columns are seen at once where they can be. */
export function pace(width: number, columns: number): { node: number; gap: number } {
  const room = (gap: number) => Math.floor((width - 32 - (columns - 1) * gap) / Math.max(1, columns));
  const gap = GAPS.find((one) => room(one) >= NARROW) ?? GAPS.at(-1)!;
  return { node: Math.max(NARROW, Math.min(WIDE, room(gap))), gap };
}

export function plan(graph: GraphSpec, faces: Faces, size: StripSize): StripPlan {
  const stacks = stacksOf(graph, faces, {});
  const headOf = new Map(stacks.flatMap((stack) => stack.members.map((id) => [id, stack.head] as const)));
  const links = new Map<string, { source: string; target: string }>();
  for (const pair of graph.edges) {
    const { source, target } = ends(pair);
    const [a, b] = [headOf.get(source), headOf.get(target)];
    if (a && b && a !== b) links.set(`${a}>${b}`, { source: a, target: b });
  }
  const list = [...links.values()];
  const column = depths(stacks.map((stack) => stack.head), list);
  const places = new Map<string, Point>();
  const heights = new Map(stacks.map((stack) => [stack.head, stack.members.length * size.node + (stack.members.length - 1) * size.seam]));
  const fill = new Map<number, number>();
  for (const stack of [...stacks].sort((a, b) => reach(b.head, list) - reach(a.head, list))) {
    const at = column.get(stack.head) ?? 0;
    const y = fill.get(at) ?? size.top;
    places.set(stack.head, { x: size.left + at * size.step, y });
    fill.set(at, y + heights.get(stack.head)! + size.row);
  }
  const nodes = stacks.flatMap((stack) =>
    stack.members.map((id, index): Placed => {
      const head = places.get(stack.head)!;
      const place = stack.members.length === 1 ? "alone" : index === 0 ? "top" : index === stack.members.length - 1 ? "bottom" : "middle";
      return { id, at: { x: head.x, y: head.y + index * (size.node + size.seam) }, place };
    }),
  );
  let bottom = Math.max(size.top + size.node, ...[...fill.values()].map((y) => y - size.row));
  const edges = list.map((link) => {
    const [from, to] = [places.get(link.source)!, places.get(link.target)!];
    const start: [number, number] = [from.x + size.width, from.y + size.node / 2];
    const tip = { x: to.x - 1, y: to.y + size.node / 2 };
    const [a, b] = [column.get(link.source) ?? 0, column.get(link.target) ?? 0];
    const gap = (size.step - size.width) / 2;
    const between = [...places].filter(([head]) => (column.get(head) ?? 0) > a && (column.get(head) ?? 0) < b);
    const blocked = between.filter(([head, at]) => at.y <= tip.y && at.y + heights.get(head)! >= tip.y);
    let d: string;
    if (b <= a + 1 || !blocked.length) {
      d = start[1] === tip.y ? rounded([start, [tip.x - 5, tip.y]])
        : b <= a + 1 ? rounded([start, [start[0] + gap, start[1]], [start[0] + gap, tip.y], [tip.x - 5, tip.y]], size.radius)
        : rounded([start, [start[0] + gap, start[1]], [start[0] + gap, tip.y], [tip.x - 5, tip.y]], size.radius);
    } else {
      const lane = Math.max(...between.map(([head, at]) => at.y + heights.get(head)!)) + size.row * 0.45;
      bottom = Math.max(bottom, lane);
      d = rounded([start, [start[0] + gap, start[1]], [start[0] + gap, lane], [tip.x - gap, lane], [tip.x - gap, tip.y], [tip.x - 5, tip.y]], size.radius);
    }
    return { key: `${link.source}>${link.target}`, d, tip };
  });
  const columns = Math.max(0, ...column.values()) + 1;
  return { nodes, edges, width: size.left * 2 + (columns - 1) * size.step + size.width, height: bottom + size.top };
}

/** The longest way from a start to each block; blocks on a circle stay where they were first seen. */
function depths(heads: readonly string[], links: readonly { source: string; target: string }[]): Map<string, number> {
  const depth = new Map(heads.map((head) => [head, 0]));
  for (let round = 0; round < heads.length; round += 1) {
    let moved = false;
    for (const link of links) {
      const next = depth.get(link.source)! + 1;
      if (next > depth.get(link.target)! && next < heads.length) {
        depth.set(link.target, next);
        moved = true;
      }
    }
    if (!moved) break;
  }
  return depth;
}

/** How much hangs on a block: the trunk goes first into each column. */
function reach(head: string, links: readonly { source: string; target: string }[]): number {
  return links.filter((link) => link.source === head || link.target === head).length;
}
